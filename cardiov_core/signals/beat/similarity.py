"""Telling a wave that every beat shows from what is left of fibrillation, noise or a dissociated rhythm.

A median over beats always has a largest deviation before its QRS, and one after it. It is a P or T wave only where the
single beats show it, too: each beat's own stretch is compared, over all leads, with the sum of the others.
"""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import WaveBoundaries
from cardiov_core.filtering import smoothed
from cardiov_core.order_statistics import median, row_medians
from cardiov_core.signals.beat.median_beat import BeatSeries
from cardiov_core.signals.beat.medians import median_over_beats

LIKE_EACH_OTHER = 0.75
"""Median cosine between one beat's wave and the others' from which on the wave is believed.

Measured with boundaries by slopes on LUDB, PTB-XL's subset and the CinC samples: of 20 records stated as atrial
fibrillation 18 lie below for their P wave, of 482 stated as sinus rhythm 478 above (``benchmarks/p_waves.py``).
"""

MIN_BEATS = 3
"""Fewer beats cannot be compared."""

_SMOOTH_S = 0.016
_MARGIN_S = 0.02
_SMALLEST_NOISE_MV = 1e-4


def wave_similarity(series: BeatSeries, wave: WaveBoundaries, t_offset_s: float | None = None) -> float | None:
    """Return how much the beats resemble one another where the median beat has a wave.

    `wave`: in seconds relative to the R peak. `t_offset_s`: end of the T wave. The wave must also hold in the beats
    that the T wave before them does not reach. Returns median over the beats of the cosine with the sum of the others,
    -1..1, each lead scaled by its noise; None where fewer than three beats have signal there.
    """
    clear = np.ones(len(series.windows), dtype=bool)
    similarity = _similarity(series, wave, clear)
    if similarity is None or t_offset_s is None:
        return similarity
    # T waves that reach into the stretch resemble one another, too.
    free = t_offset_s - series.before_s <= wave.onset_s
    untouched = similarity if free.all() else _similarity(series, wave, free)
    return None if untouched is None else min(similarity, untouched)


def _similarity(series: BeatSeries, wave: WaveBoundaries, clear: npt.NDArray[np.bool_]) -> float | None:
    stretches = _stretches(series, wave, clear)
    # A wave that lies before the beats' windows begin has beats but no samples.
    if len(stretches) < MIN_BEATS or not stretches.size:
        return None
    typical = median_over_beats(stretches)
    away = (stretches - typical).transpose(1, 0, 2).reshape(stretches.shape[1], -1)
    noise = np.sqrt(row_medians(np.square(away)))
    flat = (stretches / (noise + _SMALLEST_NOISE_MV)).reshape(len(stretches), -1)
    others = flat.sum(axis=0) - flat
    lengths = np.linalg.norm(flat, axis=1) * np.linalg.norm(others, axis=1)
    if not lengths.all():
        return None
    return median((flat * others).sum(axis=1) / lengths)


def _stretches(series: BeatSeries, wave: WaveBoundaries, clear: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Cut the smoothed wave out of all whole beats, each from the straight line between its ends."""
    beat = series.median_beat
    fs = beat.sampling_rate
    rows = [beat.leads.index(lead) for lead in beat.usable_leads]
    first = max(0, beat.r_index + round((wave.onset_s - _MARGIN_S) * fs))
    last = beat.r_index + round((wave.offset_s + _MARGIN_S) * fs)
    # The stretch first: whole windows would be copied for a tenth of each.
    part = series.windows[:, rows, first:last]
    part = part if clear.all() else part[clear]
    # A sum is finite where all of its parts are.
    whole = np.isfinite(part.sum(axis=(1, 2)))
    part = part if whole.all() else part[whole]
    if not part.size:
        return part
    smooth = smoothed(part, _SMOOTH_S * fs)
    along = np.linspace(0.0, 1.0, smooth.shape[2])
    smooth -= smooth[:, :, :1] * (1.0 - along) + smooth[:, :, -1:] * along
    return smooth
