"""A recording is known again after what carts and formats do to it, and another one is not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cardiov_core.datasets.fingerprint import SAME_MARK, differing_bits, signal_mark
from cardiov_core.datasets.varied import varied_record
from cardiov_core.domain import EcgRecord
from cardiov_core.studies.graders.recognition import CHANGES as STUDIED

Change = Callable[[EcgRecord], EcgRecord]


def _signal(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda record: replace(record, signal=change(record.signal.astype(np.float64)).astype(np.float32))


# Without a filter some records are lost (docs/method/uncertainty.md); the rest of what the study changes must hold.
CHANGES: dict[str, Change] = {name: change for name, change in STUDIED.items() if "no filter" not in name} | {
    "half the gain": _signal(lambda values: values / 2.0),
    "a gain a lead": _signal(lambda values: values * np.linspace(0.5, 2.0, len(values))[:, np.newaxis]),
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
