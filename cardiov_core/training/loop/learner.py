"""A network on its way: weights, side head, optimiser, schedule and progress, and how all that is kept and restored."""

import copy
from collections.abc import Mapping
from typing import NamedTuple, TypedDict, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import weight_norm

from cardiov_core.errors import TrainingError
from cardiov_core.nets import build_net
from cardiov_core.training.loop import processes as group
from cardiov_core.training.loop.label_losses import class_weights
from cardiov_core.training.loop.layer_groups import rated_parameters
from cardiov_core.training.loop.losses import N_OUTPUTS
from cardiov_core.training.loop.windows import TrainingData
from cardiov_core.training.recipes.labels import WEIGHTED
from cardiov_core.training.recipes.network import Recipe, Stage

_ONE_CYCLE_WARM_UP = 0.25
_N_CLASSES = 4
_SIDE = "side."


def device() -> torch.device:
    """Return where trainings run: a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class TwoHeads(nn.Module):
    """A network and, beside its dense layer, a second one on the same pooled features."""

    def __init__(self, net: nn.Module, side: nn.Linear | None) -> None:
        super().__init__()
        self.net = net
        self.side = side

    def forward(self, x: Tensor, person: Tensor | None = None, segments: bool = False) -> tuple[Tensor, Tensor | None]:
        """Return logits, those of each segment where asked for, and the side head's numbers or None."""
        if segments:
            return self.net.segment_logits(x, person), None  # type: ignore[operator]
        if self.side is None:
            return (self.net(x) if person is None else self.net(x, person)), None
        features = self.net.features(x)  # type: ignore[operator]
        return self.net.get_submodule("dense")(features), self.side(features)


class Best(NamedTuple):
    """The best epoch of a stage by its validation loss."""

    loss: float
    epoch: int
    weights: dict[str, Tensor]


class BestState(TypedDict):
    """`Best` as a checkpoint keeps it."""

    loss: float
    epoch: int
    weights: dict[str, Tensor]


class LearnerState(TypedDict):
    """What a checkpoint keeps of a `Learner`; generators' states are tensors, ``(processes, ...)`` of several."""

    stage: int
    epoch: int
    model: dict[str, Tensor]
    best: BestState | None
    optimiser: dict[str, object]
    schedule: dict[str, object]
    generator: Tensor
    changing: Tensor
    rng: Tensor


