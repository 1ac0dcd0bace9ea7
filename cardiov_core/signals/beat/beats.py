"""Finding heart beats over all leads at once, and telling beats from noise.

The leads are band-passed to the QRS complex, rectified and averaged, so that neither polarity nor one bad lead
decides; sleepecg's detector (a Pan-Tompkins variant) then finds the peaks. A detector finds 'beats' in noise, too:
beats must stand out of the background and resemble one another in shape over all leads.
"""

from typing import NamedTuple

import numpy as np

from cardiov_core.domain import BoolArray, EcgRecord, Float64Array, IntArray
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.lost_signal import lost_in, without_lost_samples
from cardiov_core.order_statistics import median, row_percentiles
from cardiov_core.signals.beat.activity import QRS_BAND_HZ, QrsLeads, qrs_leads
from cardiov_core.signals.beat.gaps import bridged
from cardiov_core.signals.beat.pacing import (
    REST_SHARPNESS,
    all_spikes,
    only_tails,
    spike_candidates,
    spikes_among,
    without_spikes,
)
from cardiov_core.signals.beat.recount import with_small_beats
from cardiov_core.signals.beat.second_waves import without_second_waves

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
# Below this, leads that show beats by themselves are asked; one lead alone resembles itself by chance more often.
_SURE_RESEMBLANCE, _SURE_IN_FEW_LEADS = 0.92, 0.98
_FEW_LEADS = 3
_CLEARLY = 0.01
_CLEAN_RESEMBLANCE = 0.94
_FEWEST_ALONE = 4
_SAME_PEAKS = 0.85


class Beats(NamedTuple):
    """Peaks with the evidence that they are heart beats."""

    peaks: IntArray  # int64, shape ``(n_beats,)``: rising sample indices
    prominence: float  # height of the peaks over the background
    resemblance: float  # median cosine of a peak's shape with that of its most similar other, 0..1
    spikes_s: tuple[float, ...] = ()  # times of pacemaker spikes in seconds, rising, whether or not a beat follows them

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


def find_pacing_spikes(record: EcgRecord) -> tuple[float, ...]:
    """Find pacemaker spikes.

    Parameters
    ----------
    record : EcgRecord
        Any record of 80 to 2000 Hz; of a long one the first 60 s are searched.

    Returns
    -------
    tuple of float
        Times in seconds of the record, rising; empty where there are none, and for records under 250 Hz, in which
        they are not measurable (see :func:`~cardiov_core.signals.beat.pacing.can_show_pacing_spikes`).

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low to find R peaks.
    """
    return find_beats(record).spikes_s


def has_heart_beats(record: EcgRecord) -> bool:
    """Tell whether a record of 80 to 2000 Hz shows heart beats rather than noise, hum or a flat line.

    It does where at least two peaks stand out of the background and resemble another one in shape.
    """
    return find_beats(record).convincing


