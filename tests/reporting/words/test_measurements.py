"""Measurements in words: units, ranges, flags with shape, and reasons instead of invented numbers."""

import pytest

from cardiov_core.domain import Measurements
from cardiov_core.reporting.words.measurements import lead_rows, measurement_rows, number

THIN = "\u2009"


def _rows(sex=None, age=54.0, **values):
    return {row.name: row for row in measurement_rows(Measurements(**values), sex, age)}


def test_fridericia_is_the_first_corrected_qt_and_every_formula_is_named() -> None:
    names = list(_rows())
    corrected = [name for name in names if name.startswith("QTc")]
    assert corrected == ["QTc, Fridericia", "QTc, Bazett", "QTc, Framingham", "QTc, Hodges"]
    assert names.index("QT interval") < names.index("QTc, Fridericia")


def test_a_number_has_its_unit_its_range_and_a_flag_in_shape_and_word() -> None:
    row = _rows(pr_ms=212.4)["PR interval"]
    assert row.value == f"212{THIN}ms"
    assert row.normal == f"120 to 200{THIN}ms"
    assert row.flag_text == "\u25b2 above range"
    assert _rows(qrs_axis_deg=-45.0)["QRS axis"].value == "\u221245\u00b0"
    assert _rows(qrs_axis_deg=-45.0)["QRS axis"].flag_text == "\u25bc below range"


@pytest.mark.parametrize(
    ("sex", "qtc_ms", "flag"),
    [
        ("male", 449, "\u25cb within range"),
        ("male", 450, "\u25b2 above range"),
        ("female", 459, "\u25cb within range"),
        ("female", 460, "\u25b2 above range"),
        ("female", 500, "\u25c6 critical"),
        (None, 455, "\u25c7 depends on sex"),
        (None, 465, "\u25b2 above range"),
    ],
)
def test_qtc_limits_depend_on_sex(sex, qtc_ms: float, flag: str) -> None:
    row = _rows(sex=sex, qtc_fridericia_ms=qtc_ms)["QTc, Fridericia"]
    assert row.flag_text == flag
    if sex is None:
        assert row.normal.startswith(f"men under 450{THIN}ms, women under 460{THIN}ms")


def test_what_cannot_be_measured_says_why_and_has_no_flag() -> None:
    row = _rows(not_measurable={"pr_ms": "no P wave was found"})["PR interval"]
    assert row.value == "not measurable: no P wave was found"
    assert row.flag is None
    assert row.normal, "the range is still told"


def test_rhythm_and_notes_are_told() -> None:
    rows = _rows(
        heart_rate_bpm=92.0,
        regular=False,
        rr_mean_ms=652.0,
        rr_sd_ms=120.0,
        n_beats=15,
        notes={"heart_rate_bpm": "irregular rhythm: mean over 15 beats"},
    )
    assert rows["Heart rate"].note == "irregular rhythm: mean over 15 beats"
    assert rows["Rhythm"].value == "irregular"
    assert rows["Rhythm"].note == f"RR interval 652 \u00b1 120{THIN}ms, 15 beats"


def test_children_have_no_ranges() -> None:
    row = _rows(age=7.0, heart_rate_bpm=118.0)["Heart rate"]
    assert (row.normal, row.flag) == ("", None)


def test_leads_are_all_there_with_signed_st() -> None:
    rows = {
        row[0]: row[1:] for row in lead_rows(Measurements(st_mv={"V2": 0.151}, r_mv={"V2": 0.4}, s_mv={"V2": 1.25}))
    }
    assert rows["V2"] == (f"+0.15{THIN}mV", f"0.40{THIN}mV", f"1.25{THIN}mV")
    assert rows["III"] == ("not measurable",) * 3
    assert len(rows) == 12


def test_numbers_round_without_a_minus_zero() -> None:
    assert number(-0.004, "mV", 2) == f"0.00{THIN}mV"
    assert number(-0.4, "ms", signed=True) == f"0{THIN}ms"
    assert number(12.0, "ms", signed=True) == f"+12{THIN}ms"
