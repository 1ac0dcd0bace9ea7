"""A finding on the paper: its leads lit, its beats marked, the level of J drawn where it was measured."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from cardiov_core.datasets import generate
from cardiov_core.domain import (
    STANDARD_LEADS,
    BeatBoundaries,
    EcgRecord,
    Finding,
    Measurements,
    MedianBeat,
    Provenance,
    WaveBoundaries,
)
from cardiov_core.reporting.trace.display_filter import filter_for_display
from cardiov_core.reporting.trace.ecg_paper import ecg_drawing
from cardiov_core.reporting.trace.lit import LEVEL_S, lit_by
from cardiov_core.reporting.trace.median_beat import median_beat_figure
from cardiov_core.reporting.trace.paper_options import PaperOptions
from cardiov_core.signals import Examination

RATE_HZ = 500.0
BASE_MV = 0.1
"""Every lead lies so high, so that a level of J against the level before the QRS is told from one against zero."""


def _record() -> EcgRecord:
    signal = np.full((12, 5000), BASE_MV, dtype=np.float32)
    return EcgRecord(signal, STANDARD_LEADS, RATE_HZ, "made", Provenance("made", "synthetic"))


def _measured() -> Measurements:
    beats = [
        BeatBoundaries(r_s, None, WaveBoundaries(r_s - 0.04, r_s + 0.05), None, dominant=r_s != 4.0)
        for r_s in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)
    ]
    return Measurements(beats=tuple(beats))


def _finding(leads: tuple[str, ...] = (), beats: tuple[int, ...] = (), **j_mv: float) -> Finding:
    return Finding("made", "Made", "present", "As made.", {}, leads=leads, beats=beats, j_mv=j_mv)


def _of(drawing: dict[str, Any]) -> object:
    return drawing["filters"]["diagnostic"]["lit"]


def _lit(finding: Finding, **options: object) -> dict[str, Any]:
    drawing = ecg_drawing(_record(), PaperOptions(**options), lit=lit_by(finding, _measured()))  # type: ignore[arg-type]
    lit = _of(drawing)
    assert isinstance(lit, dict)
    return lit


def _named(figure: go.Figure, name: str) -> go.Scatter | None:
    return next((trace for trace in figure.data if trace.name == name), None)


def test_exactly_the_leads_of_the_finding_are_lit() -> None:
    assert _lit(_finding(("II", "III", "aVF")))["leads"] == ["II", "III", "aVF"]
    assert _of(ecg_drawing(_record(), PaperOptions())) is None


def test_the_beats_of_the_finding_are_marked_at_their_r_peak() -> None:
    assert _lit(_finding(beats=(3, 8)))["beats"] == [4.0, 9.0]


def test_a_rhythm_marks_all_beats_and_a_finding_of_leads_none() -> None:
    assert len(_lit(_finding())["beats"]) == 9
    assert _lit(_finding(("V1",)))["beats"] == []


def test_the_level_of_j_stands_on_the_level_before_the_qrs() -> None:
    lit = _lit(_finding(("II",), II=0.3, V1=-0.2))
    drawn_mv = filter_for_display(_record().signal, RATE_HZ).signal[1, 0]
    lead, j_s, level_mv = lit["levels"][0]
    assert (lead, j_s, lit["level_s"]) == ("II", pytest.approx(1.05), LEVEL_S)
    assert level_mv - drawn_mv == pytest.approx(0.3, abs=1e-4)
    assert len(lit["levels"]) == 8, "one for each beat of the dominant shape, of the lit lead alone"


def test_the_level_of_j_is_drawn_in_the_median_beat() -> None:
    signal = np.zeros((12, 450), dtype=np.float32)
    beat = MedianBeat(signal, STANDARD_LEADS, RATE_HZ, 200, n_beats=9, qrs=WaveBoundaries(-0.04, 0.05))
    figure = median_beat_figure(beat, gain_mm_mv=20.0, j_mv={"aVF": 0.25})
    levels, trace = _named(figure, "level of J"), _named(figure, "aVF")
    assert levels is not None
    assert trace is not None
    assert levels.x[0] == pytest.approx(trace.x0 + (0.4 + 0.05) * 50)
    assert float(levels.y[0] - trace.y[0]) == pytest.approx(5.0)
    assert _named(median_beat_figure(beat), "level of J") is None


@pytest.mark.parametrize(
    ("condition", "code", "leads"),
    [
        ("atrial_fibrillation", "atrial_fibrillation", set()),
        ("sinus_bradycardia", "bradycardia", set()),
        ("third_degree_block", "av_block_3", set()),
        ("premature_ventricular_complexes", "ventricular_premature_beats", set()),
        ("left_bundle_branch_block", "left_bundle_branch_block", {"V1"}),
        ("inferior_st_elevation", "st_elevation", {"II", "III", "aVF"}),
    ],
)
def test_the_textbook_finding_of_each_sample_is_drawn(condition: str, code: str, leads: set[str]) -> None:
    """Its leads where it has some, else its beats: a rhythm marks every beat."""
    examination = Examination(generate(condition))
    finding = next(one for one in examination.findings if one.code == code)
    assert finding.state == "present"
    lit = _of(ecg_drawing(examination.record, PaperOptions(), lit=lit_by(finding, examination.measurements)))
    assert isinstance(lit, dict)
    if leads:
        assert leads <= set(lit["leads"])
    else:
        n_seen = len(finding.beats) or len(examination.measurements.beats)
        assert len(lit["beats"]) >= min(n_seen, 2)