def find_beats(record: EcgRecord) -> Beats:
    """Find peaks and the evidence that they are heart beats, in one go.

    `record`: any record of 80 to 2000 Hz. Returns without peaks where the record is flat or shorter than 2 s.
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
    signal = bridged(without_lost_samples(record).signal)
    lost = lost_in(record)
    candidates = spike_candidates(signal, fs)
    if candidates.may_be_spikes:
        cleaned = without_spikes(signal, candidates.positions[candidates.sharpness >= REST_SHARPNESS], fs)
        beats = _find(cleaned, lost, record, fs)
        spikes = spikes_among(candidates, beats.peaks if beats.convincing else beats.peaks[:0], fs)
        if spikes.size:
            spikes_s = tuple((spikes / fs).tolist())
            if beats.convincing and only_tails(cleaned, beats.peaks, spikes, fs):
                return nothing._replace(spikes_s=spikes_s)
            return beats._replace(spikes_s=spikes_s)
        with_them = _find(signal, lost, record, fs)
        spikes = all_spikes(candidates, with_them.peaks, fs)
        if with_them.convincing and not beats.convincing and spikes.size:
            return nothing._replace(spikes_s=tuple((spikes / fs).tolist()))
        return with_them
    return _find(signal, lost, record, fs)


def _find(signal: Float64Array, lost: BoolArray, record: EcgRecord, sampling_rate_hz: float) -> Beats:
    """Find beats from all leads, or, where that leads to nothing, from those that show some by themselves."""
    leads = qrs_leads(np.where(lost, np.nan, signal) if lost.any() else signal, sampling_rate_hz)
    if not len(leads.rows):
        return Beats(np.empty(0, dtype=np.int64), 0.0, 0.0)
    beats = _beats_in(leads, signal, sampling_rate_hz)
    recorded = np.array([lead not in record.derived_leads for lead in record.leads])
    sure = _SURE_RESEMBLANCE if recorded[leads.usable].sum() > _FEW_LEADS else _SURE_IN_FEW_LEADS
    if beats.convincing and beats.resemblance >= sure:
        return beats
    clean = leads.only(_clean_leads(leads, recorded[leads.usable], sampling_rate_hz))
    if not 0 < len(clean.rows) < len(leads.rows):
        return beats
    among = _beats_in(clean, signal[leads.usable], sampling_rate_hz)
    enough = max(_CLEAN_RESEMBLANCE, beats.resemblance + _CLEARLY if beats.convincing else 0.0)
    return among if among.resemblance >= enough and among.prominence >= _DISTINCT[0] else beats


def _beats_in(leads: QrsLeads, signal: Float64Array, sampling_rate_hz: float) -> Beats:
    activity = leads.activity
    peaks = without_second_waves(signal, _detect(activity, sampling_rate_hz), activity, sampling_rate_hz)
    peaks = with_small_beats(leads, activity, peaks, sampling_rate_hz)
    return Beats(peaks, *_evidence(leads.rows, activity, peaks, sampling_rate_hz))


def _clean_leads(leads: QrsLeads, recorded: BoolArray, sampling_rate_hz: float) -> BoolArray:
    """Tell which leads show beats by themselves, and the same ones as the lead that shows them best."""
    alone: dict[int, Beats] = {}
    for index in np.flatnonzero(recorded):
        row = leads.only(np.array([index]))
        activity = row.activity
        peaks = _detect(activity, sampling_rate_hz)
        alone[int(index)] = Beats(peaks, *_evidence(row.rows, activity, peaks, sampling_rate_hz))
    clean = np.zeros(len(leads.rows), dtype=np.bool_)
    good = {
        index: beats
        for index, beats in alone.items()
        if beats.peaks.size >= _FEWEST_ALONE
        and beats.resemblance >= _CLEAN_RESEMBLANCE
        and beats.prominence >= _DISTINCT[0]
    }
    if good:
        best = max(good.values(), key=lambda beats: beats.resemblance)
        near = round(_QRS_HALF_WIDTH_S * sampling_rate_hz)
        for lead, beats in good.items():
            clean[lead] = _agree(beats.peaks, best.peaks, near)
    return clean


def _agree(some: IntArray, others: IntArray, near: int) -> bool:
    """Tell whether nearly all peaks of each have one of the other beside them."""
    apart = np.abs(some[:, np.newaxis] - others[np.newaxis])
    return bool(min((apart.min(axis=1) <= near).mean(), (apart.min(axis=0) <= near).mean()) >= _SAME_PEAKS)


def _detect(activity: Float64Array, sampling_rate_hz: float) -> IntArray:
    # sleepecg takes most of a second to import; records that are only read need not wait for it.
    from sleepecg.heartbeats import detect_heartbeats

    try:
        rough_peaks = detect_heartbeats(activity, sampling_rate_hz)
    except ValueError:  # sleepecg refuses a flat line
        return np.empty(0, dtype=np.int64)
    reach = round(_QRS_HALF_WIDTH_S * sampling_rate_hz)
    peaks: list[int] = []
    for rough in rough_peaks:
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
    large = heights >= _SMALLEST_BEAT * float(row_percentiles(heights, 90)[0])
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
    background = max(median(activity), _TINY)
    prominence = median(activity[whole]) / background
    shapes = np.stack([leads[:, peak - reach : peak + reach + 1].ravel() for peak in whole])
    norms = np.linalg.norm(shapes, axis=1)
    if not norms.all():
        return 0.0, 0.0
    unit: Float64Array = shapes / norms[:, np.newaxis]
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1.0)
    return prominence, median(cosines.max(axis=1))
