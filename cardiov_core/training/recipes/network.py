"""Recipes: everything that decides what a training does."""

from collections.abc import Mapping
from typing import Literal

from pydantic.dataclasses import dataclass

from cardiov_core.domain import InputContract, JsonObject, as_json_values
from cardiov_core.training.recipes.checks import KNOWN_FIELDS
from cardiov_core.training.recipes.labels import LossSettings
from cardiov_core.weights import OutputKind

Objective = Literal["cross_entropy", "ordinal", "rank_consistent", "regression", "measurements", "task"]
"""What a stage minimises."""

CRITICAL_VALUE = "critical-value"
"""The task of graders."""

OutputName = Literal["ordinal", "rank_consistent", "classification", "regression"]
"""What the network that comes out says of an ECG."""

OBJECTIVE_OF: Mapping[OutputName, Objective] = {
    "ordinal": "ordinal",
    "rank_consistent": "rank_consistent",
    "classification": "cross_entropy",
    "regression": "regression",
}
"""The objective that fits each output; the last stage must have it."""

KIND_OF: Mapping[OutputName, OutputKind] = {
    "ordinal": "exceedance",
    "rank_consistent": "rank_consistent",
    "classification": "classification",
    "regression": "regression",
}
"""What model cards call each output."""


@dataclass(frozen=True, config=KNOWN_FIELDS)
class Stage:
    """One stage of a training; the paper has two.

    Attributes
    ----------
    objective : str
        'cross_entropy' of four classes; 'ordinal', the mean of three binary cross-entropies (paper, Eqs. 4 and 5);
        'rank_consistent', CORN's; 'regression', the mean squared error of the level; 'measurements', the side head's
        loss alone, for pretraining; 'task', the recipe's loss on the labels of its task. In a file also 'output': the
        objective of the recipe's output.
    epochs : int
        Passes over the training records, at most.
    learning_rate : float
        Peak of the one-cycle schedule, or the rate that a plateau lowers.
    unfrozen : int
        Groups of layers that learn, counted from the output: 1 is the head alone; 0: all.
    rate_decay : float
        What the rate of each earlier group of layers is multiplied with, 0..1; 1: one rate for all (Howard and Ruder
        2018, arXiv:1801.06146).
    """

    objective: Objective
    epochs: int
    learning_rate: float
    unfrozen: int = 0
    rate_decay: float = 1.0


@dataclass(frozen=True, config=KNOWN_FIELDS)
class Augmentation:
    """Random changes to training windows; never used at inference."""

    crop_s: float = 8.0  # length of the random window in seconds; the whole input where it is as long
    lead_dropout: float = 0.1  # probability that a lead is zeroed
    scale: float = 0.1  # standard deviation of the log of a record's random gain
    noise_mv: float = 0.01  # standard deviation of white noise in mV
    mixup: float = 0.0  # alpha of the beta distribution that mixes pairs of records and their targets; 0 mixes none
    lead_scale: float = 0.0  # standard deviation of the log of a random gain a lead
    lead_scale_share: float = 0.0  # share of the records that get gains a lead, 0..1
    mixup_share: float = 1.0  # share of the batches that are mixed, 0..1
    # Longest stretch that is set to zero, in seconds, in all leads (Zhong et al. 2020, arXiv:1708.04896); 0: none.
    erase_s: float = 0.0
    shift_mv: float = 0.0  # standard deviation of an offset a lead in mV


@dataclass(frozen=True, config=KNOWN_FIELDS)
class Auxiliary:
    """A second dense layer that predicts numbers beside the level; thrown away at the end."""

    weight: float = 0.0  # of its loss beside the stage's own; 0 trains none


@dataclass(frozen=True, config=KNOWN_FIELDS)
class Distillation:
    """Learning from another grader's exceedances, on patients and on random hearts."""

    share: float = 0.0  # of the teacher in the targets of patients, 0..1
    # Recipe of the trees that teach; empty where nobody does. They never saw the patient whom they speak of.
    teacher: str = ""
    # Random hearts (`cardiov_core.datasets.varied`) beside the patients of each step. Of them only the teacher knows
    # anything.
    hearts_a_batch: int = 0
    hearts_until: float = 1.0  # share of each stage's epochs with random hearts, 0..1; after that, patients alone


@dataclass(frozen=True, config=KNOWN_FIELDS)
class Pretraining:
    """What the network learned before this training: to measure random hearts, or all that another network did."""

    hearts: int = 0  # how many there are, for pretraining and distillation; 0: none
    epochs: int = 0  # passes over them; 0 begins with random weights
    learning_rate: float = 0.003  # peak of the one-cycle schedule
    # Network whose weights it begins with, from a training of that name beside this one's folder; empty: none. What
    # that network learned from counts with its own out-of-fold predictions.
    start: str = ""


