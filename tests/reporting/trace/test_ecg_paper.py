"""ECG paper: geometry in mm, every lead once, no sample lost, payload and wording."""

import dataclasses

import numpy as np
import plotly.graph_objects as go
import pytest

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Provenance
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.trace.ecg_paper import CABRERA, PaperOptions, ecg_figure
from cardiov_core.reporting.trace.paper_options import LAYOUTS


def _record(rate: float = 500.0, duration_s: float = 10.0, leads: tuple[str, ...] = STANDARD_LEADS) -> EcgRecord:
    n_samples = round(rate * duration_s)
    time = np.arange(n_samples) / rate
    signal = np.stack([0.2 * (k + 1) * np.sin(2 * np.pi * (3 + k) * time) for k in range(len(leads))])
    return EcgRecord(signal.astype(np.float32), leads, rate, "made", Provenance("made", "synthetic"))


def _strips(figure: go.Figure) -> list[go.Scatter]:
    return [t for t in figure.data if t.type == "scatter" and t.name.lstrip("-") in STANDARD_LEADS]


def _texts(figure: go.Figure) -> str:
    return "\n".join(annotation.text for annotation in figure.layout.annotations)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_payload_with_attention_stays_under_one_megabyte(layout: str) -> None:
    attention = np.linspace(0, 1, 5000, dtype=np.float32)
    figure = ecg_figure(_record(), PaperOptions(layout=layout), attention=attention)  # type: ignore[arg-type]
    assert len(figure.to_json().encode()) < 1_000_000


@pytest.mark.parametrize(("layout", "strips"), [("3x4+1", 13), ("3x4+3", 15), ("6x2", 12), ("12x1", 12)])
def test_every_lead_is_there_with_every_sample_of_its_column(layout: str, strips: int) -> None:
    figure = ecg_figure(_record(), PaperOptions(layout=layout))  # type: ignore[arg-type]
    traces = _strips(figure)
    assert len(traces) == strips
    assert [trace.name for trace in traces[:12]] == list(STANDARD_LEADS)
    columns = {"3x4+1": 4, "3x4+3": 4, "6x2": 2, "12x1": 1}[layout]
    assert all(len(trace.y) == 5000 / columns for trace in traces[:12])
    assert all(len(trace.y) == 5000 for trace in traces[12:])


@pytest.mark.parametrize("speed", [12.5, 25.0, 50.0])
@pytest.mark.parametrize("gain", [2.5, 5.0, 10.0, 20.0])
def test_one_second_and_one_millivolt_measure_what_paper_says(speed: float, gain: float) -> None:
    record = _record()
    figure = ecg_figure(record, PaperOptions(layout="12x1", speed_mm_s=speed, gain_mm_mv=gain))
    trace = _strips(figure)[0]
    assert trace.dx * 500 == pytest.approx(speed)
    assert np.ptp(trace.y[2000:3000]) / gain == pytest.approx(0.4, abs=0.005)
    pulse = next(t for t in figure.data if t.name.startswith("calibration"))
    assert float(np.nanmax(pulse.y[:7]) - np.nanmin(pulse.y[:7])) == pytest.approx(gain)
    assert float(pulse.x[3] - pulse.x[2]) == pytest.approx(0.2 * speed)
    assert figure.layout.yaxis.scaleanchor == "x"
    assert (figure.layout.xaxis.dtick, figure.layout.xaxis.minor.dtick) == (5, 1)


def test_colours_are_those_of_paper_and_dark_differs() -> None:
    light, dark = ecg_figure(_record(), PaperOptions()), ecg_figure(_record(), PaperOptions(), dark=True)
    assert light.layout.plot_bgcolor == "#FFFFFF"
    assert light.layout.xaxis.minor.gridcolor == "#F7D4D4"
    assert light.layout.xaxis.gridcolor == "#E8A0A0"
    assert _strips(light)[0].line.color == "#111111"
    assert dark.layout.plot_bgcolor != light.layout.plot_bgcolor


def test_a_band_shows_only_what_stands_out_against_its_own_median() -> None:
    attention = np.full(5000, 0.3, dtype=np.float32)
    attention[1000:1100], attention[2000:2100], attention[:10] = 1.0, 0.5, np.nan
    band = next(t for t in ecg_figure(_record(), PaperOptions(), attention=attention).data if t.type == "heatmap")
    shown = np.asarray(band.z)[0]
    assert np.isnan(shown[:10]).all()
    assert (shown[1000:1100] == 1).all()
    assert not shown[10:1000].any()
    assert not shown[2000:2100].any(), "less than twice the median"


def test_leads_that_were_looked_at_have_marks_beside_their_names() -> None:
    texts = _texts(ecg_figure(_record(), PaperOptions(), leads_looked_at={"V2": 1.0, "V3": 0.4, "I": 0.05}))
    lines = dict(line.removeprefix("<b>").split("</b>") for line in texts.splitlines() if line.startswith("<b>"))
    assert {lead: rest.count("\u25ae") for lead, rest in lines.items() if rest} == {"V2": 5, "V3": 2}


