"""The median beat on paper: one scale, boundaries under every lead, missing leads named."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS, MedianBeat, WaveBoundaries
from cardiov_core.reporting.trace.median_beat import median_beat_figure

RATE_HZ, R_INDEX = 500.0, 200


def _median(leads: tuple[str, ...] = STANDARD_LEADS, p: WaveBoundaries | None = None) -> MedianBeat:
    signal = np.zeros((len(leads), 450), dtype=np.float32)
    signal[:, R_INDEX] = 1.0
    return MedianBeat(
        signal,
        leads,
        RATE_HZ,
        R_INDEX,
        n_beats=11,
        p=p,
        qrs=WaveBoundaries(-0.04, 0.05),
        t=WaveBoundaries(0.18, 0.35),
    )


def _trace(figure, name):
    return next(trace for trace in figure.data if trace.name == name)


@pytest.mark.parametrize("gain", [5.0, 10.0, 20.0])
def test_one_millivolt_and_one_second_measure_what_the_footer_says(gain: float) -> None:
    figure = median_beat_figure(_median(), gain_mm_mv=gain)
    trace = _trace(figure, "V2")
    assert trace.dx * RATE_HZ == pytest.approx(50.0)
    assert float(np.ptp(trace.y)) == pytest.approx(gain)
    assert figure.layout.yaxis.scaleanchor == "x"
    footer = figure.layout.annotations[-1].text
    assert f"median of 11 beats · 50 mm/s · {gain:g} mm/mV" in footer
    assert "unconfirmed" in footer


def test_boundaries_stand_around_the_r_peak_of_every_column() -> None:
    figure = median_beat_figure(_median())
    qrs = _trace(figure, "QRS complex").x
    for column, lead in enumerate(("I", "aVR", "V1", "V4")):
        trace = _trace(figure, lead)
        r_mm = trace.x0 + R_INDEX * trace.dx
        assert qrs[5 * column] == pytest.approx(r_mm - 0.04 * 50)
        assert qrs[5 * column + 2] == pytest.approx(r_mm + 0.05 * 50)
    assert not [trace for trace in figure.data if trace.name == "P wave"], "no P wave, no band"


def test_leads_lie_apart_and_missing_ones_are_named() -> None:
    figure = median_beat_figure(_median(leads=("I", "II", "V5"), p=WaveBoundaries(-0.2, -0.1)))
    texts = [annotation.text for annotation in figure.layout.annotations]
    assert "<b>V1</b> not recorded" in texts
    assert sum("not recorded" in text for text in texts) == 9
    assert _trace(figure, "I").y.min() > _trace(figure, "II").y.max()
    assert _trace(figure, "V5").x0 > _trace(figure, "I").x0
    assert _trace(figure, "P wave") is not None
