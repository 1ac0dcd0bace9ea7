"""Who has seen which grade: what makes a read blind or not."""

from collections.abc import Sequence

import sqlalchemy as sa

from cardiov_core.domain import Case, EventKind
from cardiov_core.review.audit import SEEN, append_event, has_seen_grade
from cardiov_core.review.database.rows import case_row
from cardiov_core.review.database.schema import events
from cardiov_core.review.database.store import Store


def has_seen_case(store: Store, case_id: str, who: str) -> bool:
    """Tell whether somebody has seen a grade of a case's record: their read of it will be unblinded.

    Raises
    ------
    CaseNotFoundError
        If there is no such case.
    """
    with store.reading() as connection:
        row = case_row(connection, case_id)
        return has_seen_grade(connection, who, row.record_sha256, row.waveform_sha256)


def log_cases_seen(store: Store, shown: Sequence[Case], by: str, *, where: str = "worklist") -> int:
    """Note that labels and levels of these cases were shown to somebody, once per person and record.

    Parameters
    ----------
    store : Store
        An open store.
    shown : sequence of Case
        What was shown.
    by : str
        Who saw it.
    where : str
        'worklist' for the owner's table, 'case' for the owner's view of one case.

    Returns
    -------
    int
        How many were new to them.
    """
    new = _unseen(store, shown, by)
    if not new:
        return 0
    with store.writing() as connection:
        for case in new:
            append_event(
                connection,
                by,
                EventKind.GRADE_SHOWN,
                case.id,
                after={"level": None if case.level is None else int(case.level), "in": where},
                model=case.model_name,
                model_sha256=case.model_sha256,
                record_sha256=case.record_sha256 or None,
                waveform_sha256=case.waveform_id,
            )
    return len(new)


def _unseen(store: Store, shown: Sequence[Case], by: str) -> list[Case]:
    waveforms = {case.waveform_id for case in shown}
    query = sa.select(events.c.waveform_sha256).where(
        events.c.who == by, events.c.kind.in_([kind.value for kind in SEEN]), events.c.waveform_sha256.in_(waveforms)
    )
    with store.reading() as connection:
        seen = set(connection.execute(query).scalars())
    return list({case.waveform_id: case for case in shown if case.waveform_id not in seen}.values())
