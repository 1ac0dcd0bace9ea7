"""ECG paper: geometry in mm, every lead once, no sample lost, payload and wording."""

import base64
import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Provenance
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.trace.display_filter import BANDS_HZ, filter_for_display
from cardiov_core.reporting.trace.ecg_paper import NO_SAMPLE, ecg_drawing, footer_text
from cardiov_core.reporting.trace.paper_options import GAINS_MM_MV, LAYOUTS, SPEEDS_MM_S, PaperOptions
from cardiov_core.reporting.trace.sheet import CABRERA


def _record(rate: float = 500.0, duration_s: float = 10.0, leads: tuple[str, ...] = STANDARD_LEADS) -> EcgRecord:
    n_samples = round(rate * duration_s)
    time = np.arange(n_samples) / rate
    signal = np.stack([0.2 * (k + 1) * np.sin(2 * np.pi * (3 + k) * time) for k in range(len(leads))])
    return EcgRecord(signal.astype(np.float32), leads, rate, "made", Provenance("made", "synthetic"))


def _drawn(record: EcgRecord | None = None, options: PaperOptions | None = None, **more: object) -> dict[str, Any]:
    return ecg_drawing(record or _record(), options or PaperOptions(), **more)  # type: ignore[arg-type]


def _filtered(drawing: dict[str, Any], name: str = "diagnostic") -> dict[str, Any]:
    return drawing["filters"][name]  # type: ignore[no-any-return]


def _layout(drawing: dict[str, Any], layout: str, order: str = "standard") -> dict[str, Any]:
    return _filtered(drawing)["orders"][order][layout]  # type: ignore[no-any-return]


def _samples(drawing: dict[str, Any], name: str = "diagnostic") -> np.ndarray:
    units = np.frombuffer(base64.b64decode(_filtered(drawing, name)["samples"]), dtype="<i2")
    return units.reshape(len(drawing["leads"]), drawing["n_samples"])


def test_a_drawing_weighs_little_and_is_json() -> None:
    attention = np.linspace(0, 1, 5000, dtype=np.float32)
    drawing = _drawn(attention=attention)
    assert len(json.dumps(drawing, allow_nan=False).encode()) < 450_000
    assert len(json.dumps(_drawn(both_filters=False)).encode()) < 225_000
    assert set(_filtered(drawing)["orders"]["cabrera"]) == set(LAYOUTS)
    assert set(drawing["speeds"]) == {f"{speed:g}" for speed in SPEEDS_MM_S}


def test_every_sample_of_the_window_is_there_in_microvolts() -> None:
    record = _record()
    drawing = _drawn(record)
    shown = filter_for_display(record.signal, 500.0).signal
    assert _filtered(drawing)["unit_mv"] == 0.001
    np.testing.assert_allclose(_samples(drawing) * 0.001, shown, atol=0.0006)


def test_both_filters_are_there_whichever_was_chosen() -> None:
    record = _record()
    for options in (PaperOptions(notch_hz=50), PaperOptions(filter="monitor", notch_hz=50)):
        drawing = _drawn(record, options)
        for name in BANDS_HZ:
            shown = filter_for_display(record.signal, 500.0, name, 50)
            np.testing.assert_allclose(_samples(drawing, name) * 0.001, shown.signal, atol=0.0006)
            assert _filtered(drawing, name)["footer"][0] == shown.description
    assert list(_drawn(record, PaperOptions(filter="monitor"), both_filters=False)["filters"]) == ["monitor"]


def test_a_signal_that_16_bits_cannot_hold_gets_larger_units() -> None:
    record = _record()
    record.signal[0] *= 1000
    drawing = _drawn(record)
    largest = np.abs(filter_for_display(record.signal, 500.0).signal).max()
    assert np.abs(_samples(drawing)).max() * _filtered(drawing)["unit_mv"] == pytest.approx(largest, rel=0.001)


@pytest.mark.parametrize(("layout", "strips"), [("3x4+1", 13), ("3x4+3", 15), ("6x2", 12), ("12x1", 12)])
def test_every_lead_has_its_strip_and_columns_run_on_in_time(layout: str, strips: int) -> None:
    drawn = _layout(_drawn(), layout)["strips"]
    assert len(drawn) == strips
    assert [strip[0] for strip in drawn[:12]] == list(STANDARD_LEADS)
    columns = {"3x4+1": 4, "3x4+3": 4, "6x2": 2, "12x1": 1}[layout]
    assert all(strip[3] - strip[2] == 10 / columns for strip in drawn[:12])
    assert all((strip[2], strip[3]) == (0, 10) for strip in drawn[12:])
    assert sorted({strip[2] for strip in drawn[:12]}) == [10 / columns * place for place in range(columns)]


def test_ten_seconds_measure_what_paper_says() -> None:
    for speed, width in _drawn()["speeds"].items():
        assert width["width_mm"] - width["left_mm"] >= 10 * float(speed)
        assert width["left_mm"] >= 0.2 * float(speed) + 4, "the pulse stands before the trace"
        assert width["width_mm"] % 5 == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_deep_s_in_the_last_row_stays_on_the_paper_at_every_gain(layout: str) -> None:
    record = _record()
    record.signal[1, 2000:2020] = -3.5
    record.signal[6, 4000:4020] = 4.0
    drawing, plain = _drawn(record), _drawn()
    signal = _samples(drawing) * _filtered(drawing)["unit_mv"]
    for gain in GAINS_MM_MV:
        sheet = _layout(drawing, layout)["gains"][f"{gain:g}"]
        for lead, row, begin, end in _layout(drawing, layout)["strips"]:
            values = signal[STANDARD_LEADS.index(lead), round(500 * begin) : round(500 * end)]
            y_mm = sheet["base_lines_mm"][row] + gain * values
            if gain <= 10:
                assert y_mm.min() >= 0, (lead, gain)
                assert y_mm.max() <= sheet["height_mm"], (lead, gain)
        added_mm = sheet["height_mm"] - _layout(plain, layout)["gains"][f"{gain:g}"]["height_mm"]
        assert added_mm % 5 == 0, "whole large boxes"
        assert added_mm <= 60, "an artefact does not unroll the paper"


