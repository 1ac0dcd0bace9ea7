"""More numbers of a record's row: the named waves of each lead, and signs of rhythm beat by beat.

The waves are those that findings rest on, Q, R, S, J, ST and T between the boundaries that the delineator found.
Heights count as shares of the lead's QRS, as everywhere in the row; R and S stand there in mV, too, where the gains can
be trusted. The signs say what the median beat cannot: atrial activity between the beats, whether P waves repeat, and
how the oddest beats differ.
"""

from collections.abc import Mapping

from cardiov_core.domain import EcgRecord, Measurements
from cardiov_core.signals.beat.rhythm_signs import rhythm_signs
from cardiov_core.signals.wave.lead_waves import LeadWaves, lead_waves

_LEAST_MV = 0.05
"""Denominator of a ratio of waves at least: smaller ones are noise."""

WAVES_OF_A_LEAD: tuple[tuple[str, str, str, str], ...] = (
    ("q_depth", "Q wave", "Q", "of QRS"),
    ("q_width", "Q wave", "Q width", "ms"),
    ("q_to_r", "Q wave", "Q over R", ""),
    ("r_height", "R and S waves", "R", "of QRS"),
    ("r_width", "QRS shape", "R width", "ms"),
    ("s_depth", "R and S waves", "S", "of QRS"),
    ("r_to_s", "R and S waves", "R over S", ""),
    ("r_peak_at", "QRS shape", "R peak time", "ms"),
    ("j", "ST", "J point", "of QRS"),
    ("st60", "ST", "ST (60 ms after J)", "of QRS"),
    ("t_tallest", "T wave", "T", "of QRS"),
    ("t_deepest", "T wave", "lowest point after ST", "of QRS"),
    ("r_mv", "hypertrophy voltage", "R", "mV"),
    ("s_mv", "hypertrophy voltage", "S", "mV"),
)
"""Key, group, words and unit of what is told of each lead."""

_ATRIAL, _P, _OTHER, _EARLY, _RHYTHM = "atrial activity", "P wave", "other beats", "early beats", "rhythm"

SIGNS: tuple[tuple[str, str, str, str], ...] = (
    ("bare_peak_hz", _ATRIAL, "strongest frequency between QRS complexes", "Hz"),
    ("bare_share", _ATRIAL, "share of that frequency", ""),
    ("bare_share_mean", _ATRIAL, "mean share of that frequency in II, V1 and aVF", ""),
    ("bare_rms", _ATRIAL, "size of atrial activity between QRS complexes (logarithm)", ""),
    ("bare_v1_rms", _ATRIAL, "size of atrial activity between QRS complexes in V1 (logarithm)", ""),
    ("bare_spread_hz", _ATRIAL, "spread of that frequency among leads", "Hz"),
    ("left_peak_hz", _ATRIAL, "strongest frequency without QRS and T", "Hz"),
    ("left_share", _ATRIAL, "share of the strongest frequency without QRS and T", ""),
    ("left_share_mean", _ATRIAL, "mean share of the strongest frequency without QRS and T", ""),
    ("left_rms", _ATRIAL, "size of atrial activity without QRS and T (logarithm)", ""),
    ("left_v1_rms", _ATRIAL, "size of atrial activity without QRS and T in V1 (logarithm)", ""),
    ("left_spread_hz", _ATRIAL, "spread of the strongest frequency without QRS and T", "Hz"),
    ("train_bpm", _ATRIAL, "rate of waves that come regularly between beats", "1/min"),
    ("train_strength", _ATRIAL, "how regularly waves come between beats", ""),
    ("train_spread", _ATRIAL, "independence of these waves of the beats", ""),
    ("p_repeats", _P, "likeness of what precedes the QRS from beat to beat", ""),
    ("p_repeats_ii", _P, "likeness of what precedes the QRS in II from beat to beat", ""),
    ("p_signal_to_noise", _P, "P wave against its variation (logarithm)", ""),
    ("no_p", _P, "absence of a P wave", ""),
    ("odd_share", _OTHER, "share of beats of another shape, by the signs of rhythm", ""),
    ("odd_count", _OTHER, "number of beats of another shape", ""),
    ("odd_early_count", _OTHER, "number of early beats of another shape", ""),
    ("odd_wide_count", _OTHER, "number of wide beats of another shape", ""),
    ("worst_oddness", _OTHER, "difference of the most unusual beat from the usual one", ""),
    ("second_oddness", _OTHER, "difference of the second most unusual beat from the usual one", ""),
    ("worst_likeness", _OTHER, "likeness of the most unusual beat with the usual one", ""),
    ("worst_before", _OTHER, "interval before the most unusual beat over the usual one", ""),
    ("worst_after", _OTHER, "interval after the most unusual beat over the usual one", ""),
    ("worst_width", _OTHER, "width of the most unusual beat over the usual one", ""),
    ("worst_size", _OTHER, "steepness of the most unusual beat over the usual one", ""),
    ("worst_p", _OTHER, "likeness of what precedes the most unusual beat", ""),
    ("least_likeness", _OTHER, "least likeness of a beat with the usual one", ""),
    ("usual_likeness", _OTHER, "median likeness of beats with the usual one", ""),
    ("early_alike_count", _EARLY, "number of early beats of the usual shape", ""),
    ("early_alike_before", _EARLY, "interval before the earliest beat of the usual shape over the usual one", ""),
    ("early_alike_after", _EARLY, "interval after the earliest beat of the usual shape over the usual one", ""),
    ("early_alike_p", _EARLY, "likeness of what precedes the earliest beat of the usual shape", ""),
    ("early_regular", _EARLY, "share of early beats at every second place", ""),
    ("other_intervals_cv", _RHYTHM, "spread of the intervals that are not early, over the usual one", ""),
    ("rr_cv", _RHYTHM, "spread of the RR intervals over their mean", ""),
    ("rr_plain_cv", _RHYTHM, "the same between beats of the usual shape", ""),
    ("rr_step", _RHYTHM, "change from RR to RR over their mean, by the signs of rhythm", ""),
    ("rr_plain_step", _RHYTHM, "median change from RR to RR between beats of the usual shape", ""),
    ("rr_small_step", _RHYTHM, "quarter of these changes that are smallest", ""),
    ("rr_span", _RHYTHM, "span of the RR intervals over their median", ""),
    ("rr_alike", _RHYTHM, "share of RR intervals within 5 % of their median", ""),
    ("rr_memory", _RHYTHM, "likeness of an RR interval with the next", ""),
)
"""Key (as in `rhythm_signs`), group, words and unit of each sign."""