def test_columns_run_on_in_time_and_attention_is_one_band_behind_them() -> None:
    attention = np.zeros(5000, dtype=np.float32)
    attention[3000] = 1
    figure = ecg_figure(_record(), PaperOptions(), attention=attention, opacity=0.3)
    band = figure.data[0]
    assert band.type == "heatmap"
    assert sum(t.type == "heatmap" for t in figure.data) == 1
    assert (band.zmin, band.zmax, band.opacity) == (0, 1, 0.3)
    v1 = next(t for t in _strips(figure) if t.name == "V1")
    assert band.x0 + 3000 * band.dx == pytest.approx(v1.x0 + 500 * v1.dx)
    assert band.colorbar.title.text == "relative attention within this ECG, 0-1"


def test_cabrera_inverts_avr_and_says_so() -> None:
    record = _record()
    figure = ecg_figure(record, PaperOptions(layout="12x1", lead_order="cabrera"))
    standard = ecg_figure(record, PaperOptions(layout="12x1"))
    assert tuple(trace.name for trace in _strips(figure)) == CABRERA
    inverted = next(t for t in _strips(figure) if t.name == "-aVR").y
    upright = next(t for t in _strips(standard) if t.name == "aVR").y
    np.testing.assert_allclose(inverted - inverted.mean(), -(upright - upright.mean()), atol=1e-3)
    assert "\u2212aVR" in _texts(figure)


def test_footer_states_speed_gain_band_rate_and_unconfirmed() -> None:
    texts = _texts(ecg_figure(_record(), PaperOptions()))
    assert "25 mm/s · 10 mm/mV · 0.05-150 Hz · 500 Hz · unconfirmed" in texts
    assert "ST segment" not in texts
    assert "500 Hz · confirmed" in _texts(ecg_figure(_record(), PaperOptions(confirmed=True)))
    assert "ST segment" in _texts(ecg_figure(_record(), PaperOptions(filter="monitor", notch_hz=50)))
    assert "0.05-50 Hz · 100 Hz" in _texts(ecg_figure(_record(rate=100), PaperOptions()))


def test_missing_and_derived_leads_are_named_so_and_gaps_stay_gaps() -> None:
    record = _record(leads=tuple(lead for lead in STANDARD_LEADS if lead != "V4"))
    record.signal[0, 100:200] = np.nan
    figure = ecg_figure(dataclasses.replace(record, derived_leads=("III",)), PaperOptions())
    texts = _texts(figure)
    assert "<b>V4</b> not recorded" in texts
    assert "<b>III</b> derived" in texts
    assert "V4" not in [trace.name for trace in _strips(figure)]
    first = next(t for t in _strips(figure) if t.name == "I")
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(first.y)), np.arange(100, 200))
    assert first.connectgaps is False


def test_long_records_show_the_window_asked_for_and_short_ones_all_leads() -> None:
    long = ecg_figure(_record(rate=1000, duration_s=38.4), PaperOptions(layout="12x1", start_s=30))
    assert all(len(trace.y) == 8400 for trace in _strips(long))
    short = ecg_figure(_record(duration_s=5), PaperOptions())
    assert all(len(trace.y) == 625 for trace in _strips(short)[:12])
    with pytest.raises(ConfigurationError, match="40 s"):
        ecg_figure(_record(duration_s=5), PaperOptions(start_s=40))
    with pytest.raises(ConfigurationError, match="shape"):
        ecg_figure(_record(), PaperOptions(), attention=np.zeros(10, dtype=np.float32))


def test_zoom_survives_filter_and_overlay_but_not_another_scale() -> None:
    record = _record()
    plain = ecg_figure(record, PaperOptions()).layout.uirevision
    assert ecg_figure(record, PaperOptions(filter="monitor"), dark=True).layout.uirevision == plain
    assert ecg_figure(record, PaperOptions(speed_mm_s=50)).layout.uirevision != plain
    assert ecg_figure(record, PaperOptions(), calipers=True).layout.dragmode == "select"


@pytest.mark.parametrize("wrong", [{"layout": "4x3"}, {"speed_mm_s": 30}, {"notch_hz": 55}, {"start_s": -1}])
def test_options_that_no_paper_has_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        PaperOptions(**wrong)  # type: ignore[arg-type]


def test_a_deep_s_in_the_last_row_stays_on_the_paper() -> None:
    record = _record()
    record.signal[1, 2000:2020] = -3.5
    record.signal[6, 4000:4020] = 4.0
    figure, plain = ecg_figure(record, PaperOptions()), ecg_figure(_record(), PaperOptions())
    top = figure.layout.yaxis.range[1]
    assert all(np.nanmin(trace.y) >= 0 and np.nanmax(trace.y) <= top for trace in _strips(figure))
    assert top > plain.layout.yaxis.range[1]
    assert (top - plain.layout.yaxis.range[1]) % 5 == 0, "whole large boxes"
    figure_mm = (figure.layout.height - plain.layout.height) / (top - plain.layout.yaxis.range[1])
    assert figure_mm == pytest.approx(1180 / figure.layout.xaxis.range[1], rel=0.02), "the scale stays the same"
    record.signal[1, 2000:2020] = -300.0
    assert ecg_figure(record, PaperOptions()).layout.yaxis.range[1] <= top + 30, "an artefact does not unroll the paper"
