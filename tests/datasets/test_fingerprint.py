"""A recording is known again after what carts and formats do to it, and another one is not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cardiov_core.datasets.fingerprint import SAME_MARK, differing_bits, signal_mark
from cardiov_core.datasets.varied import varied_record
from cardiov_core.domain import EcgRecord
from cardiov_core.filtering import resample

Change = Callable[[EcgRecord], EcgRecord]


def _signal(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda record: replace(record, signal=change(record.signal.astype(np.float64)).astype(np.float32))


def _at(rate: float) -> Change:
    return lambda record: replace(
        record,
        signal=resample(record.signal, record.sampling_rate, rate).astype(np.float32),
        sampling_rate=rate,
    )


CHANGES: dict[str, Change] = {
    "1 uV": _signal(lambda values: values + np.random.default_rng(1).choice([-0.001, 0.0, 0.001], values.shape)),
    "2.5 uV": _signal(lambda values: np.round(values / 0.0025) * 0.0025),
    "5 uV": _signal(lambda values: np.round(values / 0.005) * 0.005),
    "half the gain": _signal(lambda values: values / 2.0),
    "a gain a lead": _signal(lambda values: values * np.linspace(0.5, 2.0, len(values))[:, np.newaxis]),
    "100 Hz": _at(100.0),
    "1000 Hz": _at(1000.0),
    "an offset": _signal(lambda values: values + 0.4),
    "other limb leads": _signal(lambda values: np.where(np.isin(np.arange(12), (2, 3, 4, 5))[:, None], 0.0, values)),
}


@pytest.fixture(scope="module")
def records() -> list[EcgRecord]:
    return [varied_record(seed) for seed in range(6)]


def _mark(record: EcgRecord) -> str:
    mark = signal_mark(record)
    assert mark is not None
    return mark


@pytest.mark.parametrize("name", CHANGES)
def test_small_changes_leave_the_mark(name: str, records: list[EcgRecord]) -> None:
    for record in records:
        assert differing_bits(_mark(record), [_mark(CHANGES[name](record))])[0] <= SAME_MARK


def test_other_records_have_other_marks(records: list[EcgRecord]) -> None:
    marks = [_mark(record) for record in records]
    for at, mark in enumerate(marks):
        others = [other for index, other in enumerate(marks) if index != at]
        assert differing_bits(mark, others).min() > 2 * SAME_MARK


def test_a_flat_or_short_record_has_none(records: list[EcgRecord]) -> None:
    assert signal_mark(_signal(np.zeros_like)(records[0])) is None
    assert signal_mark(replace(records[0], signal=records[0].signal[:, :500])) is None
