"""Rule detectors beside a network: which findings decide which class of the challenges (Kang and Wen 2022, section 5).

The paper lets rules decide where a class is defined by a number that z-scored networks cannot see: rate, axis, voltage,
pacing, and R wave progression of its appendix. The rules here are CardioV's findings.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np

from cardiov_core.datasets import Year, challenge_classes
from cardiov_core.domain import BoolArray
from cardiov_core.errors import LabelError

FINDINGS_OF: Mapping[str, frozenset[str]] = {
    "Brady": frozenset({"bradycardia", "severe_bradycardia"}),
    "LAD": frozenset({"left_axis_deviation"}),
    "RAD": frozenset({"right_axis_deviation"}),
    "LQRSV": frozenset({"low_qrs_voltage_limb", "low_qrs_voltage_precordial"}),
    "PR": frozenset({"pacing"}),
    "PRWP": frozenset({"poor_r_progression"}),
}
"""Abbreviation of a scored class -> codes of findings that assert it."""


def answers_with_rules(
    answers: BoolArray, findings: Sequence[Collection[str]], year: Year, how: Literal["override", "join"] = "override"
) -> BoolArray:
    """Return answers in which rules decide the classes that they know.

    Parameters
    ----------
    answers : numpy.ndarray of bool, shape (n_records, n_classes)
        Of a network, in the order of `challenge_classes`.
    findings : sequence of collection of str
        Codes of the findings that each record has.
    year : {2020, 2021}
        Which challenge.
    how : {"override", "join"}
        The rule's answer takes the network's place, or is added to it.

    Raises
    ------
    LabelError
        If there are not as many records, or the classes are not the year's.
    """
    classes = challenge_classes(year)
    if answers.shape != (len(findings), len(classes)):
        raise LabelError(
            f"Answers of shape {answers.shape} do not fit {len(findings)} records and {len(classes)} classes.",
            "Give one row a record and one column a scored class.",
        )
    decided = np.array(answers, dtype=bool)
    for column, one in enumerate(classes):
        codes = FINDINGS_OF.get(one.abbreviation)
        if codes is None:
            continue
        asserted = np.array([bool(codes & set(own)) for own in findings], dtype=bool)
        decided[:, column] = asserted if how == "override" else decided[:, column] | asserted
    return decided
