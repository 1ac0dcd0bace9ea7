"""The curve of a training: its log as a picture, training and validation loss of each run and stage."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN, _ROW_HEIGHT_IN, _DPI = 10.0, 2.2, 100

Entry = Mapping[str, Any]


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

    runs = list(dict.fromkeys(entry["run"] for entry in entries))
    n_stages = 1 + max(entry["stage_index"] for entry in entries)
    figure = Figure(figsize=(_WIDTH_IN, 0.6 + _ROW_HEIGHT_IN * len(runs)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(runs), n_stages, squeeze=False)
    for row, run in enumerate(runs):
        for column in range(n_stages):
            own = [entry for entry in entries if entry["run"] == run and entry["stage_index"] == column]
            _draw(axes[row, column], run, own)
    partial = target.with_suffix(".partial")
    figure.savefig(partial, dpi=_DPI, format="png")
    partial.replace(target)


def read_log(log: Path) -> list[dict[str, Any]]:
    """Return the entries of a log in their order, one an epoch; what a resumed training did again counts once."""
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    epochs: dict[tuple[Any, ...], dict[str, Any]] = {}
    for line in lines:
        entry = _entry(line)
        if entry is not None:
            epochs[entry["run"], entry["stage_index"], entry["epoch"]] = entry
    return list(epochs.values())


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        # The last line before a kill may be cut off.
        return None
    return entry if isinstance(entry, dict) and "stage_index" in entry else None


def _draw(axes: "Axes", run: str, entries: list[dict[str, Any]]) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = [entry["epoch"] for entry in entries]
    # Markers: a stage of one epoch is a point, not a line.
    axes.plot(epochs, [entry["loss"] for entry in entries], marker=".", label="training")
    validated = [entry for entry in entries if "validation_loss" in entry]
    if validated:
        losses = [entry["validation_loss"] for entry in validated]
        axes.plot([entry["epoch"] for entry in validated], losses, marker=".", label="validation")
        best = min(validated, key=lambda entry: entry["validation_loss"])
        axes.axvline(best["epoch"], linestyle=":", color="grey", label=f"best: epoch {best['epoch']}")
    if entries:
        axes.set_title(f"{run}: {entries[0]['stage'].replace('_', ' ')}", fontsize="medium")
        axes.legend(fontsize="small")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
