"""Premature beats, ventricular and atrial: how many, and whether in pairs, runs or every second beat."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from cardiov_core.domain import Finding, how_many
from cardiov_core.signals.findings.answer import Seen, Unmeasurable, answer
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import Evidence, limit_of, probability

PREMATURE_SHARE = 0.88
"""A beat is early that comes within this share of the usual interval (house convention)."""

_WIDE_SHARE = 1.15
_UNLIKE = 0.8
_ALIKE = 0.85
_RUN = 3


def find(evidence: Evidence, findings: Mapping[str, Finding]) -> Iterator[Finding]:
    """Look for premature beats."""
    fibrillating = any(
        code in findings and findings[code].state == "present" for code in ("atrial_fibrillation", "atrial_flutter")
    )
    yield answer(ROWS["ventricular_premature_beats"], evidence, _ventricular)
    yield answer(ROWS["atrial_premature_beats"], evidence, lambda e: _atrial(e, fibrillating=fibrillating))


def ventricular_beats(evidence: Evidence) -> tuple[int, ...]:
    """Return the indices of beats that look ventricular: of another shape, and wide, or early with a pause."""
    signs = evidence.signs
    if signs is None:
        return ()
    beats = signs.beats
    before, after = np.nan_to_num(beats.before, nan=1.0), np.nan_to_num(beats.after, nan=1.0)
    unlike = ~beats.dominant | (beats.likeness < _UNLIKE)
    wide = (beats.width > _WIDE_SHARE) | (beats.likeness < 0.3)
    early = (before < PREMATURE_SHARE) | (after > 1.0 / PREMATURE_SHARE)
    return tuple(np.flatnonzero(unlike & (wide | early)).tolist())


def atrial_beats(evidence: Evidence) -> tuple[int, ...]:
    """Return the indices of beats that come early with the usual QRS."""
    signs = evidence.signs
    if signs is None:
        return ()
    beats = signs.beats
    before = np.nan_to_num(beats.before, nan=1.0)
    return tuple(np.flatnonzero((before < PREMATURE_SHARE) & (beats.likeness >= _ALIKE)).tolist())


def pattern(indices: tuple[int, ...], n_beats: int) -> str:
    """Say how premature beats come: '1 couplet', 'a run of 4', 'bigeminy'; empty for single ones."""
    runs: list[int] = []
    for index, beat in enumerate(indices):
        if index and beat == indices[index - 1] + 1:
            runs[-1] += 1
        else:
            runs.append(1)
    parts = []
    couplets = runs.count(2)
    if couplets:
        parts.append(how_many(couplets, "couplet"))
    longest = max(runs, default=0)
    if longest >= _RUN:
        parts.append(f"a run of {longest}")
    steps = [later - earlier for earlier, later in pairwise(indices)]
    for step, word in ((2, "bigeminy"), (3, "trigeminy")):
        if steps.count(step) >= 2 and len(indices) * step >= 0.6 * n_beats:
            parts.append(word)
    return ", ".join(parts)


def _ventricular(evidence: Evidence) -> Seen | Unmeasurable:
    return _judged(evidence, "ventricular_premature_beats", ventricular_beats(evidence), "Ventricular premature beat")


def _atrial(evidence: Evidence, *, fibrillating: bool) -> Seen | Unmeasurable:
    if fibrillating:
        return Unmeasurable("in atrial fibrillation or flutter no beat is early")
    return _judged(evidence, "atrial_premature_beats", atrial_beats(evidence), "Atrial premature beat")


def _judged(evidence: Evidence, code: str, beats: tuple[int, ...], name: str) -> Seen | Unmeasurable:
    n_beats = evidence.measured.n_beats
    if evidence.signs is None:
        return Unmeasurable(f"there are only {n_beats} beats")
    chance = probability(evidence, code)
    if chance is None:
        return Unmeasurable("the trained detectors are not installed")
    limit = limit_of(code)
    is_there = chance >= limit
    count = len(beats)
    how = pattern(beats, n_beats)
    counted = f"{count} of {n_beats} beats {'is' if count == 1 else 'are'} early or of another shape"
    clause = f"the detector gives {100 * chance:.0f} %, present from {100 * limit:.0f} %"
    reason = f"{counted}{f' ({how})' if how else ''}; {clause}"
    numbers = {"n_beats_found": float(count), "n_beats": float(n_beats), "probability": chance}
    title = ""
    if is_there and count:
        title = f"{name}{'' if count == 1 else 's'}: {count} of {n_beats} beats{f', {how}' if how else ''}"
    return Seen(
        is_there, reason, numbers, chance if is_there else 1.0 - chance, beats=beats if is_there else (), title=title
    )
