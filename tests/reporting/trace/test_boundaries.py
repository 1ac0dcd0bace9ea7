"""Boundaries on the paper: the right place in mm in every layout, told apart without colour."""

import numpy as np
import plotly.graph_objects as go
import pytest

from cardiov_core.domain import STANDARD_LEADS, BeatBoundaries, EcgRecord, Measurements, Provenance, WaveBoundaries
from cardiov_core.reporting.trace.boundaries import boundaries_caption
from cardiov_core.reporting.trace.ecg_paper import PaperOptions, ecg_figure
from cardiov_core.reporting.trace.paper_options import LAYOUTS

# Left edge of time 0: room for a pulse of 0.2 s and 4 mm, in whole large boxes.
LEFT_MM = {12.5: 10.0, 25.0: 10.0, 50.0: 15.0}
R_TIMES_S = (0.6, 1.4, 3.1, 6.2, 9.4)


def _record(seconds: float = 10.0) -> EcgRecord:
    n_samples = round(500 * seconds)
    signal = np.tile(np.sin(np.arange(n_samples) / 50, dtype=np.float32), (12, 1))
    return EcgRecord(signal, STANDARD_LEADS, 500.0, "made", Provenance("made", "synthetic"))


def _beat(r_s: float, *, p: bool = True, dominant: bool = True) -> BeatBoundaries:
    return BeatBoundaries(
        r_s,
        WaveBoundaries(r_s - 0.2, r_s - 0.1) if p else None,
        WaveBoundaries(r_s - 0.04, r_s + 0.06),
        WaveBoundaries(r_s + 0.2, r_s + 0.36),
        dominant,
    )


def _measured(*beats: BeatBoundaries, spikes: tuple[float, ...] = ()) -> Measurements:
    return Measurements(beats=beats or tuple(_beat(r_s) for r_s in R_TIMES_S), pacing_spikes_s=spikes)


def _named(figure: go.Figure, name: str) -> go.Scatter:
    return next(trace for trace in figure.data if trace.name == name)