def wave_numbers(measurements: Measurements, heights_mv: Mapping[str, float]) -> dict[str, float]:
    """Return the waves of each lead by feature key.

    `heights_mv`: lead -> height of its QRS in mV; other leads say nothing.
    """
    beat = measurements.median_beat
    if beat is None:
        return {}
    waves = {lead: own_waves for lead, own_waves in lead_waves(beat).items() if lead in heights_mv}
    numbers = {
        f"{key}_{lead}": value
        for lead, own_waves in waves.items()
        for key, value in _of_lead(own_waves, heights_mv[lead]).items()
    }
    if "r_mv" in measurements.not_measurable:
        return numbers
    voltages = {lead: {"r_mv": own_waves.r_mv, "s_mv": own_waves.s_mv} for lead, own_waves in waves.items()}
    return numbers | {f"{key}_{lead}": value for lead, own in voltages.items() for key, value in own.items()}


def sign_numbers(record: EcgRecord, measurements: Measurements) -> dict[str, float]:
    """Return the signs of rhythm by feature key; empty with fewer than four beats."""
    signs = rhythm_signs(record, measurements)
    return {} if signs is None else {key: float(signs.numbers[key]) for key, *_ in SIGNS}


def _of_lead(waves: LeadWaves, height_mv: float) -> dict[str, float]:
    depth = max(waves.s_mv, waves.q_mv if waves.is_qs else 0.0)
    numbers = {
        "q_depth": waves.q_mv / height_mv,
        "q_width": waves.q_ms,
        "q_to_r": waves.q_mv / max(waves.r_mv, _LEAST_MV),
        "r_height": waves.r_mv / height_mv,
        "r_width": waves.r_ms,
        "s_depth": waves.s_mv / height_mv,
        "r_to_s": (waves.r_mv + _LEAST_MV) / (depth + _LEAST_MV),
        "r_peak_at": waves.r_peak_ms,
        "j": waves.j_mv / height_mv,
        "t_tallest": waves.t_mv / height_mv,
        "t_deepest": waves.t_min_mv / height_mv,
    }
    if len(waves.st_mv) > _AT_60_MS:
        numbers["st60"] = waves.st_mv[_AT_60_MS] / height_mv
    return numbers


_AT_60_MS = 3
"""Place of J + 60 ms among a lead's ST levels."""
