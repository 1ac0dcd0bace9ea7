"""Which order or which electrodes would make contradictory limb leads agree.

Four of the six limb leads follow from the other two (Einthoven, Goldberger). Where they do not, the file may name its
rows in another order than they have, two rows may be exchanged, or one may be upside down: each is tried, and what
makes the leads agree is named. Exchanges that keep the equations, of left arm and left leg for one, are not found so.
"""

from itertools import combinations

import numpy as np

from cardiov_core.domain import CHEST_LEADS, LIMB_LEADS, STANDARD_LEADS, Float64Array

AGREEING = 0.08
"""Disagreement, relative to the leads' size, up to which an explanation counts: recorded limb leads leave 0.01."""

# Order in which rows are sometimes stored, whatever they are called; '-aVR' is aVR upside down.
_ORDERS: dict[str, tuple[str, ...]] = {
    "V1 to V6 before the limb leads": (*CHEST_LEADS, *LIMB_LEADS),
    "Cabrera's (aVL, I, -aVR, II, aVF, III)": ("aVL", "I", "-aVR", "II", "aVF", "III", *CHEST_LEADS),
    "Cabrera's with aVR upright (aVL, I, aVR, II, aVF, III)": ("aVL", "I", "aVR", "II", "aVF", "III", *CHEST_LEADS),
    "I, II, III, aVL, aVR, aVF": ("I", "II", "III", "aVL", "aVR", "aVF", *CHEST_LEADS),
    "I, II, III, aVF, aVL, aVR": ("I", "II", "III", "aVF", "aVL", "aVR", *CHEST_LEADS),
    "aVR, aVL, aVF before I, II, III": ("aVR", "aVL", "aVF", "I", "II", "III", *CHEST_LEADS),
    "I, aVR, V1, V4, II, aVL, V2, V5, III, aVF, V3, V6 (by rows of the printed ECG)": (
        *("I", "aVR", "V1", "V4", "II", "aVL", "V2", "V5", "III", "aVF", "V3", "V6"),
    ),
    "I, II, V1 to V6, III, aVR, aVL, aVF": ("I", "II", *CHEST_LEADS, "III", "aVR", "aVL", "aVF"),
}
# Lead -> its shares of I and II.
_OF_I_AND_II = {"III": (-1.0, 1.0), "aVR": (-0.5, -0.5), "aVL": (1.0, -0.5), "aVF": (-0.5, 1.0)}


def disagreement(beat: dict[str, Float64Array], other: dict[str, Float64Array] | None = None) -> float | None:
    """Return how far limb leads are from what I and II say, relative to their size.

    Returns None where I, II or all others are not there, or nothing is in them.
    """
    again = beat if other is None else other
    others = [lead for lead in _OF_I_AND_II if lead in beat and lead in again]
    if not {"I", "II"} <= beat.keys() & again.keys() or not others:
        return None
    size = float(np.mean([np.mean(beat[lead] * again[lead]) for lead in ("I", "II", *others)]))
    if size <= 0.0:
        return None
    worst = 0.0
    for lead in others:
        one, two = _OF_I_AND_II[lead]
        first, second = (part[lead] - one * part["I"] - two * part["II"] for part in (beat, again))
        worst = max(worst, float(np.mean(first * second)))
    return float(np.sqrt(worst / size))


def likely_order(beat: dict[str, Float64Array]) -> str | None:
    """Say what would make contradictory limb leads agree.

    Returns a clause such as 'the order is V1 to V6 before the limb leads' or 'II and III are exchanged'; several with
    'or' where the leads do not tell them apart; None where nothing that was tried helps.
    """
    for tried in (
        _in_other_orders(beat),
        [*_exchanged(beat), *_upside_down(beat)],
        _with_chest(beat),
        _without_one(beat),
    ):
        good = [
            words
            for words, leads in tried
            if (difference := disagreement(leads)) is not None and difference <= AGREEING
        ]
        if good:
            return " or ".join(good[:3])
    return None


_Tried = list[tuple[str, dict[str, Float64Array]]]


def _limbs(leads: dict[str, Float64Array]) -> dict[str, Float64Array]:
    return {lead: row for lead, row in leads.items() if lead in LIMB_LEADS}


def _in_other_orders(beat: dict[str, Float64Array]) -> _Tried:
    tried: _Tried = []
    for name, order in _ORDERS.items():
        rows = {}
        for stated, true in zip(STANDARD_LEADS, order, strict=True):
            if stated in beat:
                rows[true.removeprefix("-")] = -beat[stated] if true.startswith("-") else beat[stated]
        tried.append((f"the order is {name}", _limbs(rows)))
    return tried


def _exchanged(beat: dict[str, Float64Array]) -> _Tried:
    limbs = _limbs(beat)
    return [
        (f"{one} and {other} are exchanged", {**limbs, one: limbs[other], other: limbs[one]})
        for one, other in combinations(limbs, 2)
    ]


def _upside_down(beat: dict[str, Float64Array]) -> _Tried:
    limbs = _limbs(beat)
    return [(f"{lead} is upside down", {**limbs, lead: -row}) for lead, row in limbs.items()]


def _with_chest(beat: dict[str, Float64Array]) -> _Tried:
    limbs = _limbs(beat)
    return [
        (f"{lead} and {chest} are exchanged", {**limbs, lead: beat[chest]})
        for lead in limbs
        for chest in CHEST_LEADS
        if chest in beat
    ]


def _without_one(beat: dict[str, Float64Array]) -> _Tried:
    limbs = _limbs(beat)
    return [
        (f"{lead} alone is wrong", {name: row for name, row in limbs.items() if name != lead})
        for lead in limbs
        if len(limbs) > 4 and lead not in ("I", "II")
    ]
