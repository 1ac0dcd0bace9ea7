"""Boundaries on the paper: the right time, told apart without colour."""

from typing import Any

import numpy as np

from cardiov_core.domain import STANDARD_LEADS, BeatBoundaries, EcgRecord, Measurements, Provenance, WaveBoundaries
from cardiov_core.reporting.trace.boundaries import boundaries_caption
from cardiov_core.reporting.trace.ecg_paper import ecg_drawing
from cardiov_core.reporting.trace.paper_options import PaperOptions

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


def _waves(
    measured: Measurements, seconds: float = 10.0, *, start_s: float = 0.0, dark: bool = False
) -> dict[str, Any]:
    options = PaperOptions(start_s=start_s)
    drawing: dict[str, Any] = ecg_drawing(_record(seconds), options, boundaries=measured, dark=dark)
    return {wave["wave"]: wave for wave in drawing["waves"]}


def _edges(wave: dict[str, Any]) -> list[tuple[float, float]]:
    return [(begin, end) for begin, end, _ in wave["spans"]]


def test_onset_and_offset_stand_at_their_time() -> None:
    waves = _waves(_measured())
    for name, onset_s, offset_s in (("P", -0.2, -0.1), ("QRS", -0.04, 0.06), ("T", 0.2, 0.36)):
        wanted = [(r + onset_s, r + offset_s) for r in R_TIMES_S]
        np.testing.assert_allclose(_edges(waves[name]), wanted, atol=1e-9)


def test_the_window_moves_and_cuts_the_bands() -> None:
    measured = _measured(_beat(4.9), _beat(5.1), _beat(14.9), _beat(20.0))
    waves = _waves(measured, 30.0, start_s=5.0)
    np.testing.assert_allclose(_edges(waves["QRS"]), [(0.06, 0.16), (9.86, 9.96)])
    t_waves = _edges(waves["T"])
    np.testing.assert_allclose(t_waves[0], (0.1, 0.26))
    assert len(t_waves) == 2, "the T wave of the beat at 14.9 s begins beyond the window"


def test_letters_name_the_waves_and_a_prime_the_other_shape() -> None:
    measured = _measured(_beat(1.0), _beat(2.0, p=False, dominant=False), _beat(3.0, p=False))
    waves = _waves(measured)
    letters = [span[2] for name in ("P", "QRS", "T") for span in waves[name]["spans"]]
    assert letters == ["P", "QRS", "QRS\u2032", "QRS", "T", "T\u2032", "T"]
    caption = boundaries_caption(measured)
    assert "P in 1 of 2 beats" in caption
    assert "another shape" in caption
    assert len({wave["dash"] for wave in waves.values()}) == 3, "no wave is told by its colour alone"


def test_pacing_spikes_are_marked_and_named() -> None:
    measured = _measured(spikes=(0.5, 1.3, 12.0))
    assert ecg_drawing(_record(), PaperOptions(), boundaries=measured)["spikes"] == [0.5, 1.3]
    assert "pacing spikes" in boundaries_caption(measured)


def test_without_beats_there_is_nothing_but_a_sentence() -> None:
    assert not any(wave["spans"] for wave in _waves(Measurements()).values())
    assert ecg_drawing(_record(), PaperOptions())["waves"] == []
    assert boundaries_caption(Measurements()).startswith("No beat was measured")


def test_bands_have_a_dark_pair() -> None:
    assert _waves(_measured())["P"]["colour"] != _waves(_measured(), dark=True)["P"]["colour"]


def test_a_beat_without_boundaries_is_one_line_at_its_r_peak() -> None:
    premature = BeatBoundaries(2.0, None, None, None, dominant=False)
    measured = _measured(_beat(1.0), premature)
    assert _waves(measured)["QRS"]["spans"][1] == [2.0, 2.0, "QRS\u2032"]
    assert "single line" in boundaries_caption(measured)
