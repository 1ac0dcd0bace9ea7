"""The cases of the worklist, paged and counted in the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sqlalchemy as sa

from cardiov_core.domain import BlindCase, Case, CaseStatus
from cardiov_core.review.database.rows import assigned, blind_case_of, case_of, case_row
from cardiov_core.review.database.schema import cases
from cardiov_core.review.database.store import Store
from cardiov_core.review.worklist.filter import CaseFilter, conditions_of

CaseOrder = Literal["priority", "error", "disagreement", "level", "record", "newest"]

_ORDERS: Mapping[str, tuple[sa.ColumnElement[object], ...]] = {
    "priority": (cases.c.priority.desc(), cases.c.id.desc()),
    "error": (cases.c.error.desc(), cases.c.priority.desc(), cases.c.id.desc()),
    "disagreement": (cases.c.gap.desc(), cases.c.priority.desc(), cases.c.id.desc()),
    "level": (sa.func.coalesce(cases.c.level, -1).desc(), cases.c.priority.desc(), cases.c.id.desc()),
    "record": (cases.c.record_id, cases.c.id),
    "newest": (cases.c.created_at.desc(), cases.c.id.desc()),
}


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
    conditions = conditions_of(wanted or CaseFilter())
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
    """Return what a blind reader may know of a case."""
    with store.reading() as connection:
        return blind_case_of(case_row(connection, case_id))
