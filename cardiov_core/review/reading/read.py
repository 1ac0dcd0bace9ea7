"""The read: draft, commit, undo, the study's verdict, the reveal, and keep or change."""

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from cardiov_core.domain import Document, Draft, EventKind, JsonObject, Read, ReadKind, Reveal, Role, Severity, Verdict
from cardiov_core.errors import CaseNotFoundError, NotAllowedError, ReviewError
from cardiov_core.review.audit import append_event, has_seen_grade, now
from cardiov_core.review.database.rows import (
    TableRow,
    case_of,
    case_row,
    clean,
    insert_missing,
    level_of,
    locked_case,
    put_row,
    read_of,
    read_row,
    require_role,
)
from cardiov_core.review.database.schema import drafts, reads, skips
from cardiov_core.review.database.store import Store
from cardiov_core.review.people import study_row
from cardiov_core.review.settling import DONE, recount

CONFIDENCES = (1, 2, 3)
"""Low, medium, high."""


class _DraftContent(Document):
    """A draft, or a read that was taken back, as the database keeps it."""

    level: int | None
    confidence: int | None
    reasons: tuple[str, ...]
    text: str


def save_draft(store: Store, case_id: str, reader: str, draft: Draft) -> None:
    """Keep what a reader has entered so far; the latest draft of a reader and case counts, and no event tells of it.

    Raises
    ------
    CaseNotFoundError
        If there is no such case.
    NotAllowedError
        If `reader` has not the role of a reader.
    """
    content = _DraftContent(
        level=None if draft.level is None else int(draft.level),
        confidence=draft.confidence,
        reasons=draft.reasons,
        text=clean(draft.text),
    )
    with store.writing() as connection:
        require_role(connection, reader, Role.READER)
        case_row(connection, case_id)
        _put_draft(connection, case_id, reader, content)


def _put_draft(connection: sa.Connection, case_id: str, reader: str, content: _DraftContent) -> None:
    columns = {"case_id": case_id, "reader": reader, "content": content.as_json(), "saved_at": now()}
    put_row(connection, drafts, columns)


def load_draft(store: Store, case_id: str, reader: str) -> Draft | None:
    """Return what a reader has entered so far; None where there is nothing."""
    query = sa.select(drafts.c.content).where(drafts.c.case_id == case_id, drafts.c.reader == reader)
    with store.reading() as connection:
        content = connection.execute(query).scalar()
    if content is None:
        return None
    kept = _DraftContent.of(content)
    return Draft(level_of(kept.level), kept.confidence, kept.reasons, kept.text)


def commit_read(
    store: Store,
    case_id: str,
    reader: str,
    level: Severity,
    confidence: int,
    reasons: Sequence[str] = (),
    text: str = "",
) -> Read:
    """Commit a reader's first read of a case; from here on label and grade may be revealed to them.

    Parameters
    ----------
    store : Store
        An open store.
    case_id, reader : str
        Who reads what.
    level : Severity
        Their level.
    confidence : int
        1 (low), 2, 3 (high).
    reasons : sequence of str
        What decided.
    text : str
        Free text.

    Returns
    -------
    Read
        'unblinded' where this reader has seen a grade of the record before.

    Raises
    ------
    CaseNotFoundError
        If there is no such case.
    NotAllowedError
        If this reader has read the case already, or has not the role of a reader.
    ReviewError
        If the confidence is not 1, 2 or 3.
    StoreUnavailableError
        If the database cannot be written; the draft should be kept.
    """
    if confidence not in CONFIDENCES:
        raise ReviewError(f"There is no confidence {confidence}.", "Choose 1 (low), 2 or 3 (high).")
    with store.writing() as connection:
        require_role(connection, reader, Role.READER)
        case = locked_case(connection, case_id)
        if read_row(connection, case_id, reader) is not None:
            raise NotAllowedError("You have read this case already.", "Go on with the next one.")
        seen = has_seen_grade(connection, reader, case.record_sha256, case.waveform_sha256)
        kind = ReadKind.UNBLINDED if seen else ReadKind.BLIND
        given: JsonObject = {"level": int(level), "confidence": confidence, "reasons": [*reasons], "text": clean(text)}
        _put_read(connection, case_id, reader, kind, given)
        _tell(connection, case, reader, EventKind.READ_COMMITTED, after=given | {"kind": kind.value})
        recount(connection, case, reader)
        return read_of(_own_read(connection, case_id, reader))


def _put_read(connection: sa.Connection, case_id: str, reader: str, kind: ReadKind, content: JsonObject) -> None:
    """Write a read, and take away the draft and the skip that it stands for."""
    connection.execute(
        sa.insert(reads).values(case_id=case_id, reader=reader, kind=kind.value, committed_at=now(), **content)
    )
    for table in (drafts, skips):
        connection.execute(sa.delete(table).where(table.c.case_id == case_id, table.c.reader == reader))


