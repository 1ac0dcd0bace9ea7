"""What a report says of a record, as plain sections; how it looks is decided elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from cardiov_core.domain import (
    Analysis,
    EcgRecord,
    Finding,
    Prediction,
    QualityVerdict,
    Reason,
    ReasonCode,
    Severity,
    SignOff,
    first_of,
    texts,
    unique,
)
from cardiov_core.inference import disagreement_of, unlike_training
from cardiov_core.reporting.words.findings import no_finding_words
from cardiov_core.reporting.words.levels import THIN_SPACE, whole_percent
from cardiov_core.reporting.words.machine import MACHINE_ONLY
from cardiov_core.reporting.words.measurements import NOT_MEASURABLE, QUANTITIES, measurement_rows, number
from cardiov_core.reporting.words.record import age_words
from cardiov_core.reporting.words.uncertainty import lone_set_words
from cardiov_core.signals import Flag
from cardiov_core.weights import ModelCard

UNCONFIRMED = "UNCONFIRMED"
ANALYSED_ANYWAY = "ANALYSED ANYWAY: the quality gate withholds this level. Do not rely on it."
OUT_OF_FOLD = Reason(
    ReasonCode.OUT_OF_FOLD,
    "Out of fold: this record trained the grader; the level is that of a copy that had not seen it.",
)
NOT_MEASURED = "This record was not measured."
NO_FINDINGS = "No rule was applied."
_AXES_OF_WAVES = ("p_axis_deg", "qrs_axis_deg", "t_axis_deg")
_AXES = "P axis / T axis"
_OTHER_QTC = "QTc, other formulas"
_TOGETHER = {"P axis": _AXES, "T axis": _AXES} | dict.fromkeys(
    ("QTc, Bazett", "QTc, Framingham", "QTc, Hodges"), _OTHER_QTC
)
"""Numbers that share a line, so that a page holds them all; the flag beside QTc is that of Fridericia's."""


@dataclass(frozen=True)
class Entry:
    """One line of a section: a sentence, or a name with its value."""

    text: str  # the sentence or the name
    value: str = ""  # goes into a second column; empty for a sentence
    bold: bool = False  # set in bold
    plain: bool = False  # a sentence without the bullet


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it."""

    title: str
    entries: tuple[Entry, ...]  # all of it
    # What a first page without room for all of it shows; empty where the beginning will do.
    brief: tuple[Entry, ...] = ()


def analysed_anyway(analysis: Analysis) -> bool:
    """Tell whether there is a level that the quality gate forbids."""
    return analysis.prediction is not None and analysis.quality.verdict is QualityVerdict.NOT_ANALYSABLE


def present_findings(analysis: Analysis) -> tuple[Finding, ...]:
    """Return what is present and shown by default, critical findings first."""
    present = [finding for finding in analysis.findings if finding.state == "present" and finding.shown]
    return tuple(sorted(present, key=lambda finding: not finding.critical))


def record_words(record: EcgRecord) -> str:
    """Return age, sex, recording time and what kind of file it is; never who the patient is."""
    parts = (
        age_words(record.age),
        record.sex or "sex not stated",
        f"recorded {time_words(record.recorded_at)}",
        record.provenance.format,
        f"{record.sampling_rate:g}{THIN_SPACE}Hz",
        f"{record.duration_s:.2f}{THIN_SPACE}s",
        f"{len(record.leads)} leads",
    )
    return " · ".join(parts)


def time_words(moment: datetime | None) -> str:
    """Write a time with its zone, or say that it has none."""
    if moment is None:
        return "at a time that is not stated"
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M:%S} (time zone not stated)"
    return (
        f"{moment:%Y-%m-%d %H:%M:%S %Z} (UTC{moment:%z})" if moment.utcoffset() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    )


def probability_words(prediction: Prediction) -> str:
    """Return the four probabilities in one sentence."""
    levels = zip(Severity, prediction.probabilities, strict=True)
    return "Each level: " + ", ".join(f"{level.title} {whole_percent(share)}" for level, share in levels) + "."


def prediction_set_words(prediction: Prediction, card: ModelCard | None = None) -> str:
    """Return the 90 % prediction set, '' where the grader has none; of one level alone, how often such sets held it."""
    if prediction.prediction_set is None:
        return ""
    counted = lone_set_words(prediction.prediction_set, card) if card is not None else ""
    if counted:
        return f"Prediction set: {counted}."
    words = [level.title.split(" ")[0] for level in prediction.prediction_set]
    return f"90{THIN_SPACE}% prediction set: {' or '.join(words) or 'empty'}."


def caveats(analysis: Analysis) -> tuple[Reason, ...]:
    """Return what the level must not be read without: doubt, graders that differ, a record unlike the training's."""
    prediction = analysis.prediction
    if prediction is None:
        reasons: tuple[Reason | None, ...] = (disagreement_of(analysis.panel),)
    else:
        reasons = (
            first_of(prediction.notes, {ReasonCode.UNSURE}),
            disagreement_of(analysis.panel, prediction.model_name),
            unlike_training(prediction.scope),
        )
    return tuple(reason for reason in reasons if reason is not None)


def status_words(sign_off: SignOff | None) -> str:
    """Return 'UNCONFIRMED', or who confirmed the report and when."""
    if sign_off is None:
        return UNCONFIRMED
    own = f", own level {int(sign_off.level)} {sign_off.level.title}"
    return f"Confirmed by {sign_off.by}, {time_words(sign_off.at)}{own}"


