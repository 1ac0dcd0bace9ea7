"""The card of a task network: what it learned, how its weights are opened, and its figures."""

import json
from pathlib import Path

from torch import nn

from cardiov_core.domain import Document, InputContract, JsonObject, Sha256
from cardiov_core.errors import WeightsError
from cardiov_core.evaluation import TaskFigures
from cardiov_core.nets import build_net
from cardiov_core.training.recipes.labels import LossSettings
from cardiov_core.weights import checked_as, read_json, read_state

CARD_SUFFIX = ".task.json"
"""What the name of a task network's card ends with."""

HINT = "Train it with cardiov train."
"""What helps where there is none."""


class TaskEvaluation(Document):
    """How well a network does its task."""

    name: str  # the training's
    figures: TaskFigures  # with their interval
    figures_of: str  # on which records, in words

    def words(self) -> str:
        """Return the figures for a terminal."""
        figures, more = self.figures, self.figures.more
        main = f"{figures.name} {figures.value:.3f} ({figures.low:.3f} to {figures.high:.3f})"
        lines = [f"{self.name}: {main}, n = {figures.n}, {self.figures_of}"]
        lines += [f"  {name:<12} {json.dumps(value)}" for name, value in more.items() if not isinstance(value, dict)]
        areas, positive = more.get("auc"), more.get("positive")
        if isinstance(areas, dict) and isinstance(positive, dict):
            for name, area in areas.items():
                shown = "undefined" if area is None else f"{area:.3f}"
                lines.append(f"  AUC {name:<10} {shown}  ({positive[name]} records)")
        return "\n".join(lines)


class TaskRecipe(Document):
    """What a card repeats of the recipe, as far as it is read again."""

    folds: tuple[int, ...]  # PTB-XL folds that were trained on
    loss: LossSettings


class TaskCard(TaskEvaluation):
    """A task network's card."""

    task: str  # what was learned
    outputs: tuple[str, ...]  # their names
    net: str
    net_arguments: JsonObject  # what it is built with
    contract: InputContract  # what it is fed
    n_parameters: int  # how many it has
    sha256: Sha256  # of the weights file beside the card
    recipe: TaskRecipe  # how it was trained


def load_task_network(card: Path) -> tuple[nn.Module, TaskCard]:
    """Open a task network.

    Parameters
    ----------
    card : pathlib.Path
        Ends with `CARD_SUFFIX`.

    Returns
    -------
    net : torch.nn.Module
        In evaluation mode.
    stated : TaskCard
        The card.

    Raises
    ------
    WeightsError
        If a file is missing or damaged, or the card makes no sense.
    """
    stated = checked_as(TaskCard, read_json(card, HINT), card, HINT)
    try:
        net = build_net(stated.net, len(stated.contract.leads), len(stated.outputs), **stated.net_arguments)
        net.load_state_dict(read_state(card.with_suffix(".safetensors"), stated.sha256))
    except (KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(f"{card.name} and its weights do not fit each other: {error}.", HINT) from error
    return net.eval(), stated
