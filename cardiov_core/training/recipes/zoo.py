"""Recipes of named networks on named tasks, by what each paper prints of its training."""

from dataclasses import replace

from cardiov_core.datasets import Task, task_of
from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.nets import CHANNELS_A_LEAD, net_info
from cardiov_core.training.recipes.labels import LossSettings
from cardiov_core.training.recipes.network import Augmentation, Recipe, Stage, Validation

_FOLDS = (1, 2, 3, 4, 5, 6, 7, 8, 9)
_GROUPS = 3
_STILL = {"lead_dropout": 0.0, "scale": 0.0, "noise_mv": 0.0}
_WINDOW_S = 2.5
_CHALLENGE_GROUPS = 5
"""Of the challenges' tasks: one group is held out, another, a fifth as in both papers, chooses the epoch."""
_SD_MV = (0.005, 2.0)
"""Triology's limits for records without a signal and noisy ones: the paper prints none."""
_AS_RECORDED = (0.5, 40.0)
"""A band that nothing is filtered by: contracts name one."""


def recipe_for(net: str, task: str, *, leads: tuple[str, ...] = STANDARD_LEADS, epochs: int | None = None) -> Recipe:
    """Return the recipe of a network on a task.

    Parameters
    ----------
    net : str
        One of `cardiov_core.nets.list_nets`.
    task : str
        One of `cardiov_core.datasets.all_tasks`.
    leads : tuple of str
        What the network is fed.
    epochs : int, optional
        Instead of the paper's.

    Raises
    ------
    ConfigurationError
        If there is no such network or task.
    """
    info, wanted = net_info(net), task_of(task)
    if "Triology" in info.paper:
        recipe = _triology(net, wanted)
    elif "Revenger" in info.paper:
        recipe = _revenger(net, wanted)
    else:
        recipe = benchmark_recipe(net, wanted)
    if leads != STANDARD_LEADS:
        name = f"{recipe.name}-{'-'.join(leads)}"
        recipe = replace(recipe, name=name, contract=replace(recipe.contract, leads=leads))
    if epochs is None:
        return recipe
    return replace(recipe, stages=tuple(replace(stage, epochs=epochs) for stage in recipe.stages))


