"""Files in which one wave was taken for another: the right answer is known from how they were made."""

from pathlib import Path

import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.io import read_record
from cardiov_core.signals import find_findings, measure, read_rhythm

pytestmark = pytest.mark.dataset


def test_ventricular_tachycardia_is_wide_and_has_no_pr(data_folder: Path) -> None:
    found = measure(read_record(data_folder / "failing-inputs" / "f07_vt_180_called_narrow.hea"))
    assert found.heart_rate_bpm == pytest.approx(180.0, abs=2.0)
    assert found.qrs_ms == pytest.approx(170.0, abs=35.0)
    assert found.pr_ms is None
    assert "T wave of the beat before" in found.not_measurable["pr_ms"]


def test_a_qt_longer_than_rr_is_not_measurable_and_never_critical(data_folder: Path) -> None:
    record = read_record(data_folder / "failing-inputs" / "f08_qt_longer_than_rr.hea")
    found = measure(record)
    assert found.heart_rate_bpm == pytest.approx(260.0, abs=2.0)
    for name in ("qt_ms", "qtc_fridericia_ms", "qtc_bazett_ms"):
        assert getattr(found, name) is None
        assert "does not fit into an RR interval" in found.not_measurable[name]
    findings = {finding.code: finding for finding in find_findings(record, found)}
    assert findings["critical_qtc"].state == "not measurable"
    assert findings["long_qtc"].state == "not measurable"
    # QRS ends where T begins: neither a wide complex nor flutter can be told, but the rate can.
    assert found.qrs_ms is None
    assert "run into one another" in found.not_measurable["qrs_ms"]
    for code in ("wide_complex_tachycardia", "wide_qrs", "supraventricular_tachycardia", "atrial_flutter"):
        assert findings[code].state == "not measurable", code
    assert findings["severe_tachycardia"].state == "present"


def test_where_t_was_taken_for_a_beat_no_p_wave_makes_a_sinus_rhythm(data_folder: Path) -> None:
    record = read_record(data_folder / "failing-inputs" / "f04_tall_t_doubles_rate.hea")
    found = measure(record)
    assert found.heart_rate_bpm == pytest.approx(80.0, abs=2.0)
    assert found.p_ms is None
    assert "P needs a QRS" in found.not_measurable["p_ms"]
    line = read_rhythm(record, found, find_findings(record, found))
    assert (line.code, line.text) == (None, "not classified")


def test_premature_beats_have_their_own_boundaries() -> None:
    found = measure(generate("premature_ventricular_complexes", duration_s=20.0))
    assert found.qrs_ms is not None
    widths = [beat.qrs.duration_ms for beat in found.beats if not beat.dominant and beat.qrs is not None]
    assert widths
    assert min(widths) > found.qrs_ms + 30.0
    assert all(beat.p is None for beat in found.beats if not beat.dominant)
