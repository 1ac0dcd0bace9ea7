"""Zeros, held values and invalid samples are no signal; a quiet line and a computed one are."""

from dataclasses import replace

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord
from cardiov_core.lost_signal import gaps_s, live_span, lost_samples, without_lost_samples


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    found = generate("normal", seed=3)
    return replace(found, signal=np.round(found.signal * 200).astype(np.float32) / np.float32(200))


def _with(record: EcgRecord, part: slice, value: float | str, leads: slice = slice(None)) -> EcgRecord:
    signal = record.signal.copy()
    signal[leads, part] = signal[leads, part.start - 1 : part.start] if value == "held" else value
    return replace(record, signal=signal)


@pytest.mark.parametrize("value", [0.0, "held", np.nan, np.inf, -32.768])
@pytest.mark.parametrize("part", [slice(1, 1000), slice(2000, 2125), slice(3000, 5000)])
def test_what_all_leads_hold_is_a_gap(record: EcgRecord, value: float | str, part: slice) -> None:
    ((start_s, end_s),) = gaps_s(_with(record, part, value))
    assert start_s == pytest.approx(part.start / 500, abs=0.011)
    assert end_s == pytest.approx(part.stop / 500, abs=0.011)


def test_a_quiet_line_between_two_beats_of_a_coarse_file_is_no_gap(record: EcgRecord) -> None:
    assert gaps_s(_with(record, slice(2000, 2090), "held")) == ()


def test_a_gap_of_one_lead_is_lost_there_alone(record: EcgRecord) -> None:
    changed = _with(record, slice(2000, 3500), 0.0, slice(3, 4))
    lost = lost_samples(changed.signal, 500.0)
    assert lost[3, 2001:3499].all()
    assert not lost[[0, 1, 2, 4]].any()
    assert gaps_s(changed) == ()
    assert np.isnan(without_lost_samples(changed).signal[3, 2500])


def test_a_good_record_comes_back_itself(record: EcgRecord) -> None:
    assert without_lost_samples(record) is record
    assert live_span(record) == (0, 5000)


def test_a_computed_line_rests_between_beats_and_is_no_gap() -> None:
    t = np.arange(5000) / 500
    wave = sum(np.exp(-0.5 * ((t - beat) / 0.02) ** 2) for beat in np.arange(0.5, 10, 1.6)) * (
        np.arange(12)[:, None] - 5
    )
    made = replace(generate("normal"), signal=wave.astype(np.float32))
    assert gaps_s(made) == ()


def test_a_dead_lead_is_no_gap_and_a_dead_record_is_one(record: EcgRecord) -> None:
    dead = _with(record, slice(1, 5000), 0.0, slice(2, 3))
    dead.signal[2] = 0.0
    assert gaps_s(dead) == ()
    assert gaps_s(replace(record, signal=np.full_like(record.signal, np.nan))) == ((0.0, 10.0),)


def test_the_signal_lies_between_its_gaps(record: EcgRecord) -> None:
    assert live_span(_with(_with(record, slice(1, 1000), np.nan), slice(4000, 5000), 0.0))[1] == 4000
    changed = _with(record, slice(1, 1000), np.nan)
    changed.signal[:, 0] = np.nan
    assert live_span(changed) == (1000, 5000)
