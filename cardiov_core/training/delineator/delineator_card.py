"""The delineator's card: what it was trained on, how far it was from the marks of unseen records, and its limits."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cardiov_core.datasets import Ludb
from cardiov_core.domain import JsonObject, WaveBoundaries
from cardiov_core.errors import TrainingError
from cardiov_core.evaluation import Waves, group_beats
from cardiov_core.nets import BOUNDARIES, DelineatorNet
from cardiov_core.signals import LeadBoundaries, average_beats, delineate_by_network
from cardiov_core.training.delineator.annotated_beats import nan_median, relative_marks
from cardiov_core.weights import DelineatorWeights

ARCHITECTURE: JsonObject = {
    "channels": [12, 16, 20, 24, 24],
    "kernels": [5, 5, 3, 3, 3],
    "global_channels": 16,
    "global_kernel": 7,
}
"""Arguments of `DelineatorNet` for the shipped weights."""

_INTERVALS = ("qrs_ms", "pr_ms", "qt_ms")
_RESAMPLES = 2000

Table = npt.NDArray[np.float64]


def build_delineator_card(
    ludb: Ludb,
    nets: Sequence[DelineatorNet],
    numbers: Sequence[Sequence[int]],
    fingerprints: Sequence[Sequence[str]],
    recipe: JsonObject,
) -> JsonObject:
    """Measure every record by the network that never saw it, and write down what came of it."""
    fold_of = {mark: fold for fold, marks in enumerate(fingerprints) for mark in marks}
    weights = DelineatorWeights(lambda: tuple(nets), fold_of)
    every = [number for fold in numbers for number in fold]
    return {
        "name": "delineator",
        "version": "1",
        "title": "Boundaries of P, QRS and T on the median beat, networks trained on LUDB",
        "architecture": dict(ARCHITECTURE),
        "input": {"rate_hz": 250, "samples": 320, "r_sample": 128, "units": "mV"},
        "folds": [
            {"records": [*held_out], "fingerprints": [*marks]}
            for held_out, marks in zip(numbers, fingerprints, strict=True)
        ],
        "training": {
            "data": "LUDB 1.0.1, the records named in folds; each network without those of its fold",
            "recipe": dict(recipe),
        },
        "metrics": cross_validated(ludb, weights, every),
        "limitations": [
            "Marks of one group of cardiologists, records of one device (Schiller AT-101, 500 Hz), ages 11 to 90.",
            "Global QRS follows LUDB's marks: second earliest onset, second latest offset over the leads.",
            "Few records without P wave, few paced, none with ventricular tachycardia, hardly any children.",
            "P waves far before the QRS are missed: in five of eight PTB-XL records with first-degree block.",
            "Not tested on: electrode faults, pre-excitation, complete AV block beyond LUDB's cases, exercise ECGs.",
        ],
        "licence": "Weights as the code. LUDB: Open Data Commons Attribution License 1.0.",
        "references": ["Kalyakulina et al. 2020, IEEE Access 8:186181, doi:10.1109/ACCESS.2020.3029211"],
    }


def cross_validated(ludb: Ludb, weights: DelineatorWeights, numbers: Sequence[int]) -> JsonObject:
    """Compare held-out delineations with the marks.

    Returns ``global`` and ``lead_II``: mean absolute error, its 95 % bootstrap interval over the records, bias and
    number of records of QRS, PR and QT in ms; ``boundaries_ms``: bias and standard deviation of the global boundaries;
    ``p_wave``: how many of the records with and without P waves were classified rightly.
    """
    found_rows: list[list[Table]] = [[], []]
    marked_rows: list[list[Table]] = [[], []]
    away = []
    for number in numbers:
        record = ludb.record(number)
        series = average_beats(record)
        delineation = None if series is None else delineate_by_network(series.median_beat, record, weights)
        if series is None or delineation is None or delineation.method != "held-out network":
            raise TrainingError(f"LUDB record {number} has no network that never saw it.", "Train again.")
        beats = group_beats(ludb.boundaries(number))
        found_rows[0].append(_measured(delineation.p, delineation.qrs, delineation.t))
        second = delineation.leads.get("II", LeadBoundaries())
        found_rows[1].append(_measured(second.p, second.qrs, second.t))
        marked_rows[0].append(_typical([beat.overall() for beat in beats]))
        marked_rows[1].append(_typical([beat.leads.get("II", {}) for beat in beats]))
        _, marked_s, _ = relative_marks(series.r_s[series.dominant], beats)
        away.append(found_rows[0][-1][:6] - 1000.0 * nan_median(marked_s))
    overall, second_lead = (np.stack(rows)[:, 6:] for rows in found_rows)
    marked, marked_second = (np.stack(rows)[:, 6:] for rows in marked_rows)
    return {
        "records": len(numbers),
        "global": _errors(overall - marked),
        "lead_II": _errors(second_lead - marked_second),
        "boundaries_ms": {
            name: {"bias": round(float(np.nanmean(column)), 1), "sd": round(float(np.nanstd(column, ddof=1)), 1)}
            for name, column in zip(BOUNDARIES, np.stack(away).T, strict=True)
        },
        "p_wave": _presence(np.isfinite(marked[:, 1]), np.isfinite(overall[:, 1])),
    }


def _presence(carried: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_]) -> JsonObject:
    return {
        "with": int(carried.sum()),
        "found": int((carried & predicted).sum()),
        "without": int((~carried).sum()),
        "none_found": int((~carried & ~predicted).sum()),
    }


def _measured(p: WaveBoundaries | None, qrs: WaveBoundaries | None, t: WaveBoundaries | None) -> Table:
    """Return six boundaries, then QRS, PR and QT, in ms; NaN where a wave is absent."""
    ends = [(np.nan, np.nan) if wave is None else (wave.onset_s, wave.offset_s) for wave in (p, qrs, t)]
    (p_on, p_off), (on, off), (t_on, t_off) = ends
    return 1000.0 * np.asarray([p_on, p_off, on, off, t_on, t_off, off - on, on - p_on, t_off - on])


def _typical(beats: Sequence[Waves]) -> Table:
    """Return the medians over the beats; only the intervals mean something, each beat has its own time."""
    return nan_median(np.stack([_measured(waves.get("p"), waves.get("qrs"), waves.get("t")) for waves in beats]))


def _errors(differences: Table) -> JsonObject:
    rng = np.random.default_rng(0)
    result: JsonObject = {}
    for name, column in zip(_INTERVALS, differences.T, strict=True):
        errors = column[np.isfinite(column)]
        means = np.abs(errors)[rng.integers(errors.size, size=(_RESAMPLES, errors.size))].mean(axis=1)
        result[name] = {
            "mae": round(float(np.abs(errors).mean()), 2),
            "mae_95": [round(float(end), 2) for end in np.percentile(means, [2.5, 97.5])],
            "bias": round(float(errors.mean()), 2),
            "records": int(errors.size),
        }
    return result
