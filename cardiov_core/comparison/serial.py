"""What is new, gone, changed or unchanged between two ECGs of one patient, and what is not compared, and why.

A difference is a change where it is larger than ECGs differ by without one (`noise_floor`). A finding that crosses its
limit by less is not new: QTc of 464 and 466 ms are the same QTc.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cardiov_core.comparison.compared_numbers import (
    EXPECTED_LEVEL,
    OF_CODE,
    PLACES,
    TRAINED,
    Measured,
    Place,
    difference,
    expected_level,
    numbers_of,
)
from cardiov_core.comparison.noise_floor import NoiseFloor, load_noise_floor
from cardiov_core.domain import Analysis, Finding

State = Literal["new", "gone", "changed", "unchanged", "not compared"]
"""Of a finding: new or gone; of a number, the rhythm or the level: changed."""

Kind = Literal["level", "rhythm", "finding", "number"]
"""What is compared."""

WhyCode = Literal[
    "not measurable",
    "withheld",
    "other graders",
    "not classified",
    "other QRS form",
    "within the noise",
    "no noise floor",
]
"""Why something is not compared, or why two states that differ are unchanged ('within the noise')."""

Side = Literal["earlier", "later", "both", ""]


@dataclass(frozen=True)
class Why:
    """Why something is not compared, or not called a change.

    Attributes
    ----------
    code : WhyCode
        The reason.
    side : {"earlier", "later", "both", ""}
        Which of the ECGs it is about; '' where it is about the two together.
    detail : str
        A clause with the reason of that ECG, or the code of the finding that is behind it; '' where the code says all.
    """

    code: WhyCode
    side: Side = ""
    detail: str = ""


@dataclass(frozen=True)
class ComparedItem:
    """One thing in both ECGs.

    Attributes
    ----------
    kind : {"level", "rhythm", "finding", "number"}
        What it is.
    code : str
        'level', 'rhythm', the code of a finding, or of a number with its unit at the end.
    state : State
        What became of it.
    earlier, later : float, str or None
        A number, the state of a finding, the code of a rhythm; None where there is none.
    lead : str
        Where it is of one lead.
    change, limit : float or None
        Later minus earlier, and from where on that is a change.
    why : Why or None
        Why it is not compared, or unchanged though the two differ.
    """

    kind: Kind
    code: str
    state: State
    earlier: float | str | None
    later: float | str | None
    lead: str = ""
    change: float | None = None
    limit: float | None = None
    why: Why | None = None


@dataclass(frozen=True)
class SerialComparison:
    """Two ECGs of one patient, compared.

    Attributes
    ----------
    items : tuple of ComparedItem
        Level, rhythm, findings in the order of their table, numbers; always the same items in the same order.
    earlier, later : Analysis
        What was compared.
    """

    items: tuple[ComparedItem, ...]
    earlier: Analysis
    later: Analysis

    def of(self, *states: State) -> tuple[ComparedItem, ...]:
        """Return the items in some states."""
        return tuple(item for item in self.items if item.state in states)


_FORMS = (
    "left_bundle_branch_block",
    "right_bundle_branch_block",
    "intraventricular_conduction_delay",
    "wide_complex_tachycardia",
    "delta_wave",
    "pacing",
)
"""Findings that give the QRS another form, and ST and T with it."""

_DECIDED_BY: Mapping[str, str] = {
    "bradycardia": "heart_rate_bpm",
    "severe_bradycardia": "heart_rate_bpm",
    "tachycardia": "heart_rate_bpm",
    "severe_tachycardia": "heart_rate_bpm",
    "prolonged_pr": "pr_ms",
    "wide_qrs": "qrs_ms",
    "long_qtc": "qtc_fridericia_ms",
    "critical_qtc": "qtc_fridericia_ms",
    "short_qtc": "qtc_fridericia_ms",
    "left_axis_deviation": "qrs_axis_deg",
    "right_axis_deviation": "qrs_axis_deg",
    "lvh_voltage_sokolow_lyon": "sokolow_lyon_mv",
    "lvh_voltage_cornell": "cornell_mv",
}
"""Findings that one number decides: where it moves by no more than the noise, they neither come nor go."""

_FORM_FROM: Mapping[str, tuple[str, float]] = {
    "left_bundle_branch_block": ("qrs_ms", 120.0),
    "right_bundle_branch_block": ("qrs_ms", 120.0),
    "intraventricular_conduction_delay": ("qrs_ms", 110.0),
}
"""Findings of form that begin at a number: where the two lie on either side of it, but no further apart than the noise,
the form has not changed."""

_SEEN_IN: Mapping[str, str] = {
    "st_elevation": "j_mv",
    "st_depression": "j_mv",
    "posterior_st_depression": "j_mv",
    "avr_elevation": "j_mv",
    "early_repolarisation": "j_mv",
    "pericarditis": "j_mv",
    "t_inversion": "t_mv",
    "tall_t": "t_mv",
}
"""Findings that the same number of each of their leads decides."""


def compare_ecgs(earlier: Analysis, later: Analysis, noise: NoiseFloor | None = None) -> SerialComparison:
    """Compare two ECGs of one patient.

    Parameters
    ----------
    earlier, later : Analysis
        In the order of recording; whether they are of one patient, `check_identity` and a reader say.
    noise : NoiseFloor, optional
        What ships by default.

    Returns
    -------
    SerialComparison
        Each item new, gone, changed, unchanged, or not compared with the reason.

    Raises
    ------
    ConfigurationError
        If the noise floor that ships cannot be read.
    """
    floor = load_noise_floor() if noise is None else noise
    before, after = numbers_of(earlier), numbers_of(later)
    numbers = tuple(_numbers(earlier, later, before, after, floor))
    by_place = {(item.code, item.lead): item for item in numbers}
    findings = tuple(
        _finding(one, other, by_place, floor) for one, other in zip(earlier.findings, later.findings, strict=False)
    )
    items = (_level(earlier, later, floor), _rhythm(earlier, later), *findings, *numbers)
    return SerialComparison(items, earlier, later)


def _level(earlier: Analysis, later: Analysis, floor: NoiseFloor) -> ComparedItem:
    one, other = earlier.level, later.level
    withheld = _side(one is None, other is None)
    if withheld or earlier.prediction is None or later.prediction is None or one is None or other is None:
        before, after = (None if level is None else float(level) for level in (one, other))
        return ComparedItem("level", "level", "not compared", before, after, why=Why("withheld", withheld))
    if earlier.prediction.model_sha256 != later.prediction.model_sha256:
        return ComparedItem("level", "level", "not compared", float(one), float(other), why=Why("other graders"))
    limit = floor.limit(EXPECTED_LEVEL)
    moved = (expected_level(later) or 0.0) - (expected_level(earlier) or 0.0)
    change = float(other - one)
    if one == other:
        return ComparedItem("level", "level", "unchanged", float(one), float(other), change=change, limit=limit)
    # A critical result decides by itself; what a grader sees must have moved by more than it does without a change.
    by_grader = not earlier.raised and not later.raised
    if by_grader and limit is not None and abs(moved) <= limit:
        why = Why("within the noise")
        return ComparedItem("level", "level", "unchanged", float(one), float(other), "", change, limit, why)
    return ComparedItem("level", "level", "changed", float(one), float(other), change=change, limit=limit)


def _rhythm(earlier: Analysis, later: Analysis) -> ComparedItem:
    one, other = (None if side.rhythm is None else side.rhythm.code for side in (earlier, later))
    unknown = _side(one is None, other is None)
    if unknown:
        return ComparedItem("rhythm", "rhythm", "not compared", one, other, why=Why("not classified", unknown))
    return ComparedItem("rhythm", "rhythm", "unchanged" if one == other else "changed", one, other)


def _finding(
    earlier: Finding, later: Finding, numbers: Mapping[Place, ComparedItem], floor: NoiseFloor
) -> ComparedItem:
    states = earlier.state, later.state
    unmeasured = _side(states[0] == "not measurable", states[1] == "not measurable")
    if unmeasured:
        reason = (later if unmeasured == "later" else earlier).reason
        why = Why("not measurable", unmeasured, reason.removeprefix("Not measurable: ").rstrip("."))
        return ComparedItem("finding", earlier.code, "not compared", *states, why=why)
    if states[0] == states[1]:
        return ComparedItem("finding", earlier.code, "unchanged", *states)
    if _within_noise(earlier, later, numbers, floor):
        return ComparedItem("finding", earlier.code, "unchanged", *states, why=Why("within the noise"))
    return ComparedItem("finding", earlier.code, "new" if states[1] == "present" else "gone", *states)


def _within_noise(earlier: Finding, later: Finding, numbers: Mapping[Place, ComparedItem], floor: NoiseFloor) -> bool:
    """Tell whether what decides a finding moved by no more than it does without a change."""
    code = earlier.code
    if TRAINED in earlier.measured and TRAINED in later.measured:
        limit = floor.limit(TRAINED, code)
        return limit is not None and abs(later.measured[TRAINED] - earlier.measured[TRAINED]) <= limit
    if code in _FORM_FROM:
        number, begins = _FORM_FROM[code]
        return _straddles(numbers.get((number, "")), begins)
    places: list[Place] = []
    if code in _DECIDED_BY:
        places = [(_DECIDED_BY[code], "")]
    elif code in _SEEN_IN:
        seen = later if later.state == "present" else earlier
        places = [(_SEEN_IN[code], lead) for lead in seen.leads]
    items = [numbers[place] for place in places if place in numbers]
    return bool(items) and all(_still(item) for item in items)


def _still(item: ComparedItem) -> bool:
    return item.change is not None and item.limit is not None and abs(item.change) <= item.limit


def _straddles(item: ComparedItem | None, begins: float) -> bool:
    if item is None or not isinstance(item.earlier, float) or not isinstance(item.later, float):
        return False
    return (round(item.earlier) >= begins) != (round(item.later) >= begins) and _still(item)


def _numbers(
    earlier: Analysis,
    later: Analysis,
    before: Mapping[Place, Measured],
    after: Mapping[Place, Measured],
    floor: NoiseFloor,
) -> Iterator[ComparedItem]:
    form = _other_form(earlier, later)
    for place in PLACES:
        code, lead = place
        one, other = before[place], after[place]
        why = _unmeasured(one, other)
        limit = floor.limit(code, lead)
        if why is None and limit is None:
            why = Why("no noise floor")
        if why is None and form is not None and OF_CODE[code].on_form:
            why = form
        if why is not None or one.value is None or other.value is None or limit is None:
            yield ComparedItem("number", code, "not compared", one.value, other.value, lead, None, limit, why)
            continue
        change = difference(code, one.value, other.value)
        state: State = "changed" if abs(change) > limit else "unchanged"
        yield ComparedItem("number", code, state, one.value, other.value, lead, change, limit)


def _unmeasured(earlier: Measured, later: Measured) -> Why | None:
    side = _side(earlier.value is None, later.value is None)
    if not side:
        return None
    return Why("not measurable", side, later.why if side == "later" else earlier.why)


def _other_form(earlier: Analysis, later: Analysis) -> Why | None:
    """Return which of the findings that give the QRS another form only one of the ECGs has."""
    one, other = ({f.code for f in side.findings if f.state == "present"} for side in (earlier, later))
    for code in _FORMS:
        if (code in one) != (code in other):
            return Why("other QRS form", "later" if code in other else "earlier", code)
    return None


def _side(earlier: bool, later: bool) -> Side:
    if earlier and later:
        return "both"
    return "earlier" if earlier else "later" if later else ""
