"""What a rule found on an ECG."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FindingState = Literal["present", "absent", "not measurable"]


@dataclass(frozen=True)
class Finding:
    """The answer of one rule.

    Attributes
    ----------
    code : str
        Name of the rule, lower case with underscores: 'bradycardia', 'left_axis_deviation_3_lead' ...
    title : str
        The finding in words, sentence case.
    state : {"present", "absent", "not measurable"}
        What the rule says.
    reason : str
        What was measured and against which limit, in one sentence.
    measured : mapping of str to float
        The numbers that the rule looked at, with their units in the names.
    critical : bool
        True for a present finding that belongs into the critical box (docs/clinical.md, 20).
    """

    code: str
    title: str
    state: FindingState
    reason: str
    measured: Mapping[str, float]
    critical: bool = False
