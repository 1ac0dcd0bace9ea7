"""What stands above an ECG: its intervals, the machine's statement, why the level is what it is, what needs a look."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cardiov_core.domain import Analysis, EcgRecord, Finding, MachineReading, Measurements, ReasonCode, Severity, texts
from cardiov_core.reporting.words.critical import result_words
from cardiov_core.reporting.words.levels import THIN_SPACE
from cardiov_core.reporting.words.measurements import MeasurementRow, measurement_rows

MOST_REASONS = 2
"""Findings that a level's reason names; the others are in the evidence."""

MOST_LINES = 4
"""Lines of the machine's statement that the head has room for; the others are with the measurements."""

_NAMES: Mapping[str, str] = {
    "Heart rate": "HR",
    "PR interval": "PR",
    "QRS duration": "QRS",
    "QT interval": "QT",
    "QTc, Fridericia": "QTc",
    "QRS axis": "Axis",
}
# What is told elsewhere, or matters only to who asks how the level came about.
_IN_EVIDENCE_ONLY = {
    ReasonCode.RESAMPLED,
    ReasonCode.PADDED,
    ReasonCode.WINDOW,
    ReasonCode.LEADS_DERIVED,
    ReasonCode.OUT_OF_FOLD,
    ReasonCode.TRAINED_TWICE,
    ReasonCode.EXPLAINED_BY_SHIPPED,
    ReasonCode.RAISED_BY_FINDING,
    ReasonCode.GRADED_WITHOUT_AGE_OR_SEX,
}
# The gravest first; what is not named comes last, in its own order.
_RANKS = (
    ReasonCode.ANALYSED_ANYWAY,
    ReasonCode.NOT_ADULT,
    ReasonCode.PACED,
    ReasonCode.UNLIKE_TRAINING,
    ReasonCode.UNSURE,
    ReasonCode.GRADERS_DISAGREE,
    ReasonCode.ARM_ELECTRODES_SWAPPED,
    ReasonCode.ARM_AND_LEG_SWAPPED,
    ReasonCode.CHEST_LEADS_INTERCHANGED,
    ReasonCode.NO_SIGNAL,
    ReasonCode.LEADS_ABSENT,
    ReasonCode.AGE_NOT_STATED,
)

# Finding -> those that say the same and more: it is not named beside them.
_SAID_BY: Mapping[str, frozenset[str]] = {
    "wide_qrs": frozenset(
        {"right_bundle_branch_block", "left_bundle_branch_block", "intraventricular_conduction_delay"}
    ),
    "bradycardia": frozenset({"severe_bradycardia"}),
    "tachycardia": frozenset({"severe_tachycardia"}),
}
# In the head without a grader's name; the evidence has the whole sentence.
_SHORT: Mapping[ReasonCode, str] = {
    ReasonCode.GRADERS_DISAGREE: "The graders disagree on the level.",
    ReasonCode.UNSURE: "The level is unsure: such levels were often wrong.",
    ReasonCode.UNLIKE_TRAINING: "This ECG is unlike those that the grader was trained on.",
}


@dataclass(frozen=True)
class HeadValue:
    """One number of the head.

    Attributes
    ----------
    name : str
        'HR', 'PR', 'QRS', 'QT', 'QTc' or 'Axis'.
    value : str
        With its unit; a dash where it is not measurable.
    flag : str
        'high' or 'low' where it lies outside the normal range, else empty.
    remark : str
        Why it is not measurable, or what to know about it.
    """

    name: str
    value: str
    flag: str = ""
    remark: str = ""


def head_values(measured: Measurements | None, record: EcgRecord) -> tuple[HeadValue, ...]:
    """Return the numbers of a cart's print.

    Parameters
    ----------
    measured : Measurements or None
        None where nothing could be measured.
    record : EcgRecord
        For the limits of age and sex.
    """
    if measured is None:
        return tuple(HeadValue(name, "\u2013", remark="Nothing could be measured.") for name in _NAMES.values())
    rows = {row.name: row for row in measurement_rows(measured, record.sex, record.age)}
    return tuple(_value(short, rows[name]) for name, short in _NAMES.items() if name in rows)


def _value(name: str, row: MeasurementRow) -> HeadValue:
    if row.missing:
        return HeadValue(name, "\u2013", remark=row.missing)
    return HeadValue(name, row.value, "" if row.flag is None else row.flag.value, row.note)


def machine_lines(machine: MachineReading | None) -> tuple[str, ...]:
    """Return what the cart stated, as it wrote it: what a physician confirmed stands for it where there is such.

    Parameters
    ----------
    machine : MachineReading or None
        Of the file.
    """
    if machine is None:
        return ()
    lines = machine.confirmed_statements or machine.statements
    verdict = (machine.severity,) if machine.severity and machine.severity not in lines else ()
    return tuple(line.strip() for line in (*lines, *verdict) if line.strip())


def head_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Return as many lines of the machine as the head has room for, and how many more there are.

    Parameters
    ----------
    lines : sequence of str
        What `machine_lines` gives.
    """
    if len(lines) <= MOST_LINES:
        return tuple(lines)
    return (*lines[: MOST_LINES - 1], f"{len(lines) - MOST_LINES + 1} more under Measurements")


def level_reason(analysis: Analysis) -> str:
    """Say in a few words why the level is what it is, or why there is none.

    Parameters
    ----------
    analysis : Analysis
        What CardioV says of the record.

    Returns
    -------
    str
        What the signal shows, not how the grader came to its level.
    """
    if analysis.level is None:
        return " ".join(texts(analysis.withheld)[:1]) or "The level is withheld."
    if analysis.raised:
        return _listed(result.rule.title for result in analysis.critical)
    present = [each for each in analysis.findings if each.state == "present" and each.shown]
    codes = {each.code for each in present}
    shown = [each for each in present if codes.isdisjoint(_SAID_BY.get(each.code, ()))]
    named = _listed(_title(each) for each in sorted(shown, key=lambda each: not each.critical))
    if named:
        return named
    if analysis.level is Severity.NO_RISK:
        return "No finding. That does not rule out disease."
    return "By the grader alone: no finding explains it."


def head_alerts(analysis: Analysis) -> tuple[str, ...]:
    """Return what needs a look, the gravest first; empty where nothing does.

    Parameters
    ----------
    analysis : Analysis
        What CardioV says of the record.
    """
    critical = [f"Critical: {result_words(result)}" for result in analysis.critical]
    warnings = [reason for reason in analysis.warnings if reason.code not in _IN_EVIDENCE_ONLY]
    ranked = sorted(warnings, key=lambda reason: _RANKS.index(reason.code) if reason.code in _RANKS else len(_RANKS))
    withheld = texts(analysis.withheld) if analysis.level is None else ()
    return tuple(dict.fromkeys((*critical, *withheld, *(_SHORT.get(each.code, each.text) for each in ranked))))


def _title(finding: Finding) -> str:
    leads = f" ({', '.join(finding.leads)})" if 0 < len(finding.leads) <= 4 else ""
    return f"{finding.title}{leads}"


def _listed(titles: Iterable[str]) -> str:
    names = list(dict.fromkeys(titles))
    more = f", {len(names) - MOST_REASONS}{THIN_SPACE}more" if len(names) > MOST_REASONS else ""
    return "; ".join(names[:MOST_REASONS]) + more
