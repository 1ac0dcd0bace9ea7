"""Which cases the worklist shows."""

from dataclasses import dataclass

import sqlalchemy as sa

from cardiov_core.domain import CaseSource, CaseStatus, QualityVerdict, Severity
from cardiov_core.review.database.schema import assignments, cases


@dataclass(frozen=True)
class CaseFilter:
    """Which cases; empty fields let everything through.

    Attributes
    ----------
    study : str or None
        Of one study.
    status, source, quality, level, label : tuple
        Any of these.
    min_error : int or None
        At least so many levels between label and grade: 1 for wrong ones, 3 for the farthest.
    disagree : bool
        Only cases whose blind readers differ.
    graders_disagree : bool
        Only cases about which graders differ.
    search : str
        Part of the record's name, upper or lower case.
    assigned_to : str or None
        Given to this reader.
    """

    study: str | None = None
    status: tuple[CaseStatus, ...] = ()
    source: tuple[CaseSource, ...] = ()
    quality: tuple[QualityVerdict, ...] = ()
    level: tuple[Severity, ...] = ()
    label: tuple[Severity, ...] = ()
    min_error: int | None = None
    disagree: bool = False
    graders_disagree: bool = False
    search: str = ""
    assigned_to: str | None = None


def conditions_of(wanted: CaseFilter) -> list[sa.ColumnElement[bool]]:
    """Return what the database is asked of a case."""
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.study is not None:
        conditions.append(cases.c.study == wanted.study)
    for column, values in (
        (cases.c.status, wanted.status),
        (cases.c.source, wanted.source),
        (cases.c.quality_verdict, wanted.quality),
    ):
        if values:
            conditions.append(column.in_([value.value for value in values]))
    for column, levels in ((cases.c.level, wanted.level), (cases.c.label, wanted.label)):
        if levels:
            conditions.append(column.in_([int(level) for level in levels]))
    if wanted.min_error is not None:
        conditions.append(cases.c.error >= wanted.min_error)
    if wanted.disagree:
        conditions.append(cases.c.gap > 0)
    if wanted.graders_disagree:
        flagged = cases.alias()
        conditions.append(cases.c.id.in_(sa.select(flagged.c.id).where(flagged.c.graders_disagree)))
    # As lists of ids: names are looked through in their index, and not in the wide rows in the order of the page.
    if wanted.search.strip():
        names = cases.alias()
        like = names.c.record_id.icontains(wanted.search.strip(), autoescape=True)
        conditions.append(cases.c.id.in_(sa.select(names.c.id).where(like)))
    if wanted.assigned_to is not None:
        given = sa.select(assignments.c.case_id).where(assignments.c.reader == wanted.assigned_to)
        conditions.append(cases.c.id.in_(given))
    return conditions
