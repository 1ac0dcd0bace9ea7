"""From the rows of the tables to the values of the domain, and the look-ups that every step begins with."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cardiov_core.domain import (
    BlindCase,
    Case,
    CaseReference,
    CaseSource,
    CaseStatus,
    QualityVerdict,
    Read,
    ReadKind,
    Role,
    Severity,
    Verdict,
)
from cardiov_core.errors import CaseNotFoundError, NotAllowedError
from cardiov_core.review.database.schema import assignments, cases, reads, roles

TableRow = sa.Row[Any]
"""A row that a query gave; SQLAlchemy's Core does not know the types of its columns."""

Query = sa.Select[Any]
"""A query for such rows."""

Columns = Mapping[str, object]
"""Columns of a table with their values."""

_UNKNOWN = -1
"""In the columns ``error`` and ``gap``: there is none."""


def clean(text: str, n_characters: int | None = None) -> str:
    """Drop what a database cannot store: NUL (PostgreSQL), halves of surrogate pairs, what a column cannot hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")[:n_characters]


def insert_missing(connection: sa.Connection, table: sa.Table, values: Columns) -> bool:
    """Insert a row unless one of the same key is there, without a race; return whether it was inserted."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return connection.execute(statement).first() is not None


def put_row(connection: sa.Connection, table: sa.Table, values: Columns) -> None:
    """Insert a row, or bring the one of the same primary key up to date, without a race."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    key = [column.name for column in table.primary_key.columns]
    changed = {name: value for name, value in values.items() if name not in key}
    statement = insert(table).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


def one_at_a_time(connection: sa.Connection, what: str) -> None:
    """Let transactions about the same thing pass one after the other; SQLite's writers do so anyway."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(what.encode("utf-8", "replace")).digest()[:8], "big", signed=True)
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def require_role(connection: sa.Connection, who: str, role: Role) -> None:
    """Make sure that somebody may do something, or raise `NotAllowedError`."""
    granted = connection.execute(sa.select(roles.c.role).where(roles.c.reader == who, roles.c.role == role.value))
    if granted.first() is None:
        raise NotAllowedError(
            f"This needs the role of {'an' if role.value[0] == 'a' else 'a'} {role.value}.",
            "An administrator of the review gives roles.",
        )


def locked_case(connection: sa.Connection, case_id: str) -> TableRow:
    """Return a case's row, and let nobody else write to the case until the transaction ends."""
    # SQLite has the lock since the transaction began, and knows no FOR UPDATE: SQLAlchemy leaves it out there.
    query = sa.select(cases).where(cases.c.id == case_id).with_for_update()
    return _known(connection.execute(query).first(), case_id)


def case_row(connection: sa.Connection, case_id: str) -> TableRow:
    """Return a case's row, or raise `CaseNotFoundError`."""
    return _known(connection.execute(sa.select(cases).where(cases.c.id == case_id)).first(), case_id)


def _known(row: TableRow | None, case_id: str) -> TableRow:
    if row is None:
        raise CaseNotFoundError(f"There is no case {case_id!r}.", "Open it from the worklist.")
    return row


def read_row(connection: sa.Connection, case_id: str, reader: str) -> TableRow | None:
    """Return a reader's read of a case that was not undone; None where there is none."""
    query = sa.select(reads).where(reads.c.case_id == case_id, reads.c.reader == reader, reads.c.undone_at.is_(None))
    return connection.execute(query).first()


def assigned(connection: sa.Connection, case_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return to whom cases were given; cases given to nobody are absent."""
    readers: dict[str, tuple[str, ...]] = {}
    query = sa.select(assignments).where(assignments.c.case_id.in_(list(case_ids))).order_by(assignments.c.reader)
    for row in connection.execute(query):
        readers[row.case_id] = (*readers.get(row.case_id, ()), row.reader)
    return readers


def level_of(value: int | None) -> Severity | None:
    """Return a column's level."""
    return None if value is None else Severity(value)


def case_of(row: TableRow, assigned_to: tuple[str, ...] = ()) -> Case:
    """Return a row of the table of cases as a case."""
    numbers = {
        name: None if getattr(row, name) is None else tuple(getattr(row, name))
        for name in ("probabilities", "exceedance")
    }
    return Case(
        id=row.id,
        study=row.study,
        record_id=row.record_id,
        source=CaseSource(row.source),
        reference=CaseReference(row.dataset, row.ecg_id, row.path),
        label=level_of(row.label),
        level=level_of(row.level),
        probabilities=numbers["probabilities"],
        exceedance=numbers["exceedance"],
        prediction_set=None if row.prediction_set is None else tuple(Severity(item) for item in row.prediction_set),
        rank_violation=row.rank_violation,
        model_name=row.model_name,
        model_sha256=row.model_sha256,
        out_of_fold=row.out_of_fold,
        quality_verdict=QualityVerdict(row.quality_verdict),
        quality_reasons=tuple(row.quality_reasons),
        reasons=tuple(row.reasons),
        age=row.age,
        sex=row.sex,
        status=CaseStatus(row.status),
        priority=row.priority,
        created_at=row.created_at,
        waveform_id=row.waveform_sha256,
        waveform_deleted=row.waveform_deleted_at is not None,
        n_reads=row.n_reads,
        disagreement=None if row.gap == _UNKNOWN else row.gap,
        assigned_to=assigned_to,
        decision=level_of(row.decision),
        indeterminate=row.indeterminate,
        record_sha256=row.record_sha256,
        graders_disagree=row.graders_disagree,
    )


def blind_case_of(row: TableRow) -> BlindCase:
    """Return a row of the table of cases as a blind reader may know it."""
    return BlindCase(row.id, row.age, row.sex)


def read_of(row: TableRow) -> Read:
    """Return a row of the table of reads as a read."""
    return Read(
        id=row.id,
        case_id=row.case_id,
        reader=row.reader,
        level=Severity(row.level),
        confidence=row.confidence,
        reasons=tuple(row.reasons),
        text=row.text,
        kind=ReadKind(row.kind),
        committed_at=row.committed_at,
        revealed_at=row.revealed_at,
        revised_level=level_of(row.revised_level),
        verdict=None if row.verdict is None else Verdict(row.verdict),
        verdict_level=level_of(row.verdict_level),
    )
