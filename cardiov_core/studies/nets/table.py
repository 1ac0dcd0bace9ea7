"""The table of a comparison: figures with intervals from common draws of patients, and who is significantly worse."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from cardiov_core.domain import BoolArray, Float64Array
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation import Interval, counted_figure, counted_intervals, main_figure, second_figure
from cardiov_core.studies.nets.compare import ENSEMBLE, Comparison, NetOutputs
from cardiov_core.studies.nets.published import SOURCE, published_figure

COMPARISON_HEADS = (
    *("network", "parameters", "MFLOP", "training, records/s", "answering, records/s", "epochs", "loss still fell"),
    *("figure", "95 % interval", "less than the best (95 %)", "published"),
)
"""Heads of the columns of a comparison."""


@dataclass(frozen=True)
class NetRow:
    """One network's row."""

    net: str
    n_parameters: int  # with the task's outputs
    mflop: float  # million floating-point operations of one window of 2.5 s
    # Records a second of one thread; None of the ensemble.
    train_rate: float | None
    answer_rate: float | None
    epochs: tuple[int, int]  # fewest and most of the groups
    still_falling: int  # in how many groups the training loss still fell at the end
    # The task's figure with its interval.
    value: float
    low: float
    high: float
    # What it is behind the best single network, positive where it is worse.
    behind: float
    behind_low: float
    behind_high: float
    published: float | None  # the publication's figure
    # Of age and sex: the figure of records with NORM as their only diagnosis, and of the others.
    healthy: float | None = None
    non_healthy: float | None = None
    # Of age and sex: R2 or accuracy of all records, of those and of the others.
    second: tuple[float | None, float | None, float | None] = (None, None, None)

    @property
    def is_worse(self) -> bool:
        """Whether the interval of the difference to the best leaves no room for equality."""
        return self.behind_low > 0


@dataclass(frozen=True)
class ComparisonTable:
    """The table, with what it stands on.

    Attributes
    ----------
    task, figure : str
        What was learned, and the name of the figure.
    rows : tuple of NetRow
        The best figure first.
    n, n_patients, n_resamples : int
        Records, patients, and draws behind an interval.
    budget_s : float
        Seconds of one thread per network and group.
    n_healthy : int
        Of age and sex: records with NORM as their only diagnosis.
    """

    task: str
    figure: str
    rows: tuple[NetRow, ...]
    n: int
    n_patients: int
    n_resamples: int
    budget_s: float
    n_healthy: int = 0


def table_of(comparison: Comparison, n_resamples: int = 1000) -> ComparisonTable:
    """Return the table of a comparison.

    Parameters
    ----------
    comparison : Comparison
        What networks answered.
    n_resamples : int
        Draws of patients, common to all networks.
    """
    task, nets = comparison.task, comparison.nets
    sign = -1.0 if task.kind == "number" else 1.0
    values = [main_figure(task, comparison.targets, one.outputs) for one in nets]
    single = [index for index, one in enumerate(nets) if one.net != ENSEMBLE]
    best = max(single, key=lambda index: sign * values[index])
    counted = [counted_figure(task, comparison.targets, one.outputs) for one in nets]

    def with_differences(counts: Float64Array) -> Float64Array:
        figures = np.concatenate([figure(counts) for figure in counted])
        # Plus nothing: the best is not behind itself by -0.0 years.
        return np.concatenate([figures, sign * (figures[best] - figures) + 0.0])

    intervals = counted_intervals(
        with_differences,
        len(comparison.targets),
        groups=np.asarray(comparison.patients),
        n_resamples=n_resamples,
    )
    behind = [sign * (values[best] - value) + 0.0 for value in values]
    rows = []
    for index, (one, value) in enumerate(zip(nets, values, strict=True)):
        row = _row(one, task.name, value, intervals[index], behind[index], intervals[len(nets) + index])
        rows.append(_by_health(row, comparison, one.outputs))
    return ComparisonTable(
        task=task.name,
        figure="MAE in years" if task.kind == "number" else "macro AUC",
        rows=tuple(sorted(rows, key=lambda row: row.behind)),
        n=len(comparison.targets),
        n_patients=len(set(comparison.patients)),
        n_resamples=n_resamples,
        budget_s=comparison.budget.seconds,
        n_healthy=0 if comparison.healthy is None else int(comparison.healthy.sum()),
    )


def _by_health(row: NetRow, comparison: Comparison, outputs: Float64Array) -> NetRow:
    """Add the figures of healthy records and of the others, of age and sex (the benchmark's Tables III and IV)."""
    if comparison.healthy is None:
        return row
    task, targets = comparison.task, comparison.targets
    parts = comparison.healthy, ~comparison.healthy
    every: BoolArray = np.ones(len(targets), dtype=bool)
    of_all, of_healthy, of_others = (
        second_figure(task, targets[kept], outputs[kept]) if kept.any() else None for kept in (every, *parts)
    )
    healthy, others = (float(main_figure(task, targets[kept], outputs[kept])) if kept.any() else None for kept in parts)
    return replace(row, healthy=healthy, non_healthy=others, second=(of_all, of_healthy, of_others))


