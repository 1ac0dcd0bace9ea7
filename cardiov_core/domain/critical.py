"""The critical value of an ECG, rules for critical results, and the results that an ECG has by them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Severity(IntEnum):
    """Critical value of an ECG; the order is the order of risk (paper, Eq. 1)."""

    NO_RISK = 0
    LOW_RISK = 1
    MEDIUM_RISK = 2
    HIGH_RISK = 3

    @property
    def title(self) -> str:
        """The level in words, sentence case: 'No risk' ... 'High risk'."""
        return f"{self.name.split('_', maxsplit=1)[0].capitalize()} risk"

    @property
    def numbered(self) -> str:
        """Number and words within a sentence, '0, no risk': no ECG is said to be without risk by words alone."""
        return f"{int(self)}, {self.title.lower()}"


@dataclass(frozen=True)
class Limit:
    """Bounds of one measured number; both may be set.

    Attributes
    ----------
    at_least, at_most : float or None
        Inclusive, in the unit that the number's name states.
    above, below : float or None
        Exclusive.
    """

    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None

    def holds(self, value: float) -> bool:
        """Tell whether a number lies within the bounds."""
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


@dataclass(frozen=True)
class CriticalRule:
    """What makes an ECG critical, who must be told, and how soon.

    Attributes
    ----------
    code : str
        Unique within its set, lower case with underscores.
    title : str
        In words, sentence case, without the limit.
    findings : tuple of str
        Codes of findings, one of which must be present; empty where the limits alone decide.
    limits : mapping of str to Limit
        Number of the measurements, or of the finding -> its bounds; all must hold. A number that could not be measured
        meets no limit.
    addressee : str
        Who must be told.
    within_minutes : int
        How soon it must be acknowledged.
    source : str
        Where the rule stands; says so where it was gathered second hand.
    statement : str
        The statement of PTB-XL that says the same, whose level in Table 2 of the CardioV paper is told beside it; empty
        where there is none.
    """

    code: str
    title: str
    findings: tuple[str, ...]
    limits: Mapping[str, Limit]
    addressee: str
    within_minutes: int
    source: str
    statement: str = ""


@dataclass(frozen=True)
class RuleSet:
    """A named list of rules.

    Attributes
    ----------
    name : str
        As in the file's name: 'cardiov', 'wei-2022' ...
    title : str
        In words.
    source : str
        Citation.
    remark : str
        What to know of it, and where it disagrees with Table 2 of the CardioV paper.
    rules : tuple of CriticalRule
        In the order of their rank: the first one met is named first.
    changed : mapping of str to Mapping
        Rule -> the limits that an installation changed; empty for a set as published.
    """

    name: str
    title: str
    source: str
    remark: str
    rules: tuple[CriticalRule, ...]
    changed: Mapping[str, Mapping[str, Limit]] = field(default_factory=dict)


@dataclass(frozen=True)
class CriticalResult:
    """A rule that an ECG meets.

    Attributes
    ----------
    rule_set : str
        Name of the set.
    rule : CriticalRule
        The rule, with the limits in force.
    finding : str or None
        Code of the finding that is present; None where numbers alone decided.
    measured : mapping of str to float
        The numbers that were compared, with their units in the names.
    """

    rule_set: str
    rule: CriticalRule
    finding: str | None
    measured: Mapping[str, float]
