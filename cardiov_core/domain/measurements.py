"""What was measured on an ECG: beats, the median beat with its wave boundaries, intervals, axes, voltages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cardiov_core.domain.arrays import FloatArray


@dataclass(frozen=True)
class WaveBoundaries:
    """Onset and offset of one wave, in seconds of the axis that its owner names.

    Attributes
    ----------
    onset_s, offset_s : float
        ``onset_s < offset_s``.
    """

    onset_s: float
    offset_s: float

    @property
    def duration_ms(self) -> float:
        """From onset to offset, in ms."""
        return 1000.0 * (self.offset_s - self.onset_s)


@dataclass(frozen=True)
class BeatBoundaries:
    """One beat with its waves on the record's own time axis.

    Attributes
    ----------
    r_s : float
        The R peak (the largest activity of the QRS over all leads), in seconds of the record.
    p, qrs, t : WaveBoundaries or None
        Global boundaries over all leads, in seconds of the record; None where the wave was not found.
    dominant : bool
        True where the beat has the shape of the median beat; False for a premature or otherwise different one, whose
        QRS and T wave are those of the beats of its own shape.
    """

    r_s: float
    p: WaveBoundaries | None
    qrs: WaveBoundaries | None
    t: WaveBoundaries | None
    dominant: bool = True


@dataclass(frozen=True, eq=False)
class MedianBeat:
    """The median over the beats of the dominant shape, all leads aligned at the R peak.

    Attributes
    ----------
    signal : numpy.ndarray
        float32, shape ``(n_leads, n_samples)``, in mV, on the base line before the P wave or the QRS.
    leads : tuple of str
        Names of the rows.
    sampling_rate : float
        In Hz.
    r_index : int
        Sample of the R peak; time zero of the boundaries.
    n_beats : int
        Beats that went into it.
    rr_s : float or None
        Median interval from the beat before, in s; None where there is only one beat.
    usable_leads : tuple of str
        Leads with a signal to judge by; the others are flat, tiny beside the rest, or mostly missing.
    p, qrs, t : WaveBoundaries or None
        Global boundaries in seconds relative to the R peak (negative before it); None where the wave was not found.
    """

    signal: FloatArray
    leads: tuple[str, ...]
    sampling_rate: float
    r_index: int
    n_beats: int
    rr_s: float | None = None
    usable_leads: tuple[str, ...] = ()
    p: WaveBoundaries | None = None
    qrs: WaveBoundaries | None = None
    t: WaveBoundaries | None = None


@dataclass(frozen=True, eq=False)
class Measurements:
    """What was measured on one ECG; None means 'not measurable', with the reason in `not_measurable`.

    Attributes
    ----------
    heart_rate_bpm : float or None
        From the mean RR interval over all beats.
    p_ms, pr_ms, qrs_ms, qt_ms : float or None
        Global durations and intervals in ms; PR from P onset to QRS onset.
    qtc_fridericia_ms, qtc_bazett_ms, qtc_framingham_ms, qtc_hodges_ms : float or None
        QT corrected for heart rate, in ms.
    p_axis_deg, qrs_axis_deg, t_axis_deg : float or None
        Frontal axes from -180 (excluded) to 180 degrees.
    sokolow_lyon_mv, cornell_mv : float or None
        S in V1 + larger R of V5 and V6; R in aVL + S in V3. In mV.
    rr_mean_ms, rr_sd_ms, rr_min_ms, longest_pause_ms : float or None
        Over all RR intervals, in ms; `longest_pause_ms` is the longest RR interval.
    regular : bool or None
        Whether the rhythm is regular; None where there are too few beats to tell.
    n_beats : int
        Beats found in the record.
    p_confidence : float or None
        Probability that a P wave leads to the QRS, 0..1; low where none was found.
    atrial_rate_bpm : float or None
        Rate of the P waves, that of the ventricles where every QRS follows one; of flutter waves where they show.
    p_qrs_dissociated : bool or None
        Whether P waves and QRS complexes, both regular, go their own ways; None where it cannot be told.
    p_waves_s : tuple of float
        Middles of dissociated P waves in seconds of the record; empty otherwise.
    st_mv : mapping of str to float
        Lead -> ST level 60 ms after the J point against the level before the QRS, in mV.
    r_mv, s_mv : mapping of str to float
        Lead -> largest positive, and depth (>= 0) of the largest negative deflection of the QRS, in mV.
    pacing_spikes_s : tuple of float
        Times of pacemaker spikes in seconds of the record; empty where there are none.
    measured_s : tuple of float
        Beginning and end, in seconds of the record, of what was measured: a long record's beginning.
    gaps_s : tuple of (float, float)
        Stretches within it in which no lead has a signal: invalid samples, zeros, held values. They are no pauses.
    notes : mapping of str to str
        Field name -> what to know about the number ('irregular rhythm: mean over 14 beats').
    not_measurable : mapping of str to str
        Field name -> why there is no number, a clause that fits behind 'not measurable: '.
    beats : tuple of BeatBoundaries
        Every beat with its boundaries on the record's time axis, for drawing.
    median_beat : MedianBeat or None
        None where no beat was found.
    """

    heart_rate_bpm: float | None = None
    p_ms: float | None = None
    pr_ms: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None
    qtc_fridericia_ms: float | None = None
    qtc_bazett_ms: float | None = None
    qtc_framingham_ms: float | None = None
    qtc_hodges_ms: float | None = None
    p_axis_deg: float | None = None
    qrs_axis_deg: float | None = None
    t_axis_deg: float | None = None
    sokolow_lyon_mv: float | None = None
    cornell_mv: float | None = None
    rr_mean_ms: float | None = None
    rr_sd_ms: float | None = None
    rr_min_ms: float | None = None
    longest_pause_ms: float | None = None
    regular: bool | None = None
    n_beats: int = 0
    p_confidence: float | None = None
    atrial_rate_bpm: float | None = None
    p_qrs_dissociated: bool | None = None
    p_waves_s: tuple[float, ...] = ()
    st_mv: Mapping[str, float] = field(default_factory=dict)
    r_mv: Mapping[str, float] = field(default_factory=dict)
    s_mv: Mapping[str, float] = field(default_factory=dict)
    pacing_spikes_s: tuple[float, ...] = ()
    measured_s: tuple[float, float] = (0.0, 0.0)
    gaps_s: tuple[tuple[float, float], ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    not_measurable: Mapping[str, str] = field(default_factory=dict)
    beats: tuple[BeatBoundaries, ...] = ()
    median_beat: MedianBeat | None = None