def withheld_section(analysis: Analysis) -> Section:
    """Say why there is no level."""
    entries = (Entry("No level is given for this ECG.", bold=True), *map(Entry, texts(analysis.withheld)))
    return Section("Result withheld", entries)


def measurements_section(analysis: Analysis) -> Section:
    """List every measurement with its unit, or why there is none; notes at the end."""
    measured = analysis.measurements
    if measured is None:
        return Section("Measurements", (Entry(NOT_MEASURED),))
    rows = measurement_rows(measured, analysis.record.sex, analysis.record.age)
    values: dict[str, list[str]] = {}
    reasons: dict[str, list[str]] = {}
    notes: dict[str, list[str]] = {}
    for row in rows:
        value = "" if row.missing else row.value
        name = row.name.partition(" (")[0]
        flag = "" if row.flag in (None, Flag.WITHIN) or name in _TOGETHER else f" {row.flag_text}"
        group = _TOGETHER.get(name, name)
        formula = f"{name.removeprefix('QTc, ')} " if group == _OTHER_QTC and value else ""
        values.setdefault(group, []).append(formula + (value or NOT_MEASURABLE) + flag)
        if row.missing:
            reasons.setdefault(row.missing, []).append(name)
        if row.note:
            notes.setdefault(row.note, []).append(name)
    entries = [_measured(name, own) for name, own in values.items()]
    # One sentence a reason: eight numbers are often missing for the same one.
    entries += [Entry(f"{', '.join(names)} {NOT_MEASURABLE}: {reason}") for reason, names in reasons.items()]
    entries += [Entry(f"{', '.join(names)}: {note}") for note, names in notes.items()]
    return Section("Measurements", tuple(entries), tuple(entries[: len(values)]))


def _measured(name: str, values: list[str]) -> Entry:
    """Write one line; three corrected QT intervals name their formulas and so need no heading."""
    if set(values) == {NOT_MEASURABLE}:
        return Entry(name, NOT_MEASURABLE)
    if name == _OTHER_QTC and NOT_MEASURABLE not in values:
        unit = f"{THIN_SPACE}ms"
        return Entry(", ".join(value.removesuffix(unit) for value in values) + unit, plain=True)
    return Entry(name, " / ".join(values))


def findings_section(analysis: Analysis) -> Section:
    """List findings that are present, and how many rules could not be applied."""
    if not analysis.findings:
        return Section("Findings", (Entry(NO_FINDINGS),))
    entries: list[Entry] = []
    for finding in present_findings(analysis):
        title = f"Critical: {finding.title}" if finding.critical else finding.title
        entries += [Entry(title, bold=True), Entry(finding.reason)]
    if not entries:
        entries.append(Entry(no_finding_words(analysis.findings)))
    open_ones = [finding.title for finding in analysis.findings if finding.state == NOT_MEASURABLE and finding.shown]
    if open_ones:
        entries.append(Entry(f"Could not be judged: {', '.join(open_ones)}."))
    return Section("Findings", tuple(entries), tuple(entry for entry in entries if entry.bold))


def quality_section(analysis: Analysis) -> Section:
    """Give the verdict of the gate with its reasons, and what else to know about the record."""
    quality = analysis.quality
    entries = [Entry(f"Signal quality: {quality.verdict.value}", bold=True)]
    entries += map(Entry, texts(unique(quality.reasons, analysis.withheld)))
    # What differs between graders stands in a box of its own.
    known = (*quality.reasons, *analysis.withheld, *caveats(analysis))
    # Leads that a sentence on the whole record names already are not named again.
    named = {lead for reason in known for lead in reason.leads}
    reasons = [reason for item in quality.leads if item.lead not in named for reason in item.reasons]
    entries += map(Entry, texts(unique(reasons, known)))
    others = unique(analysis.warnings, known)
    is_stated = first_of(others, {ReasonCode.OUT_OF_FOLD}) is not None
    if analysis.prediction is not None and analysis.prediction.out_of_fold and not is_stated:
        others = (OUT_OF_FOLD, *others)
    if others:
        entries.append(Entry("Scope and warnings", bold=True))
        entries += map(Entry, texts(others))
    return Section("Signal and scope", tuple(entries))


def machine_section(record: EcgRecord) -> Section | None:
    """List what the cart itself measured and stated; None where the file holds nothing of it."""
    machine = record.machine
    if machine is None:
        return None
    entries = [Entry(f"By {machine.source}, not by CardioV.", bold=True)]
    numbers = dict(machine.measurements)
    if all(name in numbers for name in _AXES_OF_WAVES):
        # One line for three: the machine's reading shall stand beside ours, on the first page.
        axes = [number(numbers.pop(name), "\u00b0") for name in _AXES_OF_WAVES]
        entries.append(Entry("Axis of P / QRS / T", " / ".join(axes)))
    entries += [_machine_entry(name, value) for name, value in numbers.items()]
    entries += [Entry(statement) for statement in (*machine.statements, *machine.confirmed_statements)]
    if machine.severity:
        entries.append(Entry("Verdict", machine.severity))
    return Section("The machine's own reading", tuple(entries))


def _machine_entry(field: str, value: float) -> Entry:
    """Name a machine's number as ours where it is the same thing."""
    for quantity in QUANTITIES:
        if quantity.field == field:
            return Entry(quantity.name.partition(" (")[0], number(value, quantity.unit, quantity.decimals))
    name, unit = MACHINE_ONLY.get(field, (field.replace("_", " "), ""))
    return Entry(name, number(value, unit))
