"""Calipers: from two points on the paper to ms, beats per minute and mV."""

from dataclasses import dataclass

from cardiov_core.reporting.trace.paper_options import PaperOptions


@dataclass(frozen=True)
class CaliperReading:
    """What lies between two points.

    Attributes
    ----------
    ms : float
        Time in ms, never negative.
    bpm : float or None
        Rate in beats per minute if the time is one RR interval; None under 1 ms.
    mv : float
        Voltage of the second point against the first, in mV.
    """

    ms: float
    bpm: float | None
    mv: float


def caliper_reading(x0_mm: float, y0_mm: float, x1_mm: float, y1_mm: float, options: PaperOptions) -> CaliperReading:
    """Measure between two points of `ecg_figure` in its own millimetres.

    A page gets the points from a box: ``ecg_figure(..., calipers=True)`` makes dragging draw one, and
    ``st.plotly_chart(figure, on_select="rerun", selection_mode="box", key=...)`` returns it as
    ``event.selection.box[-1]`` with ``["x"]`` and ``["y"]`` of two millimetre values each; pass them on as
    ``caliper_reading(x[0], y[0], x[1], y[1], options)``.

    Parameters
    ----------
    x0_mm, y0_mm, x1_mm, y1_mm : float
        The two points in mm of paper.
    options : PaperOptions
        The options the figure was drawn with.

    Returns
    -------
    CaliperReading
        Time, rate and voltage.
    """
    ms = abs(x1_mm - x0_mm) / options.speed_mm_s * 1000
    return CaliperReading(ms=ms, bpm=60_000 / ms if ms >= 1 else None, mv=(y1_mm - y0_mm) / options.gain_mm_mv)
