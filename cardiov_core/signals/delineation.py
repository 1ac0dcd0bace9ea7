"""Onset and offset of P wave, QRS complex and T wave on a median beat, a lead and over all leads.

A lead's boundaries come from its smoothed slope: from the steepest point of a wave outwards to where the slope stays
under a share of it. The global boundaries are taken from the leads' boundaries, so that one noisy lead decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from cardiov_core.domain import MedianBeat, WaveBoundaries

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeadBoundaries:
    """The waves of one lead, in seconds relative to the R peak; None where the lead does not carry the wave."""

    p: WaveBoundaries | None = None
    qrs: WaveBoundaries | None = None
    t: WaveBoundaries | None = None


@dataclass(frozen=True)
class Delineation:
    """The waves of a median beat, in seconds relative to the R peak.

    Attributes
    ----------
    p, qrs, t : WaveBoundaries or None
        Over all leads; None where the wave was not found.
    leads : mapping of str to LeadBoundaries
        Lead -> its own boundaries; leads without a usable signal are absent.
    """

    p: WaveBoundaries | None = None
    qrs: WaveBoundaries | None = None
    t: WaveBoundaries | None = None
    leads: Mapping[str, LeadBoundaries] = field(default_factory=dict)


@dataclass(frozen=True)
class Parameters:
    """What the method may be tuned by."""

    smooth_s: float = 0.006
    qrs_share: float = 0.06
    qrs_reach_s: float = 0.14
    t_smooth_s: float = 0.016
    p_smooth_s: float = 0.010
    p_share: float = 0.15
    t_share: float = 0.15


DEFAULT = Parameters()


def delineate(beat: MedianBeat, parameters: Parameters = DEFAULT) -> Delineation:
    """Find the waves of a median beat.

    Parameters
    ----------
    beat : MedianBeat
        At 500 Hz, from :func:`~cardiov_core.signals.median_beat.average_beats`.
    parameters : Parameters
        The tuned ones by default.

    Returns
    -------
    Delineation
        Empty where no lead is usable.
    """
    fs = beat.sampling_rate
    rows = [beat.leads.index(lead) for lead in beat.usable_leads]
    if not rows:
        return Delineation()
    signal = beat.signal[rows].astype(np.float64)
    slope = np.abs(gaussian_filter1d(signal, parameters.smooth_s * fs, axis=1, order=1)) * fs
    r = beat.r_index
    total = np.sqrt((slope**2).sum(axis=0))
    qrs = _around(total, r, parameters.qrs_share, round(parameters.qrs_reach_s * fs), fs)
    lead_qrs = [_around(row, r, parameters.qrs_share, round(parameters.qrs_reach_s * fs), fs) for row in slope]
    on, off = qrs
    t_low, t_high = off + round(0.04 * fs), signal.shape[1] - 1
    if beat.rr_s is not None:
        t_high = min(t_high, r + round((beat.rr_s - 0.14) * fs))
    smooth = gaussian_filter1d(signal, parameters.t_smooth_s * fs, axis=1)
    t = _wave(smooth, t_low, t_high, parameters.t_share, fs)
    p_low = 0
    if beat.rr_s is not None:
        t_end = t[1] if t is not None else off + round(0.2 * fs)
        p_low = max(0, t_end - round(beat.rr_s * fs))
    p_smooth = gaussian_filter1d(signal, parameters.p_smooth_s * fs, axis=1)
    p = _wave(p_smooth, p_low, on - 1, parameters.p_share, fs)

    def seconds(pair: tuple[int, int] | None) -> WaveBoundaries | None:
        if pair is None or pair[1] <= pair[0]:
            return None
        return WaveBoundaries((pair[0] - r) / fs, (pair[1] - r) / fs)

    leads = {
        lead: LeadBoundaries(
            seconds(_wave(p_smooth[i : i + 1], p_low, on - 1, parameters.p_share, fs)),
            seconds(lead_qrs[i]),
            seconds(_wave(smooth[i : i + 1], t_low, t_high, parameters.t_share, fs)),
        )
        for i, lead in enumerate(beat.usable_leads)
    }
    return Delineation(seconds(p), seconds(qrs), seconds(t), leads)


def _around(slope: Float64Array, r: int, share: float, reach: int, fs: float) -> tuple[int, int]:
    low, high = max(0, r - reach), min(slope.size, r + reach + 1)
    peak = low + int(slope[low:high].argmax())
    limit = share * float(slope[peak])
    quiet = round(0.016 * fs)
    start, stop = low, high - 1
    calm = 0
    for index in range(peak, low - 1, -1):
        calm = calm + 1 if slope[index] < limit else 0
        if calm == quiet:
            start = index + quiet
            break
    calm = 0
    for index in range(peak, high):
        calm = calm + 1 if slope[index] < limit else 0
        if calm == quiet:
            stop = index - quiet
            break
    return start, stop


def _wave(signal: Float64Array, low: int, high: int, share: float, fs: float) -> tuple[int, int] | None:
    """Find the largest wave between two samples on the RMS over the leads."""
    if high - low < round(0.06 * fs):
        return None
    part = signal[:, low:high]
    line = np.linspace(0.0, 1.0, part.shape[1])
    part = part - (part[:, :1] * (1 - line) + part[:, -1:] * line)
    size = np.sqrt((part**2).mean(axis=0))
    peak = int(size.argmax())
    slope = np.sqrt((np.gradient(part, axis=1) ** 2).mean(axis=0))
    left, right = slope[: peak + 1], slope[peak:]
    on = np.flatnonzero(left[: int(left.argmax()) + 1] < share * left.max())
    steep = int(right.argmax())
    off = np.flatnonzero(right[steep:] < share * right.max())
    start = int(on[-1]) if on.size else 0
    stop = peak + steep + (int(off[0]) if off.size else right.size - steep - 1)
    return low + start, low + stop
