"""An examination finds out each thing once, and only what it is asked for."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import QualityVerdict, ReasonCode, Window
from cardiov_core.inference.uncertainty.scope import CONTRACT
from cardiov_core.signals import Examination, assess_quality, examined, find_findings, measure

Count = Callable[[str], list[object]]


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Count:
    """Count the calls of a function, named with its module."""

    def _count(name: str) -> list[object]:
        module, _, attribute = name.rpartition(".")
        original = getattr(pytest.importorskip(module), attribute)
        calls: list[object] = []
        monkeypatch.setattr(name, lambda *args, **more: calls.append(args) or original(*args, **more))
        return calls

    return _count


def test_it_says_what_its_parts_say() -> None:
    record = generate("normal", seed=3)
    examination, measured, quality = Examination(record), measure(record), assess_quality(record)
    assert examination.quality == quality
    assert examination.measurements.heart_rate_bpm == measured.heart_rate_bpm
    assert examination.measurements.beats == measured.beats
    assert examination.findings == find_findings(record, measured, quality)
    assert examination.fingerprint == record.fingerprint


def test_beats_are_found_once_for_quality_and_measurements(count: Count) -> None:
    detected = count("cardiov_core.signals.beat.beats._detect")
    examination = Examination(generate("normal"))
    assert detected == [], "nothing is looked for before it is asked for"
    assert examination.findings
    assert examination.quality is examination.quality
    assert len(detected) == 1


def test_a_record_is_prepared_once_for_each_contract(count: Count) -> None:
    made = count("cardiov_core.signals.examination.prepare")
    examination = Examination(generate("normal", duration_s=20.0))
    other = replace(CONTRACT, sampling_rate_hz=200.0, n_samples=2000)
    for _ in range(2):
        examination.prepared(CONTRACT)
        examination.prepared(CONTRACT, 0.0)
        examination.prepared(other)
        examination.prepared(CONTRACT, 4.0)
    assert len(made) == 3


def test_a_window_is_examined_by_itself_and_once() -> None:
    record = generate("normal", duration_s=20.0)
    examination, window = Examination(record), Window(5.0, 15.0)
    part = examination.within(window)
    assert part is examination.within(Window(5.0, 15.0))
    np.testing.assert_array_equal(part.record.signal, record.signal[:, 2500:7500])
    assert part.measurements.n_beats < examination.measurements.n_beats
    assert examination.within(Window(0.0, 20.0)) is examination


def test_too_slow_a_rate_is_a_reason_and_no_error() -> None:
    examination = Examination(replace(generate("normal"), sampling_rate=50.0))
    assert examination.quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert [reason.code for reason in examination.quality.reasons] == [ReasonCode.SAMPLING_RATE_UNSUPPORTED]
    assert "50 Hz" in examination.measurements.not_measurable["heart_rate_bpm"]


def test_a_record_gets_an_examination_and_an_examination_stays() -> None:
    examination = examined(generate("normal"))
    assert examined(examination) is examination
