"""ECG statements and their critical values (paper, Table 2), and the label of a record.

The codes are those of PTB-XL's ``scp_statements.csv``: all 71 have a critical value. The paper's Table 2 writes AF
where PTB-XL's code is AFIB; every other code agrees.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cardiov_core.domain import Severity
from cardiov_core.errors import LabelError

LabelRule = Literal["highest_likelihood", "most_severe"]
"""How a record with several statements gets one label."""

LABEL_RULES: tuple[LabelRule, ...] = ("highest_likelihood", "most_severe")

_MAX_LIKELIHOOD = 100.0


@dataclass(frozen=True)
class Statement:
    """One ECG statement.

    Attributes
    ----------
    code : str
        Code of PTB-XL, such as ``"IMI"`` or ``"LAO/LAE"``.
    description : str
        The statement in words.
    critical_value : Severity
        Its level in the paper's Table 2.
    """

    code: str
    description: str
    critical_value: Severity


_DESCRIPTIONS: dict[Severity, dict[str, str]] = {
    Severity.NO_RISK: {
        "NORM": "normal ECG",
        "NT_": "non-specific T-wave changes",
        "SR": "sinus rhythm",
    },
    Severity.LOW_RISK: {
        "NDT": "non-diagnostic T abnormalities",
        "LAFB": "left anterior fascicular block",
        "IRBBB": "incomplete right bundle branch block",
        "NST_": "non-specific ST changes",
        "CRBBB": "complete right bundle branch block",
        "ISC_": "non-specific ischemic",
        "PACE": "normal functioning artificial pacemaker",
        "1AVB": "first degree AV block",
        "LAO/LAE": "left atrial overload/enlargement",
        "ISCLA": "ischemic in lateral leads",
        "ILBBB": "incomplete left bundle branch block",
        "RAO/RAE": "right atrial overload/enlargement",
        "LPFB": "left posterior fascicular block",
        "RVH": "right ventricular hypertrophy",
        "SEHYP": "septal hypertrophy",
        "STACH": "sinus tachycardia",
        "PAC": "atrial premature complex",
        "ABQRS": "abnormal QRS",
        "HVOLT": "high QRS voltage",
        "INVT": "inverted T-waves",
        "LOWT": "low amplitude T-waves",
        "LPR": "prolonged PR interval",
        "LVOLT": "low QRS voltages in the frontal and horizontal leads",
        "SARRH": "sinus arrhythmia",
        "SBRAD": "sinus bradycardia",
        "STD_": "non-specific ST depression",
        "STE_": "non-specific ST elevation",
        "TAB_": "T-wave abnormality",
    },
    Severity.MEDIUM_RISK: {
        "LVH": "left ventricular hypertrophy",
        "CLBBB": "complete left bundle branch block",
        "ISCAL": "ischemic in anterolateral leads",
        "IVCD": "non-specific intraventricular conduction disturbance (block)",
        "PVC": "ventricular premature complex",
        "INJAS": "subendocardial injury in anteroseptal leads",
        "ISCAS": "ischemic in anteroseptal leads",
        "ISCIN": "ischemic in inferior leads",
        "ISCIL": "ischemic in inferolateral leads",
        "AFLT": "atrial flutter",
        "AFIB": "atrial fibrillation",
        "EL": "electrolytic disturbance or drug (former EDIS)",
        "PSVT": "paroxysmal supraventricular tachycardia",
        "DIG": "digitalis-effect",
        "ISCAN": "ischemic in anterior leads",
        "2AVB": "second degree AV block",
        "INJIL": "subendocardial injury in inferolateral leads",
        "INJLA": "subendocardial injury in lateral leads",
        "INJIN": "subendocardial injury in inferior leads",
        "BIGU": "bigeminal pattern (unknown origin, SV or Ventricular)",
        "PRC(S)": "premature complex(es)",
        "QWAVE": "Q waves present",
        "SVARR": "supraventricular arrhythmia",
        "SVTAC": "supraventricular tachycardia",
        "TRIGU": "trigeminal pattern (unknown origin, SV or Ventricular)",
        "VCLVH": "voltage criteria (QRS) for left ventricular hypertrophy",
    },
    Severity.HIGH_RISK: {
        "IMI": "inferior myocardial infarction",
        "ASMI": "anteroseptal myocardial infarction",
        "ILMI": "inferolateral myocardial infarction",
        "AMI": "anterior myocardial infarction",
        "ALMI": "anterolateral myocardial infarction",
        "LNGQT": "long QT-interval",
        "WPW": "Wolff-Parkinson-White syndrome",
        "LMI": "lateral myocardial infarction",
        "IPLMI": "inferoposterolateral myocardial infarction",
        "INJAL": "subendocardial injury in anterolateral leads",
        "IPMI": "inferoposterior myocardial infarction",
        "PMI": "posterior myocardial infarction",
        "3AVB": "third degree AV block",
        "ANEUR": "ST-T changes compatible with ventricular aneurysm",
    },
}

STATEMENTS: Mapping[str, Statement] = MappingProxyType(
    {
        code: Statement(code, description, level)
        for level, descriptions in _DESCRIPTIONS.items()
        for code, description in descriptions.items()
    }
)
"""All 71 statements by code: 3 of no risk, 28 of low, 26 of medium and 14 of high risk (paper, Table 2)."""


def critical_value_of(code: str) -> Severity:
    """Return the critical value of one statement.

    Parameters
    ----------
    code : str
        Code of PTB-XL, in its spelling.

    Returns
    -------
    Severity
        The level in the paper's Table 2.

    Raises
    ------
    LabelError
        If there is no such statement.
    """
    try:
        return STATEMENTS[code].critical_value
    except KeyError:
        raise LabelError(
            f"There is no ECG statement {code!r} among the 71 of PTB-XL.",
            "Use a code of PTB-XL's scp_statements.csv, for example NORM, AFIB or IMI.",
        ) from None


def deciding_statement(scp_codes: Mapping[str, float], rule: LabelRule = "highest_likelihood") -> str:
    """Return the statement that decides a record's label.

    Parameters
    ----------
    scp_codes : mapping of str to float
        A record's statements with their likelihoods, 0..100, in the record's own order. PTB-XL gives rhythm and
        many form statements the likelihood 0, which means 'present, not graded'.
    rule : {"highest_likelihood", "most_severe"}
        The paper's rule, or the gravest statement whatever its likelihood.

    Returns
    -------
    str
        Code of the deciding statement; on a tie, the first in the record's own order.

    Raises
    ------
    LabelError
        If there is no statement, an unknown one, a likelihood outside 0..100 or an unknown rule.
    """
    if rule not in LABEL_RULES:
        raise LabelError(f"There is no label rule {rule!r}.", f"Use one of: {', '.join(LABEL_RULES)}.")
    if not scp_codes:
        raise LabelError(
            "The record has no ECG statement, so it has no critical value.",
            "Leave the record out, or add its statements.",
        )
    levels = {code: critical_value_of(code) for code in scp_codes}
    for code, likelihood in scp_codes.items():
        if not (math.isfinite(likelihood) and 0.0 <= likelihood <= _MAX_LIKELIHOOD):
            raise LabelError(
                f"Statement {code} has the likelihood {likelihood}, which is not within 0..100.",
                "Give likelihoods in per cent, 0 where a statement is present but not graded.",
            )
    # max() keeps the first of equals, and a mapping keeps the record's own order.
    if rule == "most_severe":
        return max(levels, key=levels.__getitem__)
    return max(scp_codes, key=scp_codes.__getitem__)


def label_of(scp_codes: Mapping[str, float], rule: LabelRule = "highest_likelihood") -> Severity:
    """Return the critical value of a record.

    Parameters
    ----------
    scp_codes : mapping of str to float
        A record's statements with their likelihoods, 0..100, in the record's own order.
    rule : {"highest_likelihood", "most_severe"}
        The paper's rule (the statement of the highest likelihood counts), or the gravest statement present.

    Returns
    -------
    Severity
        The label.

    Raises
    ------
    LabelError
        As :func:`deciding_statement`.
    """
    return critical_value_of(deciding_statement(scp_codes, rule))