def _row(one: NetOutputs, task: str, value: float, interval: Interval, behind: float, difference: Interval) -> NetRow:
    epochs = [run.epochs for run in one.runs] or [0]
    return NetRow(
        net=one.net,
        n_parameters=one.n_parameters,
        mflop=one.flops / 1e6,
        train_rate=_mean([run.train_rate for run in one.runs]),
        answer_rate=_mean([run.answer_rate for run in one.runs]),
        epochs=(min(epochs), max(epochs)),
        still_falling=sum(run.still_falling for run in one.runs),
        value=value,
        low=float(interval.low),
        high=float(interval.high),
        behind=behind,
        behind_low=float(difference.low),
        behind_high=float(difference.high),
        published=published_figure(one.net, task),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def table_markdown(table: ComparisonTable) -> str:
    """Return the table as Markdown, with what it stands on below; networks not significantly worse are bold."""
    rows = [COMPARISON_HEADS, ("---",) * len(COMPARISON_HEADS), *(_marked(row) for row in table.rows)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    whom = f"{table.n} records of {table.n_patients} patients, out of fold in three groups of whole folds"
    notes = [
        "",
        f"{table.figure} on {whom}; {table.n_resamples} resamples by patient. Each network had {table.budget_s:g} "
        "seconds of one thread per group.",
        "",
        "Bold: not significantly worse than the best single network. Published: other records, eight times as many, "
        f"and a training of fifty epochs ({SOURCE}).",
    ]
    return "\n".join([*lines, *_health_lines(table), *notes]) + "\n"


def _health_lines(table: ComparisonTable) -> list[str]:
    if not table.n_healthy:
        return []
    second = "R2" if table.figure.startswith("MAE") else "accuracy"
    whom = ("all", f"healthy ({table.n_healthy})", f"others ({table.n - table.n_healthy})")
    heads = ("network", *whom, *(f"{second}, {part}" for part in ("all", "healthy", "others")))
    rows = [heads, ("---",) * len(heads)]
    for row in table.rows:
        values = (row.value, row.healthy, row.non_healthy, *row.second)
        rows.append((row.net, *("-" if value is None else f"{value:.3f}" for value in values)))
    return ["", *("| " + " | ".join(row) + " |" for row in rows)]


def comparison_rows(table: ComparisonTable) -> list[tuple[str, ...]]:
    """Return the cells of the rows, in the order of `COMPARISON_HEADS`."""
    return [_cells(row) for row in table.rows]


def _marked(row: NetRow) -> tuple[str, ...]:
    name, *cells = _cells(row)
    return (name if row.is_worse else f"**{name}**", *cells)


def _cells(row: NetRow) -> tuple[str, ...]:
    fewest, most = row.epochs
    epochs = "-" if most == 0 else str(most) if fewest == most else f"{fewest}-{most}"
    groups = "-" if most == 0 else f"{row.still_falling} of 3"
    return (
        row.net,
        f"{row.n_parameters:,}",
        f"{row.mflop:,.1f}",
        "-" if row.train_rate is None else f"{row.train_rate:,.0f}",
        "-" if row.answer_rate is None else f"{row.answer_rate:,.0f}",
        epochs,
        groups,
        f"{row.value:.3f}",
        f"{row.low:.3f}-{row.high:.3f}",
        f"{row.behind:.3f} ({row.behind_low:.3f} to {row.behind_high:.3f})",
        "" if row.published is None else f"{row.published:.3f}".removesuffix("0" if row.published > 1 else ""),
    )


def write_comparison(table: ComparisonTable, out: Path) -> None:
    """Write a table as ``TASK.csv``, ``TASK.md``, ``TASK.json`` and a figure ``TASK.png`` into a folder.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{table.task}.md").write_text(table_markdown(table), encoding="utf-8")
        (out / f"{table.task}.json").write_text(json.dumps(asdict(table), indent=1) + "\n", encoding="utf-8")
        with (out / f"{table.task}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = [_plain(row) for row in table.rows]
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        draw_comparison(table, out / f"{table.task}.png")
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error}.", "Name another folder for --out.") from error


def _plain(row: NetRow) -> dict[str, object]:
    cells = asdict(row) | {"epochs": "-".join(map(str, row.epochs))}
    del cells["second"]
    cells |= dict(zip(("second", "second_healthy", "second_non_healthy"), row.second, strict=True))
    return {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in cells.items()}


def draw_comparison(table: ComparisonTable, target: Path) -> None:
    """Draw each network's figure with its interval, and the published one beside it, as a PNG file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = list(reversed(table.rows))
    figure = Figure(figsize=(8.0, 1.2 + 0.32 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    values: Float64Array = np.array([row.value for row in rows])
    limits = np.array([[row.value - row.low, row.high - row.value] for row in rows]).T.clip(min=0.0)
    places = np.arange(len(rows))
    axes.errorbar(values, places, xerr=limits, fmt="o", capsize=3, label="here, out of fold, 95 % interval")
    known = [(row.published, place) for row, place in zip(rows, places, strict=True) if row.published is not None]
    if known:
        numbers, at = zip(*known, strict=True)
        axes.plot(numbers, at, "x", label="published, other and more records")
    axes.set_yticks(places, [f"{row.net} ({row.n_parameters / 1e6:.2f} M)" for row in rows])
    axes.set_xlabel(f"{table.figure}, task {table.task}, {table.n} records")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize="small", loc="lower right" if table.figure == "macro AUC" else "lower left")
    figure.savefig(target, dpi=100, format="png")
