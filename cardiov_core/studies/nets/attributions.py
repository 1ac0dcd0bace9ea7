"""Whether attributions lie where the ECG shows what it is: on premature beats and at pacemaker spikes (Fig. 7).

Three ways of the benchmark's section IV-D, on a grader or on a network of statements. Beside the share of an
attribution that lies there stand the share of time and that of the record's own amplitude: all three ways multiply by
the record or by what it moved, so that a high wave draws them whatever the network learned.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import BoolArray, Float64Array, FloatArray, InputContract, Measurements
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation import bootstrap_intervals
from cardiov_core.inference import guided_grad_cam, integrated_gradients, layer_relevance
from cardiov_core.preprocessing import prepare
from cardiov_core.signals import KeptExaminations
from cardiov_core.training import load_task_network
from cardiov_core.weights import load_network

WAYS: Mapping[str, Callable[[nn.Module, torch.Tensor, int], Float64Array]] = {
    "integrated gradients": integrated_gradients,
    "guided Grad-CAM": guided_grad_cam,
    "relevance (epsilon rule)": layer_relevance,
}
"""Name -> function of network, record and output."""

TASK_CARD = ".task.json"
_FOLDS = tuple(range(1, 10))
_AROUND_SPIKE_S = (-0.03, 0.05)
_T_WAVE_S = 0.4
"""A premature beat reaches to the end of its T wave, and so long behind R where that was not found."""


@dataclass(frozen=True, eq=False)
class Attributed:
    """One record."""

    ecg_id: int
    patient_id: str
    values: FloatArray  # float32 ``(leads, samples)``, what the network was fed
    there: BoolArray  # bool ``(samples,)``: where the record shows what it is
    output: str  # what of the network is explained
    maps: Mapping[str, Float64Array]  # way -> float64 ``(leads, samples)``


@dataclass(frozen=True)
class AttributionRow:
    """One way on the records with one statement; shares with 95 % intervals by patient."""

    statement: str  # PVC or PACE
    way: str  # how it was attributed
    n: int  # records in which the place was measured
    time: float  # mean share of the samples that lie there
    amplitude: float  # mean share of the record's absolute amplitude that lies there
    share: float  # mean share of the absolute attribution that lies there
    low: float
    high: float
    beyond: float  # that less the share of the amplitude
    beyond_low: float
    beyond_high: float


@dataclass(frozen=True, eq=False)
class AttributionCheck:
    """All ways and statements."""

    model: str  # the network's name
    leads: tuple[str, ...]  # what it is fed
    rate_hz: float  # samples a second of that
    rows: tuple[AttributionRow, ...]  # by statement and way
    examples: Mapping[str, Attributed]  # statement -> its first record


def check_attributions(
    dataset: PtbXl,
    model: str,
    *,
    most: int = 60,
    n_resamples: int = 1000,
    kept: KeptExaminations | None = None,
) -> AttributionCheck:
    """Attribute a network's outputs on records with PVC and with PACE.

    Parameters
    ----------
    dataset : PtbXl
        A whole tree.
    model : str
        A grader's name or card, or the card of a network of statements; one of convolutions and ReLUs.
    most : int
        Records of a statement, the first by their number.
    n_resamples : int
        Behind the intervals.
    kept : KeptExaminations, optional
        Where measurements are kept.

    Raises
    ------
    ConfigurationError
        If no record shows where it is what it is.
    ExplanationError
        If relevance does not go through the network.
    """
    name, net, contract, outputs = _opened(model)
    examinations = kept or KeptExaminations()
    rows: list[AttributionRow] = []
    examples = {}
    for statement, place in PLACES.items():
        attributed = list(_attributed(dataset, statement, place, net, contract, outputs, most, examinations))
        if not attributed:
            raise ConfigurationError(
                f"No record with {statement} shows where it is paced or early.", "Give a larger PTB-XL tree."
            )
        examples[statement] = attributed[0]
        rows += [_row(statement, way, attributed, n_resamples) for way in WAYS]
    return AttributionCheck(name, contract.leads, contract.sampling_rate_hz, tuple(rows), examples)


def _opened(model: str) -> tuple[str, nn.Module, InputContract, tuple[str, ...]]:
    """Return a network with its name, contract and the names of its outputs; none of a grader."""
    if model.endswith(TASK_CARD):
        net, stated = load_task_network(Path(model))
        return stated.name, net, stated.contract, stated.outputs
    grader, card = load_network(model)
    return card.stated.name, grader, card.contract, ()


def _attributed(
    dataset: PtbXl,
    statement: str,
    place: Callable[[Measurements], Sequence[tuple[float, float]]],
    net: nn.Module,
    contract: InputContract,
    outputs: tuple[str, ...],
    most: int,
    kept: KeptExaminations,
) -> Iterator[Attributed]:
    n_found = 0
    for ecg_id in dataset.ecg_ids(_FOLDS):
        if n_found == most:
            return
        if statement not in dataset.scp_codes(ecg_id):
            continue
        examination = next(kept.of([dataset.record(ecg_id)]))
        stretches = place(examination.measurements) if examination.measurements.beats else ()
        prepared = prepare(examination.record, contract)
        times = (
            prepared.window.start_s + (np.arange(contract.n_samples) - prepared.pad_left) / contract.sampling_rate_hz
        )
        there = np.zeros(contract.n_samples, dtype=bool)
        for begin, end in stretches:
            there |= (times >= begin) & (times <= end)
        if not there.any():
            continue
        values = torch.from_numpy(prepared.values)
        output, stated = _output(net, values, outputs, statement)
        maps = {way: attribute(net, values, output) for way, attribute in WAYS.items()}
        n_found += 1
        yield Attributed(ecg_id, str(dataset.person(ecg_id).patient_id), prepared.values, there, stated, maps)


def _output(net: nn.Module, values: torch.Tensor, outputs: tuple[str, ...], statement: str) -> tuple[int, str]:
    """Return the statement's output; of a grader the highest threshold that it passes, or the lowest there is."""
    if outputs:
        return outputs.index(statement), statement
    with torch.inference_mode():
        logits = net(values.unsqueeze(0))[0]
    passed = int((logits > 0).sum())
    output = max(passed - 1, 0)
    return output, ("above no risk", "above low risk", "above medium risk")[output]


