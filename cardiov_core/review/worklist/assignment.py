"""Who is given which case, and how far each reader is."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from cardiov_core.domain import EventKind, Role
from cardiov_core.errors import CaseNotFoundError
from cardiov_core.review.audit import append_event
from cardiov_core.review.database.rows import case_row, insert_missing, require_role
from cardiov_core.review.database.schema import assignments, cases, readers, reads
from cardiov_core.review.database.store import Store
from cardiov_core.review.people import DEFAULT_STUDY


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
            raise CaseNotFoundError("There is no reader of that name.", "Whoever first signs in or reads is added.")
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
