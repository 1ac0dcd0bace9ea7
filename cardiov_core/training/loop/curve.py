"""The log of a training, and its curve: training and validation loss of each run and stage."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cardiov_core.domain import Document

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN, _ROW_HEIGHT_IN, _DPI = 10.0, 2.2, 100


class Epoch(Document):
    """What the log keeps of an epoch, in this order."""

    run: str  # 'group-1' ... or 'final'
    stage: str = ""  # what was learned
    # Which stage from 0, which of its epochs from 1, and how many it has at most.
    stage_index: int
    epoch: int
    epochs: int = 0
    processes: int | None = None  # where there were several
    # Mean over the batches, and the rate of the epoch.
    loss: float
    learning_rate: float = 0.0
    validation_loss: float | None = None  # where there was validation


Report = Callable[[Epoch], None]
"""What is called after each epoch."""


def draw_curve(log: Path, target: Path) -> None:
    """Draw the losses in a training's log: a row per run, a column per stage.

    Parameters
    ----------
    log : pathlib.Path
        ``log.jsonl``; where it is missing or empty, nothing is drawn.
    target : pathlib.Path
        A PNG file; an older one gives way.
    """
    entries = read_log(log)
    if not entries:
        return
    # Without pyplot: no state is shared with other threads, and no window is ever opened.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    runs = list(dict.fromkeys(entry.run for entry in entries))
    n_stages = 1 + max(entry.stage_index for entry in entries)
    figure = Figure(figsize=(_WIDTH_IN, 0.6 + _ROW_HEIGHT_IN * len(runs)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(runs), n_stages, squeeze=False)
    for row, run in enumerate(runs):
        for column in range(n_stages):
            own = [entry for entry in entries if entry.run == run and entry.stage_index == column]
            _draw(axes[row, column], run, own)
    partial = target.with_suffix(".partial")
    figure.savefig(partial, dpi=_DPI, format="png")
    partial.replace(target)


def read_log(log: Path) -> list[Epoch]:
    """Return the entries of a log in their order, one per epoch; what a resumed training did again counts once."""
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    epochs: dict[tuple[str, int, int], Epoch] = {}
    for line in lines:
        entry = _entry(line)
        if entry is not None:
            epochs[entry.run, entry.stage_index, entry.epoch] = entry
    return list(epochs.values())


def _entry(line: str) -> Epoch | None:
    try:
        return Epoch.model_validate_json(line)
    except ValidationError:
        # The last line before a kill may be cut off.
        return None


def _draw(axes: "Axes", run: str, entries: Sequence[Epoch]) -> None:
    from matplotlib.ticker import MaxNLocator

    # Markers: a stage of one epoch is a point, not a line.
    axes.plot([entry.epoch for entry in entries], [entry.loss for entry in entries], marker=".", label="training")
    validated = [(entry.validation_loss, entry.epoch) for entry in entries if entry.validation_loss is not None]
    if validated:
        losses, epochs = zip(*validated, strict=True)
        axes.plot(epochs, losses, marker=".", label="validation")
        _, best = min(validated)
        axes.axvline(best, linestyle=":", color="grey", label=f"best: epoch {best}")
    if entries:
        axes.set_title(f"{run}: {entries[0].stage.replace('_', ' ')}", fontsize="medium")
        axes.legend(fontsize="small")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
