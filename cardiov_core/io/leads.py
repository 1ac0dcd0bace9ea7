"""Lead names in any spelling, units of voltage, and the limb leads that follow from two others."""

import re
from collections.abc import Sequence

import numpy as np

from cardiov_core.domain import LIMB_LEADS, STANDARD_LEADS, FloatArray

_PREFIX = re.compile(r"^(?:mdc_?ecg_?lead|ecg|ekg|lead|ch(?:annel)?)(?=[\s_.:\-]*[a-z])[\s_.:\-]*")

_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]$")

# IEC 60601-2-25 calls the chest electrodes C1-C6; Einthoven's leads are D1-D3 or DI-DIII in Romance languages. C1-C6
# are electrodes of an EEG as well (10-10 system), and D1-D3 of a 128-channel cap: only the neighbours tell.
_AMBIGUOUS: dict[str, str] = {
    **{f"c{number}": f"V{number}" for number in range(1, 7)},
    **{f"d{number}": lead for number, lead in ((1, "I"), (2, "II"), (3, "III"))},
}
_SPELLINGS: dict[str, str] = {
    **{lead.casefold(): lead for lead in STANDARD_LEADS},
    **_AMBIGUOUS,
    **{f"{letter}{number}": lead for letter in "dl" for number, lead in (("i", "I"), ("ii", "II"), ("iii", "III"))},
}
# Electrodes of an EEG, with or without reference: Fp1, Cz, T3, O1, C3-A2, M1; A1-A32 and B1-B32 of large caps.
_EEG = re.compile(
    r"^(?:eeg.*|(?:fp|afp?|f|fc|ft|t|tp|cp|p|po|o|m|i|n)(?:z|[0-9]{1,2})|cz|[ab][0-9]{1,2}|c[1-9][0-9]|d(?:[4-9]|[1-9][0-9]))"
    r"(?:[-:/].*)?$|^c[0-9z][-:/][a-z].*$"
)

LONGEST_NAME = 100
"""Longer texts name no lead; patterns of names take a time that grows with the square of a text's length."""

# Limb leads as sums of I and II (Einthoven 1913, Goldberger 1942): III = II - I, aVR = -(I + II) / 2 and so on.
_LIMB_WEIGHTS: dict[str, tuple[float, float]] = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}

_MV_PER_UNIT: dict[str, float] = {
    "mv": 1.0,
    "millivolt": 1.0,
    "millivolts": 1.0,
    "uv": 1e-3,
    "µv": 1e-3,
    "microvolt": 1e-3,
    "microvolts": 1e-3,
    "nv": 1e-6,
    "v": 1e3,
    "volt": 1e3,
    "volts": 1e3,
}

UNITS_HINT = "Units that are understood: nV, uV, mV, V."


def standard_lead(name: str) -> str | None:
    """Return the standard spelling of a lead's name.

    Returns one of `STANDARD_LEADS`; None where the name is no standard lead. An inverted lead ('-aVR') is none.
    """
    bare = _bare(name)
    return _SPELLINGS.get(bare) or _SPELLINGS.get(bare.replace(" ", "").replace("_", ""))


def _bare(name: str) -> str:
    if len(name) > LONGEST_NAME:
        return ""
    bare = _BRACKETS.sub("", name.strip().strip("'\"").casefold())
    previous = None
    while bare != previous:
        previous, bare = bare, _PREFIX.sub("", bare)
    return bare


def standard_leads(names: Sequence[str], units: Sequence[str] | None = None) -> tuple[str | None, ...]:
    """Return the standard lead of each channel, where label, unit and neighbours allow it.

    C1-C6 and D1-D3 are names of leads and of EEG electrodes. They count as leads only beside no electrode of an EEG,
    only where no other channel has the same lead by its usual name, and C1-C6 only where the first of them are there.
    A channel whose unit is no voltage is no lead where others have a voltage.
    """
    leads = [standard_lead(name) for name in names]
    if not any(leads):
        return tuple(leads)
    bare = [_bare(name) for name in names]
    usual = {lead for lead, name in zip(leads, bare, strict=True) if name not in _AMBIGUOUS}
    for letter in "cd":
        mine = [index for index, name in enumerate(bare) if name in _AMBIGUOUS and name[0] == letter]
        among_eeg = any(_EEG.match(name) for name in bare)
        doubled = any(leads[index] in usual for index in mine)
        torn = letter == "c" and not any(bare[index] in {"c1", "c2"} for index in mine)
        if among_eeg or doubled or torn:
            for index in mine:
                leads[index] = None
    if units is not None:
        volts = [not unit or mv_per_unit(unit) is not None for unit in units]
        if any(volt for volt, lead in zip(volts, leads, strict=True) if lead is not None):
            leads = [lead if volt else None for lead, volt in zip(leads, volts, strict=True)]
    return tuple(leads)


def mv_per_unit(unit: str) -> float | None:
    """Return how many mV one `unit` is, or None where the unit is unknown.

    `unit`: 'mV', 'mv', 'uV', 'µV', 'V', 'nV' or the word, in any case.
    """
    # U+03BC (Greek mu) and U+00B5 (micro sign) look alike; keyboards write both.
    return _MV_PER_UNIT.get(unit.strip().casefold().replace("\u03bc", "\u00b5"))


def missing_limb_leads(signal: FloatArray, leads: Sequence[str]) -> tuple[FloatArray, tuple[str, ...]]:
    """Compute the limb leads that were not recorded.

    Any two of the six limb leads fix the frontal plane, hence the other four; I and II are preferred.

    `signal`: float32, shape ``(n_leads, n_samples)``, in mV. Returns the computed leads, shape ``(n_derived,
    n_samples)``, and their names; none where fewer than two limb leads with samples were recorded.
    """
    wanted = tuple(lead for lead in LIMB_LEADS if lead not in leads)
    recorded = [lead for lead in LIMB_LEADS if lead in leads and np.isfinite(signal[leads.index(lead)]).any()]
    if not wanted or len(recorded) < 2:
        return np.empty((0, signal.shape[1]), dtype=np.float32), ()
    pair = recorded[:2]
    from_frontal = np.array([_LIMB_WEIGHTS[lead] for lead in pair])
    weights = np.array([_LIMB_WEIGHTS[lead] for lead in wanted]) @ np.linalg.inv(from_frontal)
    first, second = (signal[leads.index(lead)] for lead in pair)
    # Written as a sum, because a matrix product of NaN with a zero weight would spread NaN over other leads.
    rows = [
        (first * np.float32(a) if a else np.float32(0)) + (second * np.float32(b) if b else np.float32(0))
        for a, b in np.round(weights, 12)
    ]
    return np.stack([np.broadcast_to(row, signal.shape[1]) for row in rows]).astype(np.float32), wanted