def _edges(trace: go.Scatter) -> list[tuple[float, float]]:
    """Onset and offset of each band; five points a band, the last a gap."""
    x = list(trace.x)
    return [(x[i], x[i + 2]) for i in range(0, len(x), 5)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("speed", [12.5, 25.0, 50.0])
def test_every_layout_draws_onset_and_offset_at_their_time(layout: str, speed: float) -> None:
    options = PaperOptions(layout=layout, speed_mm_s=speed)  # type: ignore[arg-type]
    figure = ecg_figure(_record(), options, boundaries=_measured())
    left = LEFT_MM[speed]
    for name, onset_s, offset_s in (("P wave", -0.2, -0.1), ("QRS complex", -0.04, 0.06), ("T wave", 0.2, 0.36)):
        wanted = [(left + (r + onset_s) * speed, left + (r + offset_s) * speed) for r in R_TIMES_S]
        np.testing.assert_allclose(_edges(_named(figure, name)), wanted, atol=1e-9)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_band_lies_over_the_sample_of_its_beat_in_whatever_column(layout: str) -> None:
    figure = ecg_figure(_record(), PaperOptions(layout=layout), boundaries=_measured())  # type: ignore[arg-type]
    qrs = _edges(_named(figure, "QRS complex"))
    for lead in ("I", "V6"):
        trace = _named(figure, lead)
        x_mm = trace.x0 + trace.dx * np.arange(len(trace.y))
        shown = [(r_s, band) for r_s, band in zip(R_TIMES_S, qrs, strict=True) if x_mm[0] <= band[0] < x_mm[-1]]
        assert shown, f"no beat in the column of {lead}"
        for r_s, (onset_mm, offset_mm) in shown:
            at_r = x_mm[round(r_s * 500) - round((x_mm[0] - 10.0) / 25.0 * 500)]
            assert onset_mm < at_r < offset_mm


def test_the_window_moves_and_cuts_the_bands() -> None:
    measured = _measured(_beat(4.9), _beat(5.1), _beat(14.9), _beat(20.0))
    figure = ecg_figure(_record(30.0), PaperOptions(start_s=5.0), boundaries=measured)
    qrs = _edges(_named(figure, "QRS complex"))
    np.testing.assert_allclose(qrs, [(10 + 25 * 0.06, 10 + 25 * 0.16), (10 + 25 * 9.86, 10 + 25 * 9.96)])
    t_waves = _edges(_named(figure, "T wave"))
    np.testing.assert_allclose(t_waves[0], (10 + 25 * 0.1, 10 + 25 * 0.26))
    assert len(t_waves) == 2, "the T wave of the beat at 14.9 s begins beyond the window"


def test_letters_name_the_waves_and_a_prime_the_other_shape() -> None:
    measured = _measured(_beat(1.0), _beat(2.0, p=False, dominant=False), _beat(3.0, p=False))
    figure = ecg_figure(_record(), PaperOptions(), boundaries=measured)
    letters = ["P", "QRS", "T", "QRS\u2032", "T\u2032", "QRS", "T"]
    assert list(_named(figure, "names of the waves").text) == letters
    caption = boundaries_caption(measured)
    assert "P in 1 of 2 beats" in caption
    assert "another shape" in caption
    dashes = {_named(figure, name).line.dash for name in ("P wave", "QRS complex", "T wave")}
    assert len(dashes) == 3, "edges differ, so that no wave is told by its colour alone"


def test_pacing_spikes_are_marked_and_named() -> None:
    measured = _measured(spikes=(0.5, 1.3, 12.0))
    figure = ecg_figure(_record(), PaperOptions(), boundaries=measured)
    np.testing.assert_allclose(_named(figure, "pacing spikes").x, [22.5, 42.5])
    assert "pacing spikes" in boundaries_caption(measured)


def test_without_beats_there_is_nothing_but_a_sentence() -> None:
    plain = ecg_figure(_record(), PaperOptions())
    empty = ecg_figure(_record(), PaperOptions(), boundaries=Measurements())
    assert len(empty.data) == len(plain.data)
    assert boundaries_caption(Measurements()).startswith("No beat was measured")


def test_bands_lie_behind_the_traces_and_have_a_dark_pair() -> None:
    light = ecg_figure(_record(), PaperOptions(), boundaries=_measured())
    dark = ecg_figure(_record(), PaperOptions(), boundaries=_measured(), dark=True)
    names = [trace.name for trace in light.data]
    assert names.index("T wave") < names.index("I")
    assert _named(light, "P wave").line.color != _named(dark, "P wave").line.color
    assert len(light.to_json().encode()) < 1_000_000


def test_two_records_of_different_length_share_one_scale() -> None:
    short = ecg_figure(_record(6.0), PaperOptions(), width_px=590, paper_s=10.0)
    long = ecg_figure(_record(10.0), PaperOptions(), width_px=590, paper_s=10.0)
    assert short.layout.xaxis.range == long.layout.xaxis.range
    assert short.layout.height == long.layout.height
    assert short.layout.height < ecg_figure(_record(), PaperOptions()).layout.height


def test_over_attention_bands_have_edges_only() -> None:
    attention = np.linspace(0, 1, 5000, dtype=np.float32)
    over = ecg_figure(_record(), PaperOptions(), attention=attention, boundaries=_measured())
    assert _named(over, "QRS complex").fill == "none", "a tint would change the colour that means attention"
    assert _named(ecg_figure(_record(), PaperOptions(), boundaries=_measured()), "QRS complex").fill == "toself"


def test_a_beat_without_boundaries_is_one_line_at_its_r_peak() -> None:
    premature = BeatBoundaries(2.0, None, None, None, dominant=False)
    measured = _measured(_beat(1.0), premature)
    figure = ecg_figure(_record(), PaperOptions(), boundaries=measured)
    assert _edges(_named(figure, "QRS complex"))[1] == (60.0, 60.0)
    assert list(_named(figure, "names of the waves").text)[-1] == "QRS\u2032"
    assert "single line" in boundaries_caption(measured)
