"""Size and sign of the QRS complex a lead: what the rules on axis and voltage look at."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Float64Array, FloatArray, Measurements

WINDOW_S = 0.12
"""Width of the windows where no QRS was found: almost the duration of a normal one (Wen and Kang 2022, section 5)."""


@dataclass(frozen=True)
class QrsForm:
    """The QRS of one lead."""

    # From the lowest to the highest point of the QRS; of the tallest window of 0.12 s where no QRS was found.
    peak_to_peak_mv: float
    # Largest positive and depth of the largest negative deflection, both >= 0; 0 where no QRS was found.
    r_mv: float = 0.0
    s_mv: float = 0.0
    area_mv_ms: float | None = None  # net area between onset and offset; None where no QRS was found

    @property
    def windowed(self) -> bool:
        """Whether no QRS was found and windows took its place."""
        return self.area_mv_ms is None

    @property
    def upright(self) -> bool:
        """Whether R is taller than S is deep."""
        return self.r_mv > self.s_mv


def qrs_forms(record: EcgRecord, measurements: Measurements, *, without: Collection[str] = ()) -> dict[str, QrsForm]:
    """Measure the QRS of each standard lead.

    Returns by lead, in standard order; without the leads that the record lacks or that hold no valid sample.
    """
    leads = [lead for lead in STANDARD_LEADS if lead in record.leads and lead not in without]
    beat = measurements.median_beat
    if beat is None or beat.qrs is None:
        of_windows = ((lead, _tallest_window(record.lead(lead), record.sampling_rate)) for lead in leads)
        return {lead: form for lead, form in of_windows if form is not None}
    first = max(0, beat.r_index + round(beat.qrs.onset_s * beat.sampling_rate))
    last = beat.r_index + round(beat.qrs.offset_s * beat.sampling_rate)
    forms = {}
    for lead in leads:
        if lead in beat.leads:
            qrs = beat.signal[beat.leads.index(lead), first : last + 1].astype(np.float64)
            if qrs.size and np.isfinite(qrs).all():
                forms[lead] = _form(qrs, beat.sampling_rate)
    return forms


def _form(qrs: Float64Array, sampling_rate_hz: float) -> QrsForm:
    return QrsForm(
        peak_to_peak_mv=float(np.ptp(qrs)),
        r_mv=max(0.0, float(qrs.max())),
        s_mv=max(0.0, -float(qrs.min())),
        area_mv_ms=float(qrs.sum()) * 1000.0 / sampling_rate_hz,
    )


def _tallest_window(values: FloatArray, sampling_rate_hz: float) -> QrsForm | None:
    """Take the tallest of all windows without a gap, since the QRS is the tallest thing of its width."""
    width = round(WINDOW_S * sampling_rate_hz) + 1
    if values.size < width:
        return None
    windows = sliding_window_view(values, width)
    heights = windows.max(axis=1) - windows.min(axis=1)
    heights = heights[np.isfinite(heights)]
    return QrsForm(float(heights.max())) if heights.size else None
