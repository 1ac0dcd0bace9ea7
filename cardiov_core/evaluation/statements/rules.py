"""Rule detectors beside a network: which findings decide which answer (Kang and Wen 2022, section 5).

The paper lets rules decide where a class is defined by a number that z-scored networks cannot see: rate, axis, voltage,
pacing, and R wave progression of its appendix. The rules here are CardioV's findings.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np

from cardiov_core.datasets import Task
from cardiov_core.domain import BoolArray
from cardiov_core.errors import LabelError

HowRulesCount = Literal["override", "join"]
"""The rule's answer takes the network's place, or is added to it."""

_SLOW = frozenset({"bradycardia", "severe_bradycardia"})
_LOW_VOLTAGE = frozenset({"low_qrs_voltage_limb", "low_qrs_voltage_precordial"})
_PACED = frozenset({"pacing"})

FINDINGS_OF: Mapping[str, frozenset[str]] = {
    "Brady": _SLOW,
    "LAD": frozenset({"left_axis_deviation"}),
    "RAD": frozenset({"right_axis_deviation"}),
    "LQRSV": _LOW_VOLTAGE,
    "PR": _PACED,
    "PRWP": frozenset({"poor_r_progression"}),
}
"""Abbreviation of a scored class of the challenges -> codes of findings that assert it."""

FINDINGS_OF_STATEMENT: Mapping[str, frozenset[str]] = {"SBRAD": _SLOW, "LVOLT": _LOW_VOLTAGE, "PACE": _PACED}
"""The same for PTB-XL, which has no statement for the axis and none for poor R progression."""


def rules_of(task: Task) -> tuple[frozenset[str] | None, ...]:
    """Return the findings that assert each output of a task, None where no rule knows it."""
    known = FINDINGS_OF if task.source == "cinc" else FINDINGS_OF_STATEMENT
    return tuple(known.get(output) for output in task.outputs)


def answers_with_rules(
    answers: BoolArray,
    findings: Sequence[Collection[str]],
    rules: Sequence[frozenset[str] | None],
    how: HowRulesCount = "override",
) -> BoolArray:
    """Return answers in which rules decide the outputs that they know.

    Parameters
    ----------
    answers : numpy.ndarray of bool, shape (n_records, n_outputs)
        Of a network.
    findings : sequence of collection of str
        Codes of the findings that each record has.
    rules : sequence of frozenset of str or None
        One per output, from `rules_of`.
    how : {"override", "join"}
        What a rule does.

    Raises
    ------
    LabelError
        If records or outputs are not as many.
    """
    if answers.shape != (len(findings), len(rules)):
        raise LabelError(
            f"Answers of shape {answers.shape} do not fit {len(findings)} records and {len(rules)} outputs.",
            "Give one row per record and one column per output.",
        )
    decided = np.array(answers, dtype=bool)
    for column, codes in enumerate(rules):
        if codes is None:
            continue
        asserted = np.array([bool(codes & set(own)) for own in findings], dtype=bool)
        decided[:, column] = asserted if how == "override" else decided[:, column] | asserted
    return decided
