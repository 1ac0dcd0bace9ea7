"""The owner's worklist, paged and counted in the database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from cardiov_core.domain import (
    BlindCase,
    Case,
    CaseSource,
    CaseStatus,
    EventKind,
    QualityVerdict,
    Role,
    Severity,
)
from cardiov_core.errors import CaseNotFoundError
from cardiov_core.review.audit import append_event
from cardiov_core.review.database.rows import assigned, blind_case_of, case_of, case_row, insert_missing, require_role
from cardiov_core.review.database.schema import assignments, cases, readers, reads
from cardiov_core.review.database.store import Store
from cardiov_core.review.people import DEFAULT_STUDY

CaseOrder = Literal["priority", "error", "disagreement", "level", "record", "newest"]

_ORDERS: Mapping[str, tuple[sa.ColumnElement[Any], ...]] = {
    "priority": (cases.c.priority.desc(), cases.c.id.desc()),
    "error": (cases.c.error.desc(), cases.c.priority.desc(), cases.c.id.desc()),
    "disagreement": (cases.c.gap.desc(), cases.c.priority.desc(), cases.c.id.desc()),
    "level": (sa.func.coalesce(cases.c.level, -1).desc(), cases.c.priority.desc(), cases.c.id.desc()),
    "record": (cases.c.record_id, cases.c.id),
    "newest": (cases.c.created_at.desc(), cases.c.id.desc()),
}


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


@dataclass(frozen=True)
class CasePage:
    """One page of the worklist.

    Attributes
    ----------
    cases : tuple of Case
        In the order that was asked for.
    total : int
        Cases that the filter lets through.
    by_status : mapping of CaseStatus to int
        How many of them are how far.
    by_error : mapping of int to int
        How many of them are how wrong; those whose error is not known are absent.
    """

    cases: tuple[Case, ...]
    total: int
    by_status: Mapping[CaseStatus, int] = field(default_factory=dict)
    by_error: Mapping[int, int] = field(default_factory=dict)


def list_cases(
    store: Store,
    wanted: CaseFilter | None = None,
    *,
    order: CaseOrder = "priority",
    offset: int = 0,
    limit: int = 50,
) -> CasePage:
    """Return a page of the worklist with its counts: three queries, however many cases there are.

    Parameters
    ----------
    store : Store
        An open store.
    wanted : CaseFilter, optional
        Which cases; all by default.
    order : {"priority", "error", "disagreement", "level", "record", "newest"}
        What comes first: the highest number, the first name, the latest day. Equals keep one order.
    offset, limit : int
        Which part.

    Returns
    -------
    CasePage
        For the study's owner: it holds labels and levels.
    """
    conditions = _conditions(wanted or CaseFilter())
    # The ids are sorted and cut in an index alone; only the rows of the page are fetched whole.
    ids = sa.select(cases.c.id).where(*conditions).order_by(*_ORDERS[order]).offset(offset).limit(limit)
    page = sa.select(cases).where(cases.c.id.in_(ids.correlate(None))).order_by(*_ORDERS[order])
    counts = (
        sa.select(cases.c.status, cases.c.error, sa.func.count().label("n"))
        .where(*conditions)
        .group_by(cases.c.status, cases.c.error)
    )
    by_status: dict[CaseStatus, int] = {}
    by_error: dict[int, int] = {}
    with store.reading() as connection:
        for row in connection.execute(counts):
            status = CaseStatus(row.status)
            by_status[status] = by_status.get(status, 0) + row.n
            if row.error >= 0:
                by_error[row.error] = by_error.get(row.error, 0) + row.n
        rows = connection.execute(page).all()
        given = assigned(connection, [row.id for row in rows])
    listed = tuple(case_of(row, given.get(row.id, ())) for row in rows)
    return CasePage(listed, sum(by_status.values()), by_status, by_error)


def _conditions(wanted: CaseFilter) -> list[sa.ColumnElement[bool]]:
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


def get_case(store: Store, case_id: str) -> Case:
    """Return one case with label and level; for the study's owner, and for a reader after the reveal.

    Raises
    ------
    CaseNotFoundError
        If there is none.
    """
    with store.reading() as connection:
        return case_of(case_row(connection, case_id), assigned(connection, [case_id]).get(case_id, ()))


def get_blind_case(store: Store, case_id: str) -> BlindCase:
    """Return what a blind reader may know of a case.

    Raises
    ------
    CaseNotFoundError
        If there is none.
    """
    with store.reading() as connection:
        return blind_case_of(case_row(connection, case_id))


def assign(store: Store, case_ids: Collection[str], reader: str, by: str) -> None:
    """Give cases to a reader: only those whom a case was given to find it in their queue.

    Raises
    ------
    CaseNotFoundError
        If a case or the reader is unknown; then nothing is assigned.
    NotAllowedError
        If `by` is no administrator.
    """
    with store.writing() as connection:
        require_role(connection, by, Role.ADMINISTRATOR)
        if connection.execute(sa.select(readers.c.name).where(readers.c.name == reader)).first() is None:
            raise CaseNotFoundError("There is no reader of that name.", "Names are added when somebody first reads.")
        for case_id in case_ids:
            case_row(connection, case_id)
            if insert_missing(connection, assignments, {"case_id": case_id, "reader": reader}):
                append_event(connection, by, EventKind.CASE_ASSIGNED, case_id, after={"reader": reader})


def study_progress(store: Store, study: str = DEFAULT_STUDY) -> Mapping[str, int]:
    """Return how many cases of a study each reader has read; for its owner."""
    query = (
        sa.select(reads.c.reader, sa.func.count().label("n"))
        .join(cases, cases.c.id == reads.c.case_id)
        .where(cases.c.study == study, reads.c.undone_at.is_(None))
        .group_by(reads.c.reader)
        .order_by(reads.c.reader)
    )
    with store.reading() as connection:
        return {row.reader: row.n for row in connection.execute(query)}