def skip(store: Store, case_id: str, reader: str) -> None:
    """Leave a case out of a reader's queue.

    Raises
    ------
    CaseNotFoundError
        If there is no such case.
    NotAllowedError
        If this reader has read it, or has not the role of a reader.
    """
    with store.writing() as connection:
        require_role(connection, reader, Role.READER)
        case = locked_case(connection, case_id)
        if read_row(connection, case_id, reader) is not None:
            raise NotAllowedError("You have read this case already.", "Go on with the next one.")
        if insert_missing(connection, skips, {"case_id": case_id, "reader": reader}):
            _tell(connection, case, reader, EventKind.CASE_SKIPPED)


def undo(store: Store, case_id: str, reader: str) -> Draft:
    """Take a read back before anything was revealed; the audit keeps it, and it becomes the draft.

    Raises
    ------
    CaseNotFoundError
        If there is no such case or read.
    NotAllowedError
        If candidates, label or grade were shown, or the case is settled.
    """
    with store.writing() as connection:
        case = locked_case(connection, case_id)
        row = _own_read(connection, case_id, reader)
        if row.revealed_at is not None or row.candidates_at is not None:
            raise NotAllowedError("After the reveal a read stays as it is.", "Use 'change' to give another level.")
        if case.status in DONE:
            raise NotAllowedError("This case is settled, and stays so.", "Ask for an amendment of its sign-off.")
        content = _DraftContent(level=row.level, confidence=row.confidence, reasons=tuple(row.reasons), text=row.text)
        connection.execute(sa.update(reads).where(reads.c.id == row.id).values(undone_at=now()))
        _put_draft(connection, case_id, reader, content)
        _tell(connection, case, reader, EventKind.READ_UNDONE, before=content.as_json())
        recount(connection, case, reader)
    return Draft(Severity(row.level), row.confidence, tuple(row.reasons), row.text)


def study_candidates(store: Store, case_id: str, reader: str) -> tuple[Severity, Severity] | None:
    """Return label and grade without saying which is whose, in an order that is stable for reader and case.

    Returns
    -------
    tuple of Severity or None
        None where there is nothing to choose between: the study asks for no verdict, one of the two is missing, or
        both are the same.

    Raises
    ------
    CaseNotFoundError
        If there is no such case, or this reader has not read it.
    """
    with store.writing() as connection:
        case = locked_case(connection, case_id)
        row = _own_read(connection, case_id, reader)
        candidates = _candidates(connection, case, reader)
        if candidates is not None and row.candidates_at is None:
            connection.execute(sa.update(reads).where(reads.c.id == row.id).values(candidates_at=now()))
            _tell(connection, case, reader, EventKind.CANDIDATES_SHOWN, after={"candidates": list(candidates)})
    return candidates


def _candidates(connection: sa.Connection, case: TableRow, reader: str) -> tuple[Severity, Severity] | None:
    study = study_row(connection, case.study)
    if not study.with_verdict or case.label is None or case.level is None or case.label == case.level:
        return None
    pair = Severity(case.label), Severity(case.level)
    swapped = hashlib.sha256(f"{study.seed}|{reader}|{case.id}".encode()).digest()[0] % 2
    return (pair[1], pair[0]) if swapped else pair


def give_verdict(
    store: Store, case_id: str, reader: str, chosen: Severity | None, own_level: Severity | None = None
) -> Read:
    """Side with one of the two candidates, or with neither.

    Parameters
    ----------
    store : Store
        An open store.
    case_id, reader : str
        Who decides what.
    chosen : Severity or None
        One of `study_candidates`; None: neither.
    own_level : Severity, optional
        With neither: the reader's own level, which is none of the two.

    Returns
    -------
    Read
        With the verdict and its level.

    Raises
    ------
    CaseNotFoundError
        If there is no such case, or this reader has not read it.
    NotAllowedError
        If there was a verdict before, the candidates were not shown, or label and grade were revealed already.
    ReviewError
        If the level is none of the candidates, or 'neither' comes with one of them or with no level.
    """
    with store.writing() as connection:
        case = locked_case(connection, case_id)
        row = _own_read(connection, case_id, reader)
        candidates = _candidates(connection, case, reader)
        if candidates is None or row.candidates_at is None:
            raise NotAllowedError("There are no two levels to choose from.", "Go on to the reveal.")
        if row.verdict is not None or row.revealed_at is not None:
            raise NotAllowedError("The verdict on this case was given.", "Go on with the next case.")
        verdict, level = _verdict(case, candidates, chosen, own_level)
        values: JsonObject = {"verdict": verdict.value, "verdict_level": int(level)}
        connection.execute(sa.update(reads).where(reads.c.id == row.id).values(**values))
        _tell(connection, case, reader, EventKind.VERDICT_GIVEN, after=values)
        return read_of(_own_read(connection, case_id, reader))


