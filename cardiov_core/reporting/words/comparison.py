"""Two ECGs of one patient in words: whose they are, how far apart, and what is new, gone, changed or not compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cardiov_core.comparison import (
    YEAR,
    ComparedItem,
    IdentityCheck,
    IdentityReason,
    SerialComparison,
    Why,
    difference,
)
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Finding, Severity, listed
from cardiov_core.reporting.words.measurements import QUANTITIES, number
from cardiov_core.signals import ROWS

SHOWN_BY_DEFAULT = ("new", "gone", "changed")
"""States that are shown without being asked for."""

_LEAD_NUMBERS: Mapping[str, str] = {"j_mv": "ST at J", "t_mv": "T", "r_mv": "R"}
LEAD_CHANGE_HEADS = ("Lead", *(f"{name}, mV" for name in _LEAD_NUMBERS.values()))
"""Heads of `lead_change_rows`."""

_NUMBERS = {quantity.field: quantity for quantity in QUANTITIES}
_WHY: Mapping[str, str] = {
    "not measurable": "not measurable in {side}: {detail}",
    "withheld": "the level of {side} is withheld",
    "other graders": "the two were graded by different graders",
    "not classified": "the rhythm of {side} is not classified",
    "other QRS form": "{finding} in {side} alone gives the QRS another form, and ST and T with it",
    "within the noise": "what decides it differs by no more than it does without a change",
    "no noise floor": "nobody measured how far it differs without a change",
}
# People after whom a measurement is called: they keep their capital letter within a sentence.
_PEOPLE = ("Cornell", "Fridericia", "Sokolow-Lyon")
_SIDES: Mapping[str, str] = {"earlier": "the earlier ECG", "later": "the later ECG", "both": "both ECGs", "": ""}


@dataclass(frozen=True)
class ComparedRow:
    """One thing in both ECGs, in words.

    Attributes
    ----------
    name : str
        What it is.
    earlier, later : str
        What it was and is.
    change : str
        Later minus earlier, with sign and unit; empty where that makes no sense.
    outcome : str
        'New', 'Gone', 'Changed', 'Unchanged', or 'Not compared' with the reason.
    lead : str
        The one lead that it was measured in; empty otherwise.
    """

    name: str
    earlier: str
    later: str
    change: str
    outcome: str
    lead: str = ""


def identity_words(check: IdentityCheck, first: EcgRecord, second: EcgRecord) -> tuple[str, ...]:
    """Say what contradicts or is missing for two ECGs to be of one patient, in whole sentences.

    Parameters
    ----------
    check : IdentityCheck
        Of these two records.
    first, second : EcgRecord
        In any order.
    """
    return tuple(_identity_sentence(reason, first, second) for reason in check.reasons)


def compared_rows(comparison: SerialComparison, *states: str, shown_only: bool = True) -> tuple[ComparedRow, ...]:
    """Write the items of a comparison that are in some states.

    Parameters
    ----------
    comparison : SerialComparison
        Of two ECGs.
    *states : str
        'new', 'gone', 'changed', 'unchanged', 'not compared'.
    shown_only : bool
        Leave out findings that are not shown by default, and those that are absent in both ECGs.
    """
    wanted = (item for item in comparison.items if item.state in states and not (shown_only and _is_left_out(item)))
    return tuple(_together([(item, _row(item, comparison)) for item in wanted]))


def summary_words(comparison: SerialComparison) -> tuple[str, ...]:
    """Say the outcome in a few sentences: the level first, then what is new, gone and changed.

    Parameters
    ----------
    comparison : SerialComparison
        Of two ECGs.
    """
    return tuple(_summary(comparison))


def interval_words(earlier: datetime, now: datetime) -> str:
    """Say how much time lies between two ECGs: '3 hours', '12 days', '2.5 years'.

    Parameters
    ----------
    earlier, now : datetime.datetime
        Recording times.
    """
    between = abs(now.replace(tzinfo=None) - earlier.replace(tzinfo=None))
    if between >= 2 * YEAR:
        return f"{between / YEAR:.1f} years"
    if between >= timedelta(days=2):
        return f"{between / timedelta(days=1):.0f} days"
    if between >= timedelta(hours=2):
        return f"{between / timedelta(hours=1):.0f} hours"
    return f"{between / timedelta(minutes=1):.0f} minutes"


def lead_change_rows(comparison: SerialComparison) -> tuple[tuple[str, ...], ...]:
    """Write ST, T and R of each lead, earlier and later in mV; an arrow marks what changed.

    Parameters
    ----------
    comparison : SerialComparison
        Of two ECGs.

    Returns
    -------
    tuple of tuple of str
        A row for each of the twelve leads: its name, then ST, T and R.
    """
    by_place = {(item.code, item.lead): item for item in comparison.items if item.lead}
    return tuple((lead, *(_lead_cell(by_place.get((code, lead))) for code in _LEAD_NUMBERS)) for lead in STANDARD_LEADS)


def lead_gap_words(comparison: SerialComparison) -> tuple[str, ...]:
    """Say why a column of `lead_change_rows` is empty: a sentence for each number that no lead has of both ECGs.

    Parameters
    ----------
    comparison : SerialComparison
        Of two ECGs.
    """
    sentences = []
    for code, name in _LEAD_NUMBERS.items():
        items = [item for item in comparison.items if item.lead and item.code == code]
        reasons = [*dict.fromkeys(why_words(item.why) for item in items if item.why is not None)]
        if reasons and not any(_lead_cell(item) for item in items):
            sentences.append(f"{name} is not compared in any lead: {'; '.join(reasons)}.")
    return tuple(sentences)


def _lead_cell(item: ComparedItem | None) -> str:
    if item is None or not isinstance(item.earlier, float) or not isinstance(item.later, float):
        return ""
    arrow = "" if item.state != "changed" else " \u25b2" if item.later > item.earlier else " \u25bc"
    earlier, later = (f"{value:.2f}".replace("-", "\u2212") for value in (item.earlier, item.later))
    return f"{earlier} \u2192 {later}{arrow}"


def why_words(why: Why) -> str:
    """Say why something is not compared, or unchanged though the two differ: a clause."""
    finding = ROWS[why.detail].title if why.code == "other QRS form" and why.detail in ROWS else ""
    return _WHY[why.code].format(side=_SIDES[why.side], detail=why.detail, finding=_lower(finding))


def _together(rows: list[tuple[ComparedItem, ComparedRow]]) -> Iterator[ComparedRow]:
    """Join the leads that are not compared for one reason into a single row."""
    mentioned: set[tuple[str, str]] = set()
    for item, row in rows:
        if item.state != "not compared" or not item.lead:
            yield row
        elif (item.code, row.outcome) not in mentioned:
            mentioned.add((item.code, row.outcome))
            leads = [other.lead for other, one in rows if (other.code, one.outcome) == (item.code, row.outcome)]
            alone = len(leads) == 1
            name = f"{_LEAD_NUMBERS[item.code]} in {listed(leads)}"
            yield ComparedRow(name, row.earlier if alone else "", row.later if alone else "", row.change, row.outcome)


def _identity_sentence(reason: IdentityReason, first: EcgRecord, second: EcgRecord) -> str:
    match reason:
        case "patient ids differ":
            return f"The patient ids differ: {first.patient_id} and {second.patient_id}."
        case "sexes differ":
            return f"The sexes differ: {first.sex} and {second.sex}."
        case "ages do not fit":
            times = first.recorded_at, second.recorded_at
            apart = f", {interval_words(times[0], times[1])} apart" if times[0] and times[1] else ""
            return f"The ages do not fit the times of recording: {first.age:g} and {second.age:g} years{apart}."
        case "no patient id":
            return "The patient id is not stated in either ECG."
        case "one patient id":
            return "The patient id is not stated in one of the ECGs."


def _summary(comparison: SerialComparison) -> Iterator[str]:
    level = comparison.items[0]
    if level.state == "not compared" and level.why is not None:
        yield f"Level not compared: {why_words(level.why)}."
    elif level.state == "changed":
        higher = "higher" if (level.change or 0.0) > 0 else "lower"
        yield f"The level is {higher}: {_level(level.earlier)}, now {_level(level.later)}."
    elif level.why is not None:
        yield f"The level is {_level(level.earlier)} and {_level(level.later)}: {why_words(level.why)}."
    else:
        yield f"The level is unchanged: {_level(level.later)}."
    for state, words in (("new", "New"), ("gone", "Gone")):
        rows = compared_rows(comparison, state)
        if rows:
            yield f"{words}: {_joined(row.name for row in rows)}."
    changed = [item for item in comparison.of("changed") if item.kind != "level"]
    if changed:
        yield f"Changed: {_joined(_changed_words(changed, comparison))}."
    if not [item for item in comparison.of("new", "gone", "changed") if item.kind != "level"]:
        yield "Nothing else differs by more than two ECGs do without a change."


def _joined(parts: Iterator[str]) -> str:
    names = [*parts]
    return ", ".join([names[0], *(_lower(name) for name in names[1:])])


def _changed_words(items: list[ComparedItem], comparison: SerialComparison) -> Iterator[str]:
    """Name each number with its difference, and the leads of those that each lead has."""
    for item in items:
        if item.lead:
            leads = [other.lead for other in items if other.code == item.code]
            if item.lead == leads[0]:
                yield f"{_LEAD_NUMBERS[item.code]} in {listed(leads)}"
            continue
        row = _row(item, comparison)
        yield f"{row.name} {row.change}" if row.change else f"{row.name} ({row.earlier}, now {row.later})"


def _is_left_out(item: ComparedItem) -> bool:
    if item.kind != "finding":
        return False
    nowhere = "present" not in (item.earlier, item.later)
    return not ROWS[item.code].shown or nowhere


def _row(item: ComparedItem, comparison: SerialComparison) -> ComparedRow:
    outcome = item.state.capitalize()
    if item.why is not None:
        outcome += f": {why_words(item.why)}"
    elif item.limit is not None and item.kind == "number" and item.change is not None:
        outcome += f" (a change from {_number(item, item.limit)} on)"
    return ComparedRow(
        _name(item, comparison),
        _value(item, item.earlier, comparison.earlier.findings),
        _value(item, item.later, comparison.later.findings),
        _change(item),
        outcome,
        "" if item.kind == "finding" else item.lead or "",
    )


def _name(item: ComparedItem, comparison: SerialComparison) -> str:
    if item.kind == "finding":
        side = comparison.later if item.later == "present" else comparison.earlier
        return next((one.title for one in side.findings if one.code == item.code), ROWS[item.code].title)
    if item.lead:
        return f"{_LEAD_NUMBERS[item.code]} in {item.lead}"
    return _NUMBERS[item.code].name if item.code in _NUMBERS else item.code.capitalize()


def _value(item: ComparedItem, value: float | str | None, findings: tuple[Finding, ...]) -> str:
    if item.kind == "level":
        return "withheld" if value is None else _level(value)
    if item.kind == "rhythm":
        if value is None:
            return "not classified"
        return ROWS[str(value)].title if value in ROWS else str(value).replace("_", " ").capitalize()
    if item.kind == "finding":
        return str(value)
    return "not measurable" if not isinstance(value, float) else _number(item, value)


def _level(value: float | str | None) -> str:
    return f"{value:.0f} {Severity(int(value)).title}" if isinstance(value, float) else "withheld"


def _number(item: ComparedItem, value: float, *, signed: bool = False) -> str:
    if item.code in _NUMBERS:
        quantity = _NUMBERS[item.code]
        return number(value, quantity.unit, quantity.decimals, signed=signed)
    return number(value, "mV", 2, signed=signed)


def _change(item: ComparedItem) -> str:
    """Write the difference of the numbers on show: each is rounded first."""
    if item.kind != "number" or not isinstance(item.earlier, float) or not isinstance(item.later, float):
        return ""
    if item.change is None:
        return ""
    decimals = _NUMBERS[item.code].decimals if item.code in _NUMBERS else 2
    shown = difference(item.code, round(item.earlier, decimals), round(item.later, decimals))
    return _number(item, shown, signed=True)


def _lower(text: str) -> str:
    """Begin with a small letter where the word is not a name of its own: 'ST', 'QTc', 'R in V2' stay."""
    first = text.split(" ")[0]
    name = len(first) == 1 or first in _PEOPLE or not first[1:].islower()
    return text if not text or name else text[0].lower() + text[1:]