def test_colours_are_those_of_paper_and_dark_differs() -> None:
    light, dark = _drawn()["colours"], _drawn(dark=True)["colours"]
    assert (light["paper"], light["minor"], light["major"], light["ink"]) == (
        "#FFFFFF",
        "#F7D4D4",
        "#E8A0A0",
        "#111111",
    )
    assert dark["paper"] != light["paper"]


def test_a_band_shows_only_what_stands_out_against_its_own_median() -> None:
    attention = np.full(5000, 0.3, dtype=np.float32)
    attention[1000:1100], attention[2000:2100], attention[:10] = 1.0, 0.5, np.nan
    drawing = _drawn(attention=attention)
    assert drawing["attention"] == [[2.0, 2.2, 1.0]], "less than twice the median is not drawn, nor what was not seen"
    assert not drawing["filled"], "a tint of the waves would change the colour that means attention"
    assert _drawn()["attention"] == []


def test_attention_is_of_the_window_alone() -> None:
    attention = np.zeros(15_000, dtype=np.float32)
    attention[6000:6100], attention[14_000:14_100] = 1.0, 1.0
    drawing = _drawn(_record(duration_s=30.0), PaperOptions(start_s=10.0), attention=attention)
    assert drawing["attention"] == [[2.0, 2.2, 1.0]]


def test_leads_that_were_looked_at_have_marks_beside_their_names() -> None:
    remarks = _drawn(leads_looked_at={"V2": 1.0, "V3": 0.4, "I": 0.05})["remarks"]
    assert {lead: marks.count("\u25ae") for lead, (_, marks) in remarks.items() if marks} == {"V2": 5, "V3": 2}


def test_cabrera_changes_the_order_and_inverts_avr() -> None:
    strips = _layout(_drawn(), "12x1", "cabrera")["strips"]
    assert tuple(strip[0] for strip in strips) == CABRERA


def test_footer_states_band_rate_and_unconfirmed_after_speed_and_gain() -> None:
    assert _filtered(_drawn())["footer"] == ["0.05-150 Hz", "500 Hz", "unconfirmed"]
    assert not _filtered(_drawn())["notes"]
    assert _filtered(_drawn(options=PaperOptions(confirmed=True)))["footer"][-1] == "confirmed"
    assert "ST segment" in _filtered(_drawn(options=PaperOptions(notch_hz=50)), "monitor")["notes"]
    assert _filtered(_drawn(_record(rate=100)))["footer"][:2] == ["0.05-50 Hz", "100 Hz"]
    record = _record()
    whole = footer_text(record, filter_for_display(record.signal, 500.0), PaperOptions())
    assert whole == "25 mm/s · 10 mm/mV · 0.05-150 Hz · 500 Hz · unconfirmed"


def test_derived_leads_are_named_so_and_gaps_stay_gaps() -> None:
    record = _record(leads=tuple(lead for lead in STANDARD_LEADS if lead != "V4"))
    record.signal[0, 100:200] = np.nan
    drawing = _drawn(dataclasses.replace(record, derived_leads=("III",)))
    assert drawing["remarks"] == {"III": ["derived", ""]}
    assert "V4" not in drawing["leads"]
    assert "V4" in [strip[0] for strip in _layout(drawing, "12x1")["strips"]], "its place stays"
    np.testing.assert_array_equal(np.flatnonzero(_samples(drawing)[0] == NO_SAMPLE), np.arange(100, 200))


def test_long_records_show_the_window_asked_for_and_short_ones_all_leads() -> None:
    assert _drawn(_record(rate=1000, duration_s=38.4), PaperOptions(start_s=30))["n_samples"] == 8400
    short = _drawn(_record(duration_s=5))
    assert [strip[3] - strip[2] for strip in _layout(short, "3x4+1")["strips"][:12]] == [1.25] * 12
    with pytest.raises(ConfigurationError, match="40 s"):
        _drawn(_record(duration_s=5), PaperOptions(start_s=40))
    with pytest.raises(ConfigurationError, match="shape"):
        _drawn(attention=np.zeros(10, dtype=np.float32))


def test_two_records_of_different_length_share_one_scale() -> None:
    short, long = _drawn(_record(duration_s=6.0), paper_s=10.0), _drawn(paper_s=10.0)
    assert short["speeds"] == long["speeds"]


def test_zoom_is_kept_within_a_window_of_a_record() -> None:
    assert _drawn(options=PaperOptions(filter="monitor"), dark=True)["window"] == _drawn()["window"]
    assert _drawn(_record(duration_s=30.0), PaperOptions(start_s=5))["window"] != _drawn()["window"]


@pytest.mark.parametrize("wrong", [{"layout": "4x3"}, {"speed_mm_s": 30}, {"notch_hz": 55}, {"start_s": -1}])
def test_options_that_no_paper_has_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        PaperOptions(**wrong)  # type: ignore[arg-type]