@dataclass(frozen=True, config=KNOWN_FIELDS)
class Validation:
    """Records that choose the checkpoint, lower the rate and stop a stage; no network learns from them."""

    folds: tuple[int, ...] = ()  # PTB-XL folds beside the training's
    # Instead of folds: one of the groups that are left when the cross-validation holds one out. The group held out is
    # never looked at.
    inner_group: bool = False
    patience: int = 0  # epochs without a better validation loss after which a stage stops; 0 never stops early
    # What is better: the stage's loss, or a challenge's score by the adaptive rule (Kang and Wen 2022, section 4.3).
    by: Literal["loss", "score"] = "loss"
    every: int = 1  # epochs from one look at these records to the next (Triology: 3)

    @property
    def used(self) -> bool:
        """Whether there are records to validate on."""
        return bool(self.folds) or self.inner_group


@dataclass(frozen=True, config=KNOWN_FIELDS)
class Plateau:
    """When the schedule 'plateau' lowers the rate."""

    factor: float = 0.3  # what the rate is multiplied with, between 0 and 1 (paper: 0.3)
    # Epochs without a better validation loss; the paper gives none, the authors' public scripts have 10.
    patience: int = 10


@dataclass(frozen=True, config=KNOWN_FIELDS)
class Recipe:
    """A training, whole.

    Attributes
    ----------
    name : str
        Name of the grader that comes out.
    title : str
        One line for people.
    net : str
        For `cardiov_core.nets.build_net`.
    net_arguments : mapping
        Passed on to it.
    contract : InputContract
        What the network is fed, in training and ever after.
    stages : tuple of Stage
        In their order.
    augmentation : Augmentation
        For training windows.
    batch_size : int
        Records a step.
    weight_decay : float
        Decoupled with AdamW, an L2 penalty with Adam.
    seed : int
        Of everything random.
    cv_groups : int
        Parts of the cross-validation; whole PTB-XL folds, so that no patient is in two of them. 0: none, and the
        figures are those of the validation folds.
    folds : tuple of int
        PTB-XL folds that are trained on; fold 10 stays untouched.
    output : {"ordinal", "rank_consistent", "classification", "regression"}
        What the network says: the paper's independent thresholds, conditional ones, four classes, or a number.
    optimiser : {"adamw", "adam", "adamw_amsgrad"}
        Adam is the paper's, AdamW's AMSGrad variant Revenger's (Reddi et al. 2018, arXiv:1904.09237).
    schedule : {"one_cycle", "plateau", "constant"}
        A plateau needs validation.
    plateau : Plateau
        For the schedule of that name.
    weight_normalisation : bool
        Salimans and Kingma 2016 (arXiv:1602.07868), on every convolution and dense layer; folded into plain weights at
        the end.
    validation : Validation
        What chooses the checkpoint.
    auxiliary : Auxiliary
        The side head.
    distillation : Distillation
        Who teaches beside the labels.
    pretraining : Pretraining
        What the network learns before.
    precision : {"float32", "bfloat16"}
        Of the forward pass in training; inference is always float32.
    compile : bool
        `torch.compile` where there is a GPU.
    recompute : bool
        Keep a block's input alone in training and compute the rest again on the way back: the same result, in less
        memory.
    task : str
        What is learned (`cardiov_core.datasets`); 'critical-value' makes a grader.
    loss : LossSettings
        Of the objective 'task'.
    undersampling : float
        Share of the records with nothing but a normal label that are left out of training, 0..1.
    sd_mv : tuple of float or None
        Standard deviation that each lead of a training record has, least and most, in mV as it is fed: records without
        a signal and noisy ones are left out. None leaves out none.
    max_epochs : int or None
        Cuts every stage, where a training was told to be shorter than its recipe.
    """

    name: str
    title: str
    net: str
    contract: InputContract
    stages: tuple[Stage, ...]
    augmentation: Augmentation
    net_arguments: Mapping[str, object]
    batch_size: int
    weight_decay: float
    seed: int
    cv_groups: int
    folds: tuple[int, ...]
    output: OutputName = "ordinal"
    optimiser: Literal["adamw", "adam", "adamw_amsgrad"] = "adamw"
    schedule: Literal["one_cycle", "plateau", "constant"] = "one_cycle"
    plateau: Plateau = Plateau()
    weight_normalisation: bool = False
    validation: Validation = Validation()
    auxiliary: Auxiliary = Auxiliary()
    distillation: Distillation = Distillation()
    pretraining: Pretraining = Pretraining()
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False
    recompute: bool = False
    task: str = CRITICAL_VALUE
    loss: LossSettings = LossSettings()
    undersampling: float = 0.0
    sd_mv: tuple[float, float] | None = None
    max_epochs: int | None = None

    @property
    def teaches(self) -> bool:
        """Whether anything but labels teaches the network: measurements, a teacher or random hearts."""
        return bool(self.auxiliary.weight or self.distillation.teacher or self.pretraining.hearts)

    @property
    def read_folds(self) -> tuple[int, ...]:
        """All PTB-XL folds that the training reads: those trained on and those validated on."""
        return tuple(sorted({*self.folds, *self.validation.folds}))

    def epochs_of(self, stage: Stage) -> int:
        """Return how many epochs a stage may take, after the cut where there is one."""
        return stage.epochs if self.max_epochs is None else min(stage.epochs, self.max_epochs)

    def as_dict(self) -> JsonObject:
        """Return the recipe as plain values, for the model card and checkpoints."""
        return as_json_values(self)
