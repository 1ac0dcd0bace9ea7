"""The reference over leads and the errors against it, on marks made here; LUDB itself where it is there."""

from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets import AnnotatedWave, Ludb
from cardiov_core.datasets.ludb import WaveKind
from cardiov_core.domain import STANDARD_LEADS, WaveBoundaries
from cardiov_core.evaluation.wave_errors import (
    AnnotatedBeat,
    boundary_errors_ms,
    combine,
    compare,
    group_beats,
    intervals_ms,
)


def marked(kind: WaveKind, onset_s: float, offset_s: float) -> AnnotatedWave:
    return AnnotatedWave(kind, WaveBoundaries(onset_s, offset_s), (onset_s + offset_s) / 2)


def beat_at(r_s: float, shift_s: float = 0.0) -> list[AnnotatedWave]:
    """P 200 to 100 ms before R, QRS of 90 ms, T from 200 to 350 ms after R."""
    return [
        marked("p", r_s - 0.20 + shift_s, r_s - 0.10),
        marked("qrs", r_s - 0.04 + shift_s, r_s + 0.05),
        marked("t", r_s + 0.20, r_s + 0.35 + shift_s),
    ]


def test_second_earliest_and_second_latest_of_six_leads() -> None:
    leads = [{"qrs": WaveBoundaries(-0.05 + 0.001 * k, 0.04 + 0.002 * k)} for k in range(6)]
    leads[0] = {"qrs": WaveBoundaries(-0.5, 0.9)}  # one lead marked far out
    found = combine(leads)
    assert found == {"qrs": WaveBoundaries(-0.05 + 0.001, 0.04 + 0.002 * 5)}
    assert combine(leads[:5]) == {}


def test_marks_of_all_leads_make_beats() -> None:
    marks = {lead: [*beat_at(1.0, 0.001 * k), *beat_at(2.0, 0.001 * k)] for k, lead in enumerate(STANDARD_LEADS)}
    del marks["V6"][3]  # the second beat's P wave in V6
    beats = group_beats(marks)
    assert [round(beat.r_s, 2) for beat in beats] == [1.01, 2.01]
    assert set(beats[0].leads["V6"]) == {"p", "qrs", "t"}
    assert set(beats[1].leads["V6"]) == {"qrs", "t"}
    overall = beats[0].overall()
    assert overall["p"].onset_s == pytest.approx(0.801)
    assert overall["t"].offset_s == pytest.approx(1.36)


def test_a_wave_belongs_to_its_beat_only() -> None:
    lonely = marked("p", 1.30, 1.40)  # 0.56 s before the next QRS: blocked
    beats = group_beats({"II": [*beat_at(1.0), lonely, *beat_at(2.0)[1:]]})
    assert set(beats[1].leads["II"]) == {"qrs", "t"}
    assert beats[0].leads["II"]["t"] == WaveBoundaries(1.20, 1.35)


def waves(onset_s: float, qrs_s: tuple[float, float], end_s: float) -> dict[WaveKind, WaveBoundaries]:
    return {
        "p": WaveBoundaries(onset_s, onset_s + 0.1),
        "qrs": WaveBoundaries(*qrs_s),
        "t": WaveBoundaries(end_s - 0.15, end_s),
    }


def test_intervals_are_medians_over_beats() -> None:
    beats = [(1.0, waves(0.80, (0.96, 1.05), 1.35)), (2.0, waves(1.82, (1.96, 2.06), 2.37))]
    found = intervals_ms([*beats, (3.0, {"qrs": WaveBoundaries(2.96, 3.05)})])
    assert found["QRS"] == pytest.approx(90.0)
    assert found["PR"] == pytest.approx(150.0)
    assert found["QT"] == pytest.approx(400.0)
    assert "QT" not in intervals_ms([(3.0, {"qrs": WaveBoundaries(2.96, 3.05)})])


def test_errors_are_found_minus_marked() -> None:
    truth = [(1.0, waves(0.80, (0.96, 1.05), 1.35)), (2.0, waves(1.80, (1.96, 2.05), 2.35))]
    found = [(1.01, waves(0.81, (0.95, 1.05), 1.38)), (2.01, waves(1.81, (1.95, 2.05), 2.38)), (3.0, {})]
    errors = boundary_errors_ms(truth, found)
    assert errors["P onset"] == pytest.approx(10.0)
    assert errors["QRS onset"] == pytest.approx(-10.0)
    assert errors["QRS offset"] == pytest.approx(0.0)
    assert errors["T offset"] == pytest.approx(30.0)
    assert boundary_errors_ms(truth, [(1.5, found[0][1])]) == {}


def test_rows_count_what_is_missing() -> None:
    truth = [(1.0, waves(0.80, (0.96, 1.05), 1.35))]
    better = [(1.0, waves(0.80, (0.95, 1.05), 1.35))]
    worse = [(1.0, {"qrs": WaveBoundaries(0.93, 1.05)})]
    rows = {row.name: row for row in compare("ours", "global", [(truth, better), (truth, worse), (truth, ())])}
    qrs = rows["QRS"]
    assert (qrs.n_marked, qrs.n_found) == (3, 2)
    assert (qrs.bias_ms, qrs.mae_ms, qrs.sd_ms) == pytest.approx((20.0, 20.0, 10.0))
    assert (rows["PR"].n_marked, rows["PR"].n_found) == (3, 1)
    assert (rows["T offset"].n_marked, rows["T offset"].n_found) == (3, 1)
    assert np.isnan(compare("ours", "global", [(truth, ())])[0].mae_ms)


def test_a_known_offset_is_no_error() -> None:
    truth = [(1.0, waves(0.80, (0.96, 1.05), 1.35))]
    shorter = [(1.0, waves(0.80, (0.966, 1.04), 1.35))]
    row = compare("ours", "global", [(truth, shorter)], {"QRS": -16.0})[0]
    assert (row.name, row.offset_ms) == ("QRS", -16.0)
    assert (row.bias_ms, row.mae_ms) == pytest.approx((-16.0, 0.0), abs=1e-6)


def test_overall_needs_six_leads() -> None:
    beat = AnnotatedBeat(1.0, {lead: {"qrs": WaveBoundaries(0.95, 1.05)} for lead in STANDARD_LEADS[:5]})
    assert beat.overall() == {}


@pytest.mark.dataset
@pytest.mark.slow
def test_ludb_within_the_goals(data_folder: Path) -> None:
    from cardiov_core.studies.signals.delineation import cardiov, check_delineation

    check = check_delineation(Ludb(data_folder / "ludb"), {"CardioV": cardiov()})
    rows = {(row.scope, row.name): row for row in check.rows}
    for name, limit_ms in (("QRS", 8.0), ("PR", 6.0), ("QT", 10.0)):
        row = rows["global", name]
        assert row.mae_ms <= limit_ms
        assert row.n_found >= 0.97 * row.n_marked
    assert check.heart_rates.n_within_same_span >= 98
    assert check.p_waves["CardioV"].n_false <= 6
