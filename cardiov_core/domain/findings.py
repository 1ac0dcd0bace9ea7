"""What was found on an ECG: each finding with its numbers, its limit, what speaks against it, and where it is seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FindingState = Literal["present", "absent", "not measurable"]

FindingGroup = Literal[
    "rhythm",
    "rate",
    "extra beats",
    "conduction",
    "ST",
    "infarct",
    "repolarisation",
    "hypertrophy",
    "axis",
    "voltage",
    "",
]
"""What a finding is about; empty only for findings that no table holds."""


@dataclass(frozen=True)
class OperatingFigures:
    """How a finding did on labelled records that had no part in finding it.

    Attributes
    ----------
    source : str
        Whose labels.
    n_with, n_without : int
        Records labelled so, and records without this and any related label, of those where it was measurable.
    sensitivity : float or None
        Share of the labelled in which it was present; None where there are none.
    specificity : float or None
        Share of the others in which it was absent; None where there are none.
    """

    source: str
    n_with: int
    n_without: int
    sensitivity: float | None
    specificity: float | None

    @property
    def words(self) -> str:
        """Both shares in words: 'In 100 ECGs without it, it is seen in 3; in 100 with it, in 95 (...)'."""
        parts = []
        if self.specificity is not None:
            parts.append(f"In 100 ECGs without it, it is seen in {_of_hundred(1.0 - self.specificity)}")
        if self.sensitivity is not None:
            parts.append(f"{'i' if parts else 'I'}n 100 with it, in {_of_hundred(self.sensitivity)}")
        counted = f"{self.source}, {self.n_without} without and {self.n_with} with it"
        return f"{'; '.join(parts)} ({counted})." if parts else ""


def _of_hundred(share: float) -> str:
    if 0.0 < share < 0.005:
        return "fewer than 1"
    return f"{100.0 * share:.0f}"


@dataclass(frozen=True)
class Finding:
    """One finding: whether it is there, by which numbers, and what speaks against it.

    Attributes
    ----------
    code : str
        Its name, lower case with underscores: 'st_elevation', 'left_bundle_branch_block' ...
    title : str
        The finding in words, sentence case.
    state : {"present", "absent", "not measurable"}
        What was found.
    reason : str
        What was measured and against which limit, in one sentence; of a finding that is not measurable, why.
    measured : mapping of str to float
        The numbers that were looked at, with their units in the names.
    critical : bool
        True for a present finding that belongs into the critical box (docs/clinical.md, 20 and 26).
    group : str
        What it is about: 'rhythm', 'conduction', 'ST' ...
    limit, source : str
        From where on it is present, in words, and where that limit comes from.
    confidence : float or None
        Probability that the state is right, 0..1: of a trained detector, its probability; of a rule, the probability
        that what was measured lies on this side of the limit, given how far measurements scatter. None where not
        measurable or where a count decides.
    against : tuple of str
        What speaks against a present finding, in whole sentences (bundle branch block, pacing, hypertrophy ...).
    leads : tuple of str
        Leads in which it is seen; empty where it belongs to none in particular.
    beats : tuple of int
        Indices of the beats (of `Measurements.beats`) in which it is seen; empty where it holds for all.
    j_mv : mapping of str to float
        Lead -> level of the J point in the median beat against the level before the QRS, for drawing.
    shown : bool
        Whether it is shown by default; False for criteria whose specificity stays under 0.95.
    figures : OperatingFigures or None
        How it did on labelled records; None where none were labelled.
    """

    code: str
    title: str
    state: FindingState
    reason: str
    measured: Mapping[str, float]
    critical: bool = False
    group: FindingGroup = ""
    limit: str = ""
    source: str = ""
    confidence: float | None = None
    against: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    beats: tuple[int, ...] = ()
    j_mv: Mapping[str, float] = field(default_factory=dict)
    shown: bool = True
    figures: OperatingFigures | None = None


@dataclass(frozen=True)
class RhythmLine:
    """The rhythm in one line.

    Attributes
    ----------
    text : str
        'Sinus rhythm 62/min', 'Atrial fibrillation, 88/min', 'not classified'.
    code : str or None
        Code of the finding that decides; None where the rhythm is not classified.
    rate_bpm : float or None
        Ventricular rate.
    reason : str
        Why, in one sentence.
    """

    text: str
    code: str | None
    rate_bpm: float | None
    reason: str