def benchmark_recipe(net: str, task: Task) -> Recipe:
    """Return the benchmark's training: 100 Hz as recorded, random crops of 2.5 s, AdamW, one cycle, 50 epochs.

    The peak of the rate is 0.01, of recurrent and state-space networks 0.001. Test windows overlap by half and are
    joined by the highest probability, for age, sex and the critical value by the mean.
    """
    recurrent = net.startswith(("lstm", "gru", "s4"))
    rate_hz = 100.0
    window = round(_WINDOW_S * rate_hz)
    return Recipe(
        name=f"{net}-{task.name}",
        title=f"{net} on {task.title.lower()}, by the training of the PTB-XL benchmark",
        net=net,
        net_arguments={"windows": {"length": window, "step": window // 2, "join": join_of(task)}},
        contract=InputContract(STANDARD_LEADS, rate_hz, 1000, _AS_RECORDED, 3, "none", "none"),
        stages=(Stage("task", 50, 0.001 if recurrent else 0.01),),
        augmentation=Augmentation(crop_s=_WINDOW_S, **_STILL),
        batch_size=128,
        weight_decay=0.01,
        seed=1,
        cv_groups=_GROUPS,
        folds=_FOLDS,
        task=task.name,
        loss=LossSettings("mse" if task.kind == "number" else "bce"),
    )


def join_of(task: Task) -> str:
    """Return how the windows of a record are joined in a task."""
    if task.kind == "number":
        return "mean_value"
    return "mean" if task.kind == "levels" or task.name == "sex" else "max"


def _triology(net: str, task: Task) -> Recipe:
    """Return Triology's training; what it does not print is the number of epochs, and how strong noise and gaps are."""
    rate_hz = 80.0
    window = round(_WINDOW_S * rate_hz)
    switch = task.kind == "labels" and len(task.outputs) > 1
    join = "mean_value" if task.kind == "number" else "mean"
    base = benchmark_recipe(net, task)
    recipe = replace(
        base,
        title=f"{net} on {task.title.lower()}, by its own training",
        net_arguments={"windows": {"length": window, "step": window, "join": join}},
        contract=InputContract(STANDARD_LEADS, rate_hz, 800, (0.5, 30.0), 3, "lead_mean", "none"),
        stages=(Stage("task", 30, 0.0003),),
        augmentation=Augmentation(
            crop_s=10.0 if switch else _WINDOW_S,
            **(_STILL | {"noise_mv": 0.02}),
            erase_s=0.5,
            shift_mv=0.05,
        ),
        batch_size=64,
        weight_decay=0.0,
        optimiser="adam",
        loss=LossSettings("random_switch") if switch else base.loss,
        undersampling=0.3 if switch else 0.0,
        sd_mv=_SD_MV,
    )
    return _validated(recipe, task, Validation(inner_group=True, by="score", every=3))


def _revenger(net: str, task: Task) -> Recipe:
    """Return Revenger's training: 500 Hz, FIR band-pass and z-score, AdamW with AMSGrad, one cycle, asymmetric loss."""
    base = benchmark_recipe(net, task)
    labels = task.kind == "labels"
    recipe = replace(
        base,
        title=f"{net} on {task.title.lower()}, by the training of team Revenger",
        net_arguments={},
        contract=InputContract(STANDARD_LEADS, 500.0, 5000, (0.5, 60.0), 1000, "z_score", "fir"),
        stages=(Stage("task", 50, 0.002),),
        augmentation=Augmentation(crop_s=10.0, **_STILL, mixup=0.3, mixup_share=0.6),
        batch_size=64,
        optimiser="adamw_amsgrad",
        loss=LossSettings("asymmetric", label_smoothing=0.1) if labels else base.loss,
    )
    return _validated(recipe, task, Validation(inner_group=True, by="score", patience=8))


def _validated(recipe: Recipe, task: Task, validation: Validation) -> Recipe:
    """Let a challenge's own score choose the epoch, of the challenges' tasks."""
    return replace(recipe, validation=validation, cv_groups=_CHALLENGE_GROUPS) if task.source == "cinc" else recipe


def as_grader(recipe: Recipe) -> Recipe:
    """Return a recipe on the critical value as that of a grader: three thresholds and a whole model card."""
    stages = tuple(replace(stage, objective="ordinal") for stage in recipe.stages)
    return replace(recipe, name=recipe.net, stages=stages, loss=LossSettings(), undersampling=0.0)


def fine_tuned(recipe: Recipe, start: str) -> Recipe:
    """Return a recipe that begins with the weights of another training and a new head.

    First the head learns alone, then all layers, the earlier a group the slower (the benchmark's section III-C; Howard
    and Ruder 2018, arXiv:1801.06146). A lead-wise network of fewer leads takes over its part of the backbone of one
    of twelve (Kang and Wen 2022, section 3.3).

    Parameters
    ----------
    recipe : Recipe
        On the new task.
    start : str
        Name of the training whose weights it begins with, in a folder of that name beside this training's.
    """
    last = recipe.stages[-1]
    stages = (
        replace(last, unfrozen=1),
        replace(last, learning_rate=last.learning_rate / 10, rate_decay=0.3),
    )
    if recipe.net.startswith("branched_lw") and len(recipe.contract.leads) < len(STANDARD_LEADS):
        # The channels per lead of the network of twelve leads, whose backbone it may begin with.
        arguments = {**recipe.net_arguments, "channels_a_lead": CHANNELS_A_LEAD[len(STANDARD_LEADS)]}
        recipe = replace(recipe, net_arguments=arguments)
    return replace(recipe, stages=stages, pretraining=replace(recipe.pretraining, start=start))
