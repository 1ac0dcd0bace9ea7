"""Electrodes on the wrong limb or in the wrong order on the chest, seen in the shape of the median beat.

Swapped arms turn lead I upside down, P, QRS and T alike, while V6, which looks from the same side, stays; aVR, now the
left arm, no longer mirrors V6. In the chest leads each lead resembles its neighbours, so that two interchanged leads
make the way from V1 to V6 longer than it needs to be. Left arm against left leg hardly shows and is not judged.
"""

from itertools import pairwise

import numpy as np

from cardiov_core.domain import CHEST_LEADS, Float64Array, IntArray
from cardiov_core.signals.beat.medians import median_over_beats

_BEFORE_R_S, _AFTER_R_S = 0.25, 0.40
_MIN_BEATS = 2
_MAX_BEATS = 40

# Correlation of the median beats, chosen on PTB-XL's folds 1-5: no ECG of them without a pacemaker reaches these. Right
# axis deviation and inferior infarction turn the QRS complex of I or II over, but neither all waves nor aVR.
_MIRRORED = -0.5
_AVR_NO_LONGER_OPPOSITE = -0.8
_AVR_NO_LONGER_OPPOSITE_LEG = -0.7
# Way from V1 to V6 with two leads exchanged, relative to the way as recorded. In folds 1-5 one record of 232 is under
# this, PTB-XL 497, whose R wave of 0.8 mV in V2, 0.5 in V3 and 2.4 in V4 looks like a true exchange; the next is 0.89.
_SHORTER_WAY = 0.83
# Differences of the correlations with aVR and I, of V6 and of V1, and which way their beats mostly point, -1 to 1.
# Turned round, 90 % of 439 ECGs of PTB-XL, LUDB and CinC without spikes reach all four; as they are, and with limb
# electrodes swapped, none does.
_V6_ON_THE_RIGHT, _V1_ON_THE_LEFT = -0.5, 0.6
_V1_UP, _V6_DOWN = 0.0, -0.2


def median_beat(leads: dict[str, Float64Array], peaks: IntArray, sampling_rate_hz: float) -> dict[str, Float64Array]:
    """Return the median over all beats of each lead, from 250 ms before the R peak to 400 ms after it.

    `leads`: shape (n_samples,), in mV, without drift and noise. `sampling_rate_hz`: in Hz. Returns zero at the beat's
    beginning; empty where fewer than two beats lie wholly within the record.
    """
    if not leads:
        return {}
    before, after = round(_BEFORE_R_S * sampling_rate_hz), round(_AFTER_R_S * sampling_rate_hz)
    stacked = np.stack(list(leads.values()))
    whole = [int(peak) for peak in peaks if peak >= before and peak + after <= stacked.shape[1]][:_MAX_BEATS]
    if len(whole) < _MIN_BEATS:
        return {}
    beat = median_over_beats([stacked[:, peak - before : peak + after] for peak in whole])
    beat -= np.median(beat[:, : max(1, before // 5)], axis=1, keepdims=True)
    return dict(zip(leads, beat, strict=True))


def find_limb_swap(beat: dict[str, Float64Array]) -> str | None:
    """Tell which limb electrodes look interchanged.

    Returns {"arms", "right arm and left leg"}; None where nothing speaks for it, or I, II, aVR or V6 is not there.
    """
    if not {"I", "II", "aVR", "V6"} <= beat.keys():
        return None
    opposite = _correlation(beat["aVR"], beat["V6"])
    across, along = _correlation(beat["I"], beat["V6"]), _correlation(beat["II"], beat["V6"])
    if across <= along:
        return "arms" if across < _MIRRORED and opposite > _AVR_NO_LONGER_OPPOSITE else None
    return "right arm and left leg" if along < _MIRRORED and opposite > _AVR_NO_LONGER_OPPOSITE_LEG else None


def find_chest_swap(beat: dict[str, Float64Array]) -> tuple[str, str] | None:
    """Tell which two chest leads look interchanged.

    Returns the two leads; None where the order as recorded is the smoothest, or a chest lead is not there.
    """
    if not set(CHEST_LEADS) <= beat.keys():
        return None
    rows = np.stack([beat[lead] for lead in CHEST_LEADS])
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    if not norms.all():
        return None
    shapes = rows / norms
    distance = np.linalg.norm(shapes[:, np.newaxis] - shapes[np.newaxis], axis=2)
    order = list(range(len(CHEST_LEADS)))
    recorded = _way(distance, order)
    shortest, pair = recorded, (0, 0)
    for first in order:
        for second in order[first + 1 :]:
            tried = order.copy()
            tried[first], tried[second] = second, first
            way = _way(distance, tried)
            if way < shortest:
                shortest, pair = way, (first, second)
    if recorded == 0.0 or shortest >= _SHORTER_WAY * recorded:
        return None
    return CHEST_LEADS[pair[0]], CHEST_LEADS[pair[1]]


def chest_reversed(beat: dict[str, Float64Array]) -> bool:
    """Tell whether V1 to V6 look as if their order were turned round.

    Returns True where V1 points up and looks like I, and V6 points down and does not, as in a heart on the right.
    """
    if not {"I", "aVR", "V1", "V6"} <= beat.keys():
        return False
    right = _correlation(beat["V6"], beat["aVR"]) - _correlation(beat["V6"], beat["I"])
    left = _correlation(beat["V1"], beat["I"]) - _correlation(beat["V1"], beat["aVR"])
    pointing = _pointing(beat["V1"]) >= _V1_UP and _pointing(beat["V6"]) <= _V6_DOWN
    return pointing and right >= _V6_ON_THE_RIGHT and left >= _V1_ON_THE_LEFT


def _pointing(row: Float64Array) -> float:
    span = float(np.ptp(row))
    return float(row.max() + row.min()) / span if span > 0.0 else 0.0


def _way(distance: Float64Array, order: list[int]) -> float:
    return float(sum(distance[here, there] for here, there in pairwise(order)))


def _correlation(first: Float64Array, second: Float64Array) -> float:
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size > 0.0 else 0.0