class Learner:
    """What a training changes from step to step.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    data : TrainingData
        Tells how many steps there are and how many numbers the side head predicts.
    seed : int
        Of heads, batches and augmentation.
    start : mapping of str to torch.Tensor or None
        Weights to begin with instead of random ones; a dense layer or a side head (``side.weight``, ``side.bias``) of
        another size is left out.
    """

    def __init__(self, recipe: Recipe, data: TrainingData, seed: int, start: Mapping[str, Tensor] | None) -> None:
        self.recipe = recipe
        self.generator = torch.Generator().manual_seed(seed)
        net = build_net(recipe.net, len(recipe.contract.leads), _N_CLASSES, **recipe.net_arguments)
        if recipe.recompute:
            net.recompute = True  # type: ignore[assignment]
        if start is not None:
            _begin_with(net, start)
        if recipe.weight_normalisation:
            _normalise(net)
        self.model = TwoHeads(net, self._side_head(net, data, start or {})).to(device())
        self._steps_an_epoch = len(data) // recipe.batch_size
        self._n_targets = None if data.targets is None else data.targets.shape[1]
        self.class_weights: Tensor | None = None
        if data.targets is not None and recipe.loss.name in WEIGHTED:
            self.class_weights = class_weights(data.targets).to(device())
        self.changing = group.own_generator(self.generator, seed)
        self.stage_index, self.epoch, self.best = -1, -1, None

    trained: nn.Module
    stage_index: int
    epoch: int
    best: Best | None
    optimiser: torch.optim.Optimizer
    one_cycle: torch.optim.lr_scheduler.OneCycleLR | None
    plateau: torch.optim.lr_scheduler.ReduceLROnPlateau | None

    @property
    def stage(self) -> Stage:
        """The stage that has begun."""
        return self.recipe.stages[self.stage_index]

    @property
    def stage_is_over(self) -> bool:
        """Whether the stage has had its epochs or has not got better for as long as the recipe waits."""
        patience = self.recipe.validation.patience
        waited = self.best is not None and patience > 0 and self.epoch - self.best.epoch >= patience
        return waited or self.epoch + 1 >= self.recipe.epochs_of(self.stage)

    @property
    def stage_share(self) -> float:
        """Share of the stage's epochs that are behind, 0..1."""
        return (self.epoch + 1) / self.recipe.epochs_of(self.stage)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(self.optimiser.param_groups[-1]["lr"])

    def begin(self, stage_index: int) -> None:
        """Fit the dense layer to a stage and give it an optimiser and a schedule of its own."""
        self.stage_index, self.epoch, self.best = stage_index, -1, None
        recipe, stage = self.recipe, self.stage
        self._fit_dense(self._n_targets if stage.objective == "task" else N_OUTPUTS.get(stage.objective))
        self.trained = group.together(self.model)
        if recipe.compile and device().type == "cuda":
            self.trained = cast(nn.Module, torch.compile(self.trained))
        kind = torch.optim.Adam if recipe.optimiser == "adam" else torch.optim.AdamW
        # Fused: a quarter of the time of the optimiser's own steps on a processor, the same but for rounding.
        self.optimiser = kind(
            rated_parameters(self.model, stage),
            lr=stage.learning_rate,
            weight_decay=recipe.weight_decay,
            amsgrad=recipe.optimiser == "adamw_amsgrad",
            fused=True,
        )
        self.one_cycle, self.plateau = None, None
        if recipe.schedule == "plateau":
            self.plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
                self.optimiser, factor=recipe.plateau.factor, patience=recipe.plateau.patience
            )
        elif recipe.schedule == "one_cycle":
            total_steps = recipe.epochs_of(stage) * self._steps_an_epoch
            self.one_cycle = torch.optim.lr_scheduler.OneCycleLR(
                self.optimiser,
                max_lr=[float(rated["lr"]) for rated in self.optimiser.param_groups],
                total_steps=total_steps,
                # A rise of exactly one step would divide by zero in PyTorch.
                pct_start=_ONE_CYCLE_WARM_UP if total_steps * _ONE_CYCLE_WARM_UP != 1 else 2 * _ONE_CYCLE_WARM_UP,
            )

    def end_epoch(self, validation_loss: float | None) -> None:
        """Count an epoch; remember its weights where its validation loss is the lowest, lower the rate on a plateau."""
        self.epoch += 1
        if validation_loss is None:
            return
        if self.best is None or validation_loss < self.best.loss:
            self.best = Best(validation_loss, self.epoch, copy.deepcopy(self.model.state_dict()))
        if self.plateau is not None:
            self.plateau.step(validation_loss)

    def end_stage(self) -> None:
        """Go back to the best epoch where validation has chosen one."""
        if self.best is not None:
            self.model.load_state_dict(self.best.weights)

    def finished(self) -> nn.Module:
        """Return the network alone, with plain weights, in evaluation mode on the CPU."""
        net = self.model.net
        for module in net.modules():
            if parametrize.is_parametrized(module, "weight"):
                parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
        return net.eval().cpu()

    def state(self) -> LearnerState:
        """Return all that an exact resume needs, as tensors and plain values."""
        schedule, best = self.one_cycle if self.plateau is None else self.plateau, self.best
        return {
            "stage": self.stage_index,
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "best": None if best is None else {"loss": best.loss, "epoch": best.epoch, "weights": best.weights},
            "optimiser": self.optimiser.state_dict(),
            "schedule": {} if schedule is None else schedule.state_dict(),
            "generator": self.generator.get_state(),
            "changing": group.stacked(self.changing.get_state()),
            "rng": group.stacked(torch.get_rng_state()),
        }

    def restore(self, state: LearnerState) -> None:
        """Take up what `state` returned, within a stage that has begun."""
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        self.best = None if state["best"] is None else Best(**state["best"])
        self.optimiser.load_state_dict(state["optimiser"])
        for schedule in (self.one_cycle, self.plateau):
            if schedule is not None:
                schedule.load_state_dict(state["schedule"])
        self.generator.set_state(state["generator"])
        if group.size() > 1:
            self.changing.set_state(group.own_of(state["changing"]))
        torch.set_rng_state(group.own_of(state["rng"]))

    def _side_head(self, net: nn.Module, data: TrainingData, start: Mapping[str, Tensor]) -> nn.Linear | None:
        asked = self.recipe.auxiliary.weight > 0 or any(s.objective == "measurements" for s in self.recipe.stages)
        if data.side is None or not asked:
            return None
        side = self._linear(_dense(net).in_features, data.side.shape[1])
        known = {key.removeprefix(_SIDE): value for key, value in start.items() if key.startswith(_SIDE)}
        if known and known["weight"].shape == side.weight.shape:
            side.load_state_dict(known)
        return side

    def _fit_dense(self, n_outputs: int | None) -> None:
        """Replace the dense layer where its number of logits is not the stage's."""
        net = self.model.net
        dense = _dense(net)
        if n_outputs is None or dense.out_features == n_outputs:
            return
        fresh = self._linear(dense.in_features, n_outputs)
        net.dense = (weight_norm(fresh) if self.recipe.weight_normalisation else fresh).to(device())

    def _linear(self, n_inputs: int, n_outputs: int) -> nn.Linear:
        """Make a dense layer whose weights come from this training's own generator."""
        fresh = nn.Linear(n_inputs, n_outputs)
        bound = n_inputs**-0.5
        with torch.no_grad():
            fresh.weight.uniform_(-bound, bound, generator=self.generator)
            fresh.bias.zero_()
        return fresh


def _dense(net: nn.Module) -> nn.Linear:
    dense = net.get_submodule("dense")
    if not isinstance(dense, nn.Linear):
        raise TrainingError(
            f"The network {type(net).__name__} does not end in one dense layer.", "Choose one of cardiov_core.nets."
        )
    return dense


def _normalise(net: nn.Module) -> None:
    for module in list(net.modules()):
        if isinstance(module, nn.Conv1d | nn.Linear):
            weight_norm(module)


def _begin_with(net: nn.Module, start: Mapping[str, Tensor]) -> None:
    own = net.state_dict()
    taken = {
        key: value
        for key, value in start.items()
        if not key.startswith(_SIDE) and (not key.startswith("dense.") or own[key].shape == value.shape)
    }
    absent = {key for key in own if key not in taken and not key.startswith("dense.")}
    wrong = {key for key, value in taken.items() if key not in own or own[key].shape != value.shape}
    if absent or wrong:
        raise TrainingError(
            f"The weights to begin with do not fit the network: {', '.join(sorted(absent | wrong)[:3])}.",
            "Pretrain the network of the same recipe.",
        )
    net.load_state_dict(taken, strict=False)
