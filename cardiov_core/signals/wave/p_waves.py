"""What can be said of the atria: a P wave before the QRS and how sure, their rate, and whether QRS follows them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cardiov_core.signals.beat.rhythm import Rhythm
from cardiov_core.signals.beat.similarity import LIKE_EACH_OTHER
from cardiov_core.signals.wave.atrial import AtrialWaves, find_atrial_waves
from cardiov_core.signals.wave.waves import Waves

_REGULAR = 0.75
_INDEPENDENT, _LOCKED = 0.5, 0.85
_FASTER, _MUCH_FASTER = 1.1, 1.5
_FEWEST_WAVES = 5
_P_RATES_BPM = (40.0, 150.0)
_LEADS_TO_QRS = 0.9
_FLUTTER_BPM, _FLUTTER_REGULAR, _FEWEST_FLUTTER_WAVES = 220.0, 0.85, 20
# Chosen on 400 records of PTB-XL with stated sinus rhythm, first-degree block, fibrillation or flutter.
_SIMILARITY_WEIGHT, _LOCKING_WEIGHT, _FOUND_WEIGHT, _CONSTANT = 6.0, 3.0, 3.0, -6.0


@dataclass(frozen=True)
class AtrialActivity:
    """The atria in numbers."""

    p_confidence: float | None = None  # probability that a P wave leads to the QRS, 0..1
    # Rate of the P waves, or of flutter waves where neither QRS nor T hides them, in 1/min.
    rate_bpm: float | None = None
    # Whether P waves and QRS complexes, both regular, go their own ways; None where it cannot be told.
    dissociated: bool | None = None
    p_waves_s: tuple[float, ...] = ()  # middles of dissociated P waves, in seconds of the record
    # 'p_confidence', 'rate_bpm', 'dissociated' -> why there is none.
    missing: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def atrial_activity(waves: Waves) -> AtrialActivity:
    """Judge the atria of a record."""
    atrial = find_atrial_waves(waves.series, waves.delineation)
    if atrial is None:
        few = "there are too few beats of one shape"
        return AtrialActivity(missing=dict.fromkeys(("p_confidence", "rate_bpm", "dissociated"), few))
    confidence = _confidence(waves, atrial)
    if _dissociated(waves, atrial) and atrial.period_s is not None:
        return AtrialActivity(0.0, 60.0 / atrial.period_s, True, tuple(atrial.times_s.tolist()))
    if waves.delineation.p is None or waves.rhythm is None:
        reason = waves.missing.get("p", "no regular P waves were found")
        rate_bpm = _flutter_bpm(atrial, waves.rhythm)
        lacking = ("dissociated",) if rate_bpm is not None else ("rate_bpm", "dissociated")
        return AtrialActivity(confidence, rate_bpm, missing=dict.fromkeys(lacking, reason))
    return AtrialActivity(confidence, waves.rhythm.heart_rate_bpm, False)


def _dissociated(waves: Waves, atrial: AtrialWaves) -> bool:
    """Tell whether regular P waves pass through regular QRS complexes."""
    rhythm, period_s = waves.rhythm, atrial.period_s
    if rhythm is None or period_s is None or not rhythm.regular or atrial.times_s.size < _FEWEST_WAVES:
        return False
    if waves.delineation.p is not None and (waves.p_similarity or 0.0) >= _LEADS_TO_QRS:
        return False
    rate_bpm = 60.0 / period_s
    return (
        _P_RATES_BPM[0] <= rate_bpm <= _P_RATES_BPM[1]
        and rate_bpm >= _FASTER * rhythm.heart_rate_bpm
        and atrial.regularity >= _REGULAR
        and atrial.locking < _INDEPENDENT
    )


def _flutter_bpm(atrial: AtrialWaves, rhythm: Rhythm | None) -> float | None:
    """Return the rate of waves that come as fast and as regularly as those of flutter, and faster than the beats."""
    if rhythm is None or atrial.period_s is None or atrial.times_s.size < _FEWEST_FLUTTER_WAVES:
        return None
    rate_bpm = 60.0 / atrial.period_s
    fast = rate_bpm >= max(_FLUTTER_BPM, _MUCH_FASTER * rhythm.heart_rate_bpm)
    return rate_bpm if fast and atrial.regularity >= _FLUTTER_REGULAR else None


def _confidence(waves: Waves, atrial: AtrialWaves) -> float:
    similarity = waves.p_similarity or 0.0
    if waves.delineation.p is None and similarity >= LIKE_EACH_OTHER:
        similarity = 0.0  # it repeats, but cannot be a P wave
    score = (
        _CONSTANT
        + _SIMILARITY_WEIGHT * similarity
        + _LOCKING_WEIGHT * atrial.locking * atrial.regularity
        + _FOUND_WEIGHT * (waves.delineation.p is not None)
    )
    return 1.0 / (1.0 + math.exp(-score))
