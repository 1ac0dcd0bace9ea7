"""What a case's reads amount to: agreement settles it, anything else goes to the adjudicator."""

import sqlalchemy as sa

from cardiov_core.domain import CaseStatus, EventKind, ReadKind
from cardiov_core.review.audit import append_event
from cardiov_core.review.database.rows import TableRow
from cardiov_core.review.database.schema import cases, reads
from cardiov_core.review.people import study_row

DONE = (CaseStatus.SETTLED.value, CaseStatus.SIGNED_OFF.value)
"""States that no read changes any more."""


def recount(connection: sa.Connection, case: TableRow, who: str) -> None:
    """Bring a case up to date after a read came or went, within the transaction that locked it.

    Blind reads count, as they were committed: an unblinded one is kept and shown to the adjudicator, but it is not
    independent of the grade, and what was changed after the reveal is not either. As many equal blind reads as the
    study wants settle the case; unequal ones put it into the adjudicator's queue. A settled case stays settled: a
    read that arrives later is kept and changes nothing but the counts.
    """
    counted = connection.execute(
        sa.select(reads.c.level, reads.c.kind).where(reads.c.case_id == case.id, reads.c.undone_at.is_(None))
    ).all()
    blind = [row.level for row in counted if row.kind == ReadKind.BLIND.value]
    gap = max(blind) - min(blind) if len(blind) > 1 else -1
    values: dict[str, object] = {"n_reads": len(counted), "n_blind": len(blind), "gap": gap}
    if case.status not in DONE:
        status = _status(len(counted), len(blind), gap, study_row(connection, case.study).reads_wanted)
        values["status"] = status.value
        if status is CaseStatus.SETTLED:
            values["decision"] = blind[0]
        if status.value != case.status and status in _EVENT_OF:
            append_event(
                connection,
                who,
                _EVENT_OF[status],
                case.id,
                before={"status": case.status},
                after={"status": status.value, "levels": sorted(blind)},
                model=case.model_name,
                model_sha256=case.model_sha256,
            )
    connection.execute(sa.update(cases).where(cases.c.id == case.id).values(**values))


_EVENT_OF = {CaseStatus.SETTLED: EventKind.CASE_SETTLED, CaseStatus.TO_ADJUDICATE: EventKind.CASE_QUEUED}


def _status(n_reads: int, n_blind: int, gap: int, wanted: int) -> CaseStatus:
    if n_blind >= wanted:
        return CaseStatus.SETTLED if gap <= 0 else CaseStatus.TO_ADJUDICATE
    return CaseStatus.IN_REVIEW if n_reads else CaseStatus.OPEN