def _verdict(
    case: TableRow, candidates: tuple[Severity, Severity], chosen: Severity | None, own_level: Severity | None
) -> tuple[Verdict, Severity]:
    if chosen is None:
        if own_level is None or own_level in candidates:
            raise ReviewError("'Neither' needs a level that is none of the two.", "Choose your own level.")
        return Verdict.NEITHER, own_level
    if chosen not in candidates:
        raise ReviewError(f"{chosen.title} is none of the two levels.", "Choose one of them, or 'neither'.")
    return (Verdict.LABEL if chosen == case.label else Verdict.MODEL), chosen


def reveal(store: Store, case_id: str, reader: str) -> Reveal:
    """Show label and grade to a reader who has committed a read, and note that they saw them.

    Raises
    ------
    CaseNotFoundError
        If there is no such case.
    NotAllowedError
        If this reader has not committed a read, or the study's verdict is still to come.
    """
    with store.writing() as connection:
        case = locked_case(connection, case_id)
        row = read_row(connection, case_id, reader)
        if row is None:
            raise NotAllowedError("Label and grade are shown after the commit.", "Commit your read first.")
        if row.verdict is None and row.revealed_at is None and _candidates(connection, case, reader) is not None:
            raise NotAllowedError("The verdict comes before the reveal.", "Side with one of the two, or with neither.")
        if row.revealed_at is None:
            connection.execute(sa.update(reads).where(reads.c.id == row.id).values(revealed_at=now()))
            _tell(connection, case, reader, EventKind.GRADE_REVEALED, after={"label": case.label, "level": case.level})
        return Reveal(case_of(case), read_of(_own_read(connection, case_id, reader)))


def keep_or_change(store: Store, read_id: int, reader: str, level: Severity | None = None) -> Read:
    """Say after the reveal whether the level stays: a second event, beside the read and not over it.

    Parameters
    ----------
    store : Store
        An open store.
    read_id : int
        Of the reader's own read.
    reader : str
        Who.
    level : Severity, optional
        The level to change to; None keeps it.

    Returns
    -------
    Read
        With `revised_level`.

    Raises
    ------
    CaseNotFoundError
        If this reader has no such read.
    NotAllowedError
        If nothing was revealed yet, or the question was answered before.
    """
    query = sa.select(reads).where(reads.c.id == read_id, reads.c.reader == reader, reads.c.undone_at.is_(None))
    with store.writing() as connection:
        known = connection.execute(query).first()
        if known is None:
            raise CaseNotFoundError(f"You have no read {read_id}.", "Open the case from your reads.")
        case = locked_case(connection, known.case_id)
        row = _own_read(connection, case.id, reader)
        if row.revealed_at is None:
            raise NotAllowedError("Nothing was revealed yet.", "See label and grade first.")
        if row.revised_level is not None:
            raise NotAllowedError("You have answered this before.", "Go on with the next case.")
        revised = row.level if level is None else int(level)
        connection.execute(sa.update(reads).where(reads.c.id == row.id).values(revised_level=revised))
        kind = EventKind.LEVEL_KEPT if revised == row.level else EventKind.LEVEL_CHANGED
        _tell(connection, case, reader, kind, before={"level": row.level}, after={"level": revised})
        return read_of(_own_read(connection, case.id, reader))


def read_by(store: Store, case_id: str, reader: str) -> Read | None:
    """Return a reader's own read of a case; None where there is none."""
    with store.reading() as connection:
        row = read_row(connection, case_id, reader)
    return None if row is None else read_of(row)


def reads_by(store: Store, reader: str, *, limit: int = 50) -> tuple[Read, ...]:
    """Return a reader's own reads, the latest first."""
    query = sa.select(reads).where(reads.c.reader == reader, reads.c.undone_at.is_(None))
    with store.reading() as connection:
        rows = connection.execute(query.order_by(reads.c.id.desc()).limit(limit)).all()
    return tuple(read_of(row) for row in rows)


def _own_read(connection: sa.Connection, case_id: str, reader: str) -> TableRow:
    row = read_row(connection, case_id, reader)
    if row is None:
        raise CaseNotFoundError("You have not read this case.", "Commit a read first.")
    return row


def _tell(
    connection: sa.Connection,
    case: TableRow,
    who: str,
    kind: EventKind,
    *,
    before: JsonObject | None = None,
    after: JsonObject | None = None,
) -> None:
    append_event(
        connection,
        who,
        kind,
        case.id,
        before=before,
        after=after,
        model=case.model_name,
        model_sha256=case.model_sha256,
        record_sha256=case.record_sha256 or None,
        waveform_sha256=case.waveform_sha256,
    )
