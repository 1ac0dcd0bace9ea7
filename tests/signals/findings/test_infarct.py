"""Signs of an infarct of the back wall: R in V1."""

import numpy as np
import pytest

from cardiov_core.datasets import generate
from cardiov_core.domain import STANDARD_LEADS, Finding, Measurements, MedianBeat, WaveBoundaries
from cardiov_core.signals import find_findings


def _tall_r(r_mv: float, s_mv: float, t_mv: float, r_ms: float = 46.0) -> Finding:
    """Ask for R in V1 of a beat of rectangles: R, then S, then 100 ms of T."""
    signal = np.zeros((12, 500), dtype=np.float32)
    width = round(r_ms / 2.0)
    for row, lead in enumerate(STANDARD_LEADS):
        one = (r_mv, s_mv, t_mv) if lead == "V1" else (0.8, 0.1, 0.2)
        signal[row, 190 : 190 + width] = one[0]
        signal[row, 190 + width : 235] = -one[1]
        signal[row, 300:350] = one[2]
    beat = MedianBeat(
        signal,
        STANDARD_LEADS,
        500.0,
        r_index=200,
        n_beats=8,
        usable_leads=STANDARD_LEADS,
        qrs=WaveBoundaries(-0.022, 0.072),
        t=WaveBoundaries(0.19, 0.31),
    )
    measured = Measurements(qrs_ms=94.0, heart_rate_bpm=70.0, qrs_axis_deg=40.0, n_beats=8, median_beat=beat)
    return {one.code: one for one in find_findings(generate("normal"), measured)}["tall_r_v1"]


def test_a_tall_broad_r_with_upright_t_may_be_the_back_wall() -> None:
    finding = _tall_r(0.8, 0.2, 0.3)
    assert finding.state == "present"
    assert finding.leads == ("V1",)
    assert finding.against


@pytest.mark.parametrize(
    "waves", [(0.3, 0.8, 0.3, 46.0), (0.8, 0.2, -0.3, 46.0), (0.8, 0.2, 0.3, 24.0), (0.05, 0.02, 0.3, 46.0)]
)
def test_a_usual_v1_a_turned_t_a_narrow_and_a_tiny_r_are_none(waves: tuple[float, float, float, float]) -> None:
    assert _tall_r(*waves).state == "absent"
