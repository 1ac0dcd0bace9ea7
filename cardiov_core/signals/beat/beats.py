"""Finding heart beats over all leads at once, and telling beats from noise.

The leads are band-passed to the QRS complex, rectified and averaged, so that neither polarity nor one bad lead
decides; sleepecg's detector (a Pan-Tompkins variant) then finds the peaks. A detector finds 'beats' in noise, too:
beats must stand out of the background and resemble one another in shape over all leads.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.lost_signal import without_lost_samples
from cardiov_core.signals.beat.activity import QRS_BAND_HZ, Float64Array, qrs_leads
from cardiov_core.signals.beat.recount import with_small_beats

IntArray = npt.NDArray[np.int64]

_QRS_HALF_WIDTH_S = 0.12
_REFRACTORY_S = 0.2
_MIN_DURATION_S = 2.0
# On LUDB 0.3 to 0.45 find all 904 marked beats and none besides; 0.2 finds two flutter waves, and P waves of blocks.
_SMALLEST_BEAT = 0.3
_TINY = float(np.finfo(np.float32).tiny)
_SHAPE_HALF_WIDTH_S = 0.16
_MAX_COMPARED_BEATS = 40

# Measured on 986 real records of PTB-XL, LUDB and CinC: prominence of their beats >= 6.7, resemblance >= 0.90.
# Simulated noise (white, brown, one source in all leads, mains hum, drift) that exceeds a prominence of 4 stays under
# a resemblance of 0.75. Wide, regular complexes stand out less, but repeat almost exactly.
_DISTINCT = (4.0, 0.75)
_REGULAR = (2.0, 0.95)


class Beats(NamedTuple):
    """Peaks with the evidence that they are heart beats.

    Attributes
    ----------
    peaks : numpy.ndarray
        int64, shape ``(n_beats,)``: rising sample indices.
    prominence : float
        Height of the peaks over the background.
    resemblance : float
        Median cosine of a peak's shape with that of its most similar other, 0..1.
    """

    peaks: IntArray
    prominence: float
    resemblance: float

    @property
    def sinusoidal(self) -> bool:
        """Whether the signal swings alike and without a rest: ventricular flutter, tremor or hum, but no beats."""
        return not self.convincing and self.resemblance >= _REGULAR[1]

    @property
    def convincing(self) -> bool:
        """Whether these are heart beats rather than noise, hum or a flat line."""
        return any(
            self.prominence >= prominence and self.resemblance >= resemblance
            for prominence, resemblance in (_DISTINCT, _REGULAR)
        )


def detect_r_peaks(record: EcgRecord) -> IntArray:
    """Find the heart beats of a record.

    Parameters
    ----------
    record : EcgRecord
        Any record of 80 to 2000 Hz; gaps (NaN) are bridged by straight lines for this purpose.

    Returns
    -------
    numpy.ndarray, shape (n_beats,)
        int64; rising sample indices at which the QRS complex is largest over all leads. Empty where the record is
        flat or shorter than 2 s. Noise gives peaks as well: see :func:`has_heart_beats`.

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low for a QRS complex.
    """
    return find_beats(record).peaks


def has_heart_beats(record: EcgRecord) -> bool:
    """Tell whether a record shows heart beats rather than noise, hum or a flat line.

    Parameters
    ----------
    record : EcgRecord
        Any record of 80 to 2000 Hz.

    Returns
    -------
    bool
        True where at least two peaks stand out of the background and resemble another one in shape.

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low for a QRS complex.
    """
    return find_beats(record).convincing


def find_beats(record: EcgRecord) -> Beats:
    """Find peaks and the evidence that they are heart beats, in one go.

    Parameters
    ----------
    record : EcgRecord
        Any record of 80 to 2000 Hz.

    Returns
    -------
    Beats
        Without peaks where the record is flat or shorter than 2 s.

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low for a QRS complex.
    """
    nothing = Beats(np.empty(0, dtype=np.int64), 0.0, 0.0)
    fs = record.sampling_rate
    if record.duration_s < _MIN_DURATION_S or not record.leads:
        return nothing
    if fs <= 2 * QRS_BAND_HZ[1]:
        raise RecordUnsupportedError(
            f"{record.record_id} is sampled at {fs:g} Hz, too slowly to find QRS complexes.",
            "Export the ECG with 80 samples a second or more.",
        )
    live = without_lost_samples(record)
    leads = qrs_leads(live.signal, fs)
    if not len(leads.rows):
        return nothing
    activity = leads.activity
    peaks = with_small_beats(leads, activity, _detect(activity, fs), fs)
    return Beats(peaks, *_evidence(leads.rows, activity, peaks, fs))


def _detect(activity: Float64Array, sampling_rate_hz: float) -> IntArray:
    # sleepecg takes most of a second to import; records that are only read need not wait for it.
    from sleepecg.heartbeats import detect_heartbeats

    try:
        found = detect_heartbeats(activity, sampling_rate_hz)
    except ValueError:  # sleepecg refuses a flat line
        return np.empty(0, dtype=np.int64)
    reach = round(_QRS_HALF_WIDTH_S * sampling_rate_hz)
    peaks: list[int] = []
    for rough in found:
        # Twice, because sleepecg may report the far edge of a narrow complex.
        peak = _largest_near(activity, _largest_near(activity, int(rough), reach), reach)
        # The band-pass leaves side lobes around a narrow complex: of peaks too close for two beats, the larger counts.
        if peaks and peak - peaks[-1] < _REFRACTORY_S * sampling_rate_hz:
            peaks[-1] = peak if activity[peak] > activity[peaks[-1]] else peaks[-1]
        else:
            peaks.append(peak)
    if not peaks:
        return np.empty(0, dtype=np.int64)
    heights = activity[peaks]
    # In a long pause the detector looks for ever smaller peaks, down to the noise.
    large = heights >= _SMALLEST_BEAT * float(np.percentile(heights, 90))
    return np.asarray(peaks, dtype=np.int64)[large]


def _largest_near(activity: Float64Array, index: int, reach: int) -> int:
    start = max(0, index - reach)
    return start + int(np.argmax(activity[start : index + reach + 1]))


def _evidence(
    leads: Float64Array, activity: Float64Array, peaks: IntArray, sampling_rate_hz: float
) -> tuple[float, float]:
    """Return how far peaks exceed the background, and how much a peak resembles its most similar other."""
    reach = round(_SHAPE_HALF_WIDTH_S * sampling_rate_hz)
    whole = peaks[(peaks >= reach) & (peaks < activity.size - reach)]
    if whole.size < 2:
        return 0.0, 0.0
    whole = whole[:: -(-whole.size // _MAX_COMPARED_BEATS)]
    background = max(float(np.median(activity)), _TINY)
    prominence = float(np.median(activity[whole])) / background
    shapes = np.stack([leads[:, peak - reach : peak + reach + 1].ravel() for peak in whole])
    norms = np.linalg.norm(shapes, axis=1)
    if not norms.all():
        return 0.0, 0.0
    unit: Float64Array = shapes / norms[:, np.newaxis]
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1.0)
    return prominence, float(np.median(cosines.max(axis=1)))
