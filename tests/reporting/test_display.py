"""Display filter, level styles and the stack of stages."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Explanation, Provenance, Severity, Window
from cardiov_core.errors import ExplanationError
from cardiov_core.reporting import CAPTION, LEVEL_STYLES, attention_stack_figure, whole_percent
from cardiov_core.reporting.trace.display_filter import filter_for_display


def _sine(
    hz: float, rate: float = 500.0, duration_s: float = 10.0
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    time = np.arange(round(rate * duration_s)) / rate
    return np.sin(2 * np.pi * hz * time)[np.newaxis].astype(np.float32)


@pytest.mark.parametrize(
    ("hz", "name", "notch", "low", "high"),
    [
        (10, "diagnostic", 0, 0.99, 1.01),
        (10, "monitor", 0, 0.97, 1.01),
        (100, "diagnostic", 0, 0.60, 0.95),
        (100, "monitor", 0, 0.0, 0.05),
        (50, "diagnostic", 50, 0.0, 0.02),
        (60, "diagnostic", 60, 0.0, 0.02),
        (0.15, "monitor", 0, 0.0, 0.1),
    ],
)
def test_bands_pass_and_stop_what_they_say(hz: float, name: str, notch: int, low: float, high: float) -> None:
    shown = filter_for_display(_sine(hz), 500, name, notch).signal  # type: ignore[arg-type]
    assert low <= np.abs(shown[0, 1500:3500]).max() <= high


def test_diagnostic_band_leaves_no_swing_at_the_ends_of_ten_seconds() -> None:
    """Pulses of 100 ms on a straight drift of 1 mV that begin with a wave at the edge."""
    time = np.arange(5000) / 500
    beats = np.exp(-0.5 * (((time + 0.4) % 0.8 - 0.4) / 0.03) ** 2)
    shown = filter_for_display((beats + 0.1 * time)[np.newaxis].astype(np.float32), 500).signal[0]
    difference = shown - beats
    assert np.abs(difference - np.median(difference)).max() < 0.04


def test_gaps_stay_and_do_not_spread_and_dead_leads_stay_flat() -> None:
    signal = np.vstack([_sine(5), np.zeros((1, 5000)), np.full((1, 5000), np.nan)]).astype(np.float32)
    signal[0, 1000:1100] = np.nan
    shown = filter_for_display(signal, 500).signal
    assert shown.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(shown), np.isnan(signal))
    assert np.ptp(shown[1]) < 1e-6


def test_description_states_what_was_really_applied() -> None:
    assert filter_for_display(_sine(5), 500, "diagnostic", 50).description == "0.05-150 Hz, notch 50 Hz"
    slow = filter_for_display(_sine(5, rate=100), 100, "diagnostic", 50)
    assert slow.description == "0.05-50 Hz"
    assert any("100 Hz" in note for note in slow.notes)
    assert any("No notch at 50 Hz" in note for note in slow.notes)


def test_levels_look_as_agreed() -> None:
    look = {level: (style.shape, style.colour) for level, style in LEVEL_STYLES.items()}
    assert look == {
        Severity.NO_RISK: ("circle", "#0072B2"),
        Severity.LOW_RISK: ("triangle", "#F0E442"),
        Severity.MEDIUM_RISK: ("square", "#E69F00"),
        Severity.HIGH_RISK: ("diamond", "#D55E00"),
    }
    assert all(style.word == level.title for level, style in LEVEL_STYLES.items())
    assert LEVEL_STYLES[Severity.NO_RISK].text_colour == "#FFFFFF"


@pytest.mark.parametrize(
    ("p", "text"), [(0.0, "<1 %"), (0.009, "<1 %"), (0.01, "1 %"), (0.644, "64 %"), (0.99, "99 %"), (0.995, ">99 %")]
)
def test_percentages_are_whole_and_never_nought_or_hundred(p: float, text: str) -> None:
    assert whole_percent(p) == text.replace(" ", "\u2009")


def _record() -> EcgRecord:
    signal = np.repeat(_sine(5), 12, axis=0)
    return EcgRecord(signal, STANDARD_LEADS, 500.0, "made", Provenance("made", "synthetic"))


def test_stack_shows_seven_stages_on_the_time_of_the_record() -> None:
    # Of the second half nothing is shown: a map must stand out against its own median.
    halves = (np.arange(5000) < 2000).astype(np.float32)
    stages = {k: np.float32(k / 10) * halves for k in range(1, 8)}
    figure = attention_stack_figure(_record(), Explanation("cardiov", "above low", stages, Window(0, 10)))
    heatmap = figure.data[0]
    assert heatmap.z.shape == (7, 5000)
    np.testing.assert_allclose(heatmap.z[:, 0], np.arange(1, 8) / 10, rtol=1e-6)
    assert list(heatmap.y) == [f"Stage {k}" for k in range(1, 8)]
    assert "above low" in figure.layout.title.text
    assert CAPTION == "Shows where the network looked, not why."
    assert CAPTION in figure.layout.xaxis.title.text
    assert figure.data[1].name == "II"
    some = Explanation("cardiov", "level 1", stages, Window(0, 10), withheld={2: "failed"})
    heatmap = attention_stack_figure(_record(), some).data[0]
    assert list(heatmap.y)[:3] == ["Stage 1", "Stage 2, withheld", "Stage 3"]
    drawn = heatmap.z
    assert np.isnan(drawn[1]).all(), "a map that is withheld leaves its row empty"
    assert np.isfinite(np.delete(drawn, 1, axis=0)).all()


def test_stack_of_another_record_is_refused() -> None:
    other = Explanation("cardiov", "level 2", {1: np.zeros(100, dtype=np.float32)}, Window(0, 1))
    with pytest.raises(ExplanationError, match="made"):
        attention_stack_figure(_record(), other)