def _premature(measured: Measurements) -> tuple[tuple[float, float], ...]:
    """Return where beats of another shape lie, from the beginning of QRS to the end of T."""
    return tuple(
        (
            beat.r_s - 0.06 if beat.qrs is None else beat.qrs.onset_s,
            beat.r_s + _T_WAVE_S if beat.t is None else beat.t.offset_s,
        )
        for beat in measured.beats
        if not beat.dominant
    )


def _spikes(measured: Measurements) -> tuple[tuple[float, float], ...]:
    before, after = _AROUND_SPIKE_S
    return tuple((time + before, time + after) for time in measured.pacing_spikes_s)


PLACES: Mapping[str, Callable[[Measurements], Sequence[tuple[float, float]]]] = {"PVC": _premature, "PACE": _spikes}
"""Statement -> where a record shows it, in seconds, as it was measured."""


def _row(statement: str, way: str, attributed: Sequence[Attributed], n_resamples: int) -> AttributionRow:
    shares = np.array([_share(np.abs(one.maps[way]), one.there) for one in attributed])
    amplitude = np.array([_share(np.abs(one.values), one.there) for one in attributed])
    time = float(np.mean([one.there.mean() for one in attributed]))

    def means(own: Float64Array, of_amplitude: Float64Array) -> Float64Array:
        return np.array([own.mean(), (own - of_amplitude).mean()])

    patients = np.array([one.patient_id for one in attributed])
    share, beyond = bootstrap_intervals(means, shares, amplitude, groups=patients, n_resamples=n_resamples)
    mean, difference = map(float, means(shares, amplitude))
    limits = (share.low, share.high, difference, beyond.low, beyond.high)
    return AttributionRow(
        statement, way, len(attributed), time, float(amplitude.mean()), mean, *(float(limit) for limit in limits)
    )


def _share(weights: Float64Array | FloatArray, there: BoolArray) -> float:
    whole = float(weights.sum())
    return float(weights[:, there].sum()) / whole if whole > 0 else 0.0


def attributions_text(check: AttributionCheck) -> str:
    """Return the shares as Markdown."""
    lines = [
        "| statement | way | records | of time | of amplitude | of attribution (95 %) | beyond amplitude (95 %) |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in check.rows:
        share = f"{row.share:.3f} ({row.low:.3f} to {row.high:.3f})"
        beyond = f"{row.beyond:+.3f} ({row.beyond_low:+.3f} to {row.beyond_high:+.3f})"
        cells = (row.statement, row.way, row.n, f"{row.time:.3f}", f"{row.amplitude:.3f}", share, beyond)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _most_attributed(one: Attributed) -> int:
    """Return the lead that all ways together attribute most, each way counting the same."""
    by_way = [np.abs(own).sum(axis=1) for own in one.maps.values()]
    return int(np.sum([own / max(float(own.sum()), 1e-30) for own in by_way], axis=0).argmax())


def draw_attributions(check: AttributionCheck, target: Path) -> None:
    """Draw the first record of each statement, one row a way, in the lead that is attributed most, as a PNG file.

    Raises
    ------
    ConfigurationError
        If the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 1.9 * len(WAYS)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(WAYS), len(check.examples), sharex=True, squeeze=False)
    for column, (statement, one) in enumerate(check.examples.items()):
        times = np.arange(one.values.shape[1]) / check.rate_hz
        lead = _most_attributed(one)
        for row, (way, attribution) in enumerate(one.maps.items()):
            own = axes[row, column]
            weights = attribution[lead]
            most = float(np.abs(weights).max()) or 1.0
            own.fill_between(times, 0, 1, where=one.there, transform=own.get_xaxis_transform(), color="0.9", step="mid")
            own.plot(times, one.values[lead], color="0.55", linewidth=0.7)
            own.scatter(times, one.values[lead], c=weights, s=5, cmap="coolwarm", vmin=-most, vmax=most, zorder=3)
            own.set_ylabel("mV")
            own.set_title(f"{statement}, {one.output}: {way}, lead {check.leads[lead]}", fontsize="small")
    for own in axes[-1]:
        own.set_xlabel("s")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target, dpi=100, format="png")
    except OSError as error:
        raise ConfigurationError(f"{target} cannot be written: {error}.", "Name another folder for --out.") from error
