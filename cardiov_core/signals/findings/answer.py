"""How a finding is answered: what a row of the table holds, what was seen, and what becomes of both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import erf, sqrt

from cardiov_core.domain import Finding, FindingGroup
from cardiov_core.signals.findings.evidence import Evidence, Need


@dataclass(frozen=True)
class Row:
    """One finding of the table."""

    # As in `Finding`.
    code: str
    title: str
    group: FindingGroup  # what it is about
    limit: str  # where it is present, in words
    source: str  # where that comes from
    critical: bool = False  # whether it belongs into the critical box where it is present
    needs: tuple[Need, ...] = ()  # what it rests on; where one of these is in doubt, it is not measurable
    shown: bool = True  # False where its specificity stays under 0.95 (docs/method/findings.md): not shown by default


@dataclass(frozen=True)
class Seen:
    """What was seen of one finding; fields as in `Finding`."""

    present: bool
    reason: str
    measured: Mapping[str, float] = field(default_factory=dict)
    confidence: float | None = None
    against: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()
    beats: tuple[int, ...] = ()
    j_mv: Mapping[str, float] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True)
class Unmeasurable:
    """Why a finding cannot be judged, a clause that fits behind 'Not measurable: '."""

    why: str


Judge = Callable[[Evidence], Seen | Unmeasurable]
"""Looks for one finding."""


def answer(row: Row, evidence: Evidence, judge: Judge) -> Finding:
    """Judge one finding unless something that it rests on is in doubt."""
    doubts = (evidence.doubt(need) for need in row.needs)
    why = next((doubt for doubt in doubts if doubt is not None), None)
    seen = judge(evidence) if why is None else Unmeasurable(why)
    if isinstance(seen, Unmeasurable):
        return Finding(
            row.code,
            row.title,
            "not measurable",
            f"Not measurable: {seen.why.rstrip('.')}.",
            {},
            group=row.group,
            limit=row.limit,
            source=row.source,
            shown=row.shown,
            figures=evidence.figures.get(row.code),
        )
    return Finding(
        row.code,
        seen.title or row.title,
        "present" if seen.present else "absent",
        f"{seen.reason.rstrip('.')}.",
        dict(seen.measured),
        critical=seen.present and row.critical,
        group=row.group,
        limit=row.limit,
        source=row.source,
        confidence=seen.confidence,
        against=seen.against if seen.present else (),
        leads=seen.leads,
        beats=seen.beats,
        j_mv=dict(seen.j_mv),
        shown=row.shown,
        figures=evidence.figures.get(row.code),
    )


def beyond(value: float, limit: float, spread: float, *, over: bool = True) -> float:
    """Return the probability that what was measured as `value` lies beyond a limit."""
    distance = (value - limit if over else limit - value) / spread
    return 0.5 * (1.0 + erf(distance / sqrt(2.0)))
