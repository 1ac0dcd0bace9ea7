"""How surely a training record is known again: after small changes of its signal, and beside all other records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from cardiov_core.datasets import SAME_MARK, PtbXl, differing_bits, signal_mark
from cardiov_core.domain import EcgRecord, Float64Array
from cardiov_core.errors import DatasetError
from cardiov_core.filtering import resample

_DECIMATED = 5


@dataclass(frozen=True)
class ChangeRow:
    """Records of one change."""

    name: str  # what was changed
    n: int  # records, and those known again by their mark
    n_known: int
    median_bits: float  # bits of the mark that changed
    most_bits: int


@dataclass(frozen=True)
class RecognitionCheck:
    """What came of a check."""

    limit_bits: int  # two marks that differ in no more bits are those of one recording
    changes: tuple[ChangeRow, ...]  # one per change
    n_records: int  # whose marks were held against each other
    twins: tuple[tuple[int, int], ...]  # numbers of records whose samples are the same
    mistaken: tuple[tuple[int, int], ...]  # pairs of other records that would be taken for one
    nearest_bits: int  # the fewest bits in which two records that are no twins differ


def check_recognition(
    dataset: PtbXl, folds: Sequence[int], *, every: int = 1, progress: bool = False
) -> RecognitionCheck:
    """Change records as carts and formats do, and hold all marks against each other.

    Parameters
    ----------
    dataset : PtbXl
        The records, at 500 Hz.
    folds : sequence of int
        Which of them.
    every : int
        Change each so-manieth record; all are held against each other.
    progress : bool
        Show a progress bar on stderr.

    Raises
    ------
    DatasetError
        If fewer than two of the records have a mark.
    """
    marks: dict[int, str] = {}
    samples: dict[int, str] = {}
    bits: dict[str, list[int]] = {name: [] for name in CHANGES}
    for at, ecg_id in enumerate(tqdm(dataset.ecg_ids(folds), desc="Marks", disable=not progress)):
        record = dataset.record(ecg_id, sampling_rate_hz=500)
        mark = signal_mark(record)
        if mark is None:
            continue
        marks[ecg_id], samples[ecg_id] = mark, record.fingerprint
        if at % every == 0:
            for name, change in CHANGES.items():
                changed = signal_mark(change(record))
                bits[name].append(len(mark) * 4 if changed is None else int(differing_bits(mark, [changed])[0]))
    if len(marks) < 2:
        raise DatasetError(
            f"{len(marks)} record has a mark; two are needed.", "Name a folder of PTB-XL with more records."
        )
    twins, mistaken, nearest = _pairs(marks, samples)
    return RecognitionCheck(
        SAME_MARK, tuple(_row(name, of) for name, of in bits.items()), len(marks), twins, mistaken, nearest
    )


def _row(name: str, bits: Sequence[int]) -> ChangeRow:
    known = sum(one <= SAME_MARK for one in bits)
    return ChangeRow(name, len(bits), known, float(np.median(bits)), max(bits))


def _pairs(
    marks: Mapping[int, str], samples: Mapping[int, str]
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...], int]:
    """Return twins, pairs that would be mistaken for one recording, and the least distance of others."""
    ids, texts = list(marks), tuple(marks.values())
    twins: list[tuple[int, int]] = []
    mistaken: list[tuple[int, int]] = []
    nearest = len(texts[0]) * 4
    for at, ecg_id in enumerate(ids[:-1]):
        for other, bits in zip(ids[at + 1 :], differing_bits(texts[at], texts)[at + 1 :].tolist(), strict=True):
            if samples[ecg_id] == samples[other]:
                twins.append((ecg_id, other))
                continue
            nearest = min(nearest, bits)
            if bits <= SAME_MARK:
                mistaken.append((ecg_id, other))
    return tuple(twins), tuple(mistaken), nearest


def _of_signal(change: Callable[[Float64Array], Float64Array]) -> Callable[[EcgRecord], EcgRecord]:
    return lambda record: replace(record, signal=change(record.signal.astype(np.float64)).astype(np.float32))


def _rounded(step_mv: float) -> Callable[[EcgRecord], EcgRecord]:
    return _of_signal(lambda signal: np.round(signal / step_mv) * step_mv)


def _one_microvolt_off(signal: Float64Array) -> Float64Array:
    steps = np.random.default_rng(0).choice([-0.001, 0.0, 0.001], signal.shape)
    return np.asarray(signal + steps, dtype=np.float64)


def _at(rate_hz: float) -> Callable[[EcgRecord], EcgRecord]:
    return lambda record: replace(
        record,
        signal=resample(record.signal, record.sampling_rate, rate_hz).astype(np.float32),
        sampling_rate=rate_hz,
    )


def _decimated(record: EcgRecord) -> EcgRecord:
    rate_hz = record.sampling_rate / _DECIMATED
    return replace(record, signal=record.signal[:, ::_DECIMATED].copy(), sampling_rate=rate_hz)


def _computed_limb_leads(record: EcgRecord) -> EcgRecord:
    """Return III, aVR, aVL and aVF as a cart computes them from I and II (Einthoven, Goldberger)."""
    signal = record.signal.copy()
    one, two = record.lead("I"), record.lead("II")
    for lead, values in (
        ("III", two - one), ("aVR", -(one + two) / 2), ("aVL", one - two / 2), ("aVF", two - one / 2),
    ):  # fmt: skip
        signal[record.leads.index(lead)] = values
    return replace(record, signal=signal)


CHANGES: Mapping[str, Callable[[EcgRecord], EcgRecord]] = {
    "samples off by 1 uV": _of_signal(_one_microvolt_off),
    "rounded to 2.5 uV": _rounded(0.0025),
    "rounded to 5 uV": _rounded(0.005),
    "a fifth of the gain": _of_signal(lambda signal: signal / 5),
    "computed limb leads": _computed_limb_leads,
    "100 Hz": _at(100.0),
    "250 Hz": _at(250.0),
    "1000 Hz": _at(1000.0),
    "every fifth sample, no filter": _decimated,
}
"""What carts and formats do to a recording."""
