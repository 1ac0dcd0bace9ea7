"""Out and in: reads with their verdicts, the audit, corrected labels; reads that were made elsewhere."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from cardiov_core.domain import FORMULA_SIGNS, EventKind, ReadKind, Severity, Verdict, spreadsheet_text
from cardiov_core.errors import CardioVError, ExchangeError, NotAllowedError, StoreUnavailableError
from cardiov_core.review.audit import append_event, events_of, now
from cardiov_core.review.case_import import ImportReport
from cardiov_core.review.database.rows import Query, TableRow, clean, insert_missing, locked_case, read_row
from cardiov_core.review.database.schema import adjudications, cases, readers, reads, sign_offs
from cardiov_core.review.database.store import Store
from cardiov_core.review.people import MAX_NAME
from cardiov_core.review.settling import recount

FileFormat = Literal["csv", "json"]

LABEL_COLUMNS = ("ecg_id", "level", "reader", "time")
"""Of the file of corrected labels."""

_READ_COLUMNS = (
    "case_id", "study", "record_id", "dataset", "ecg_id", "reader", "level", "confidence", "reasons", "text", "kind",
    "time", "revised_level", "verdict", "verdict_level", "label", "model_level", "model", "model_sha256", "status",
    "decision", "indeterminate",
)  # fmt: skip
_NEEDED = ("reader", "level", "confidence", "kind", "time")
_SEPARATOR = " | "
_MAX_AUDIT = 1_000_000
_PTBXL = "ptb-xl"
_SETTLED = sa.select(cases.c.id, cases.c.ecg_id, cases.c.decision).where(
    cases.c.decision.is_not(None), cases.c.ecg_id != ""
)


def export_reads(store: Store, fmt: FileFormat = "csv", study: str | None = None) -> str:
    """Return all committed reads with their verdicts, and what became of their cases.

    Parameters
    ----------
    store : Store
        An open store.
    fmt : {"csv", "json"}
        One row a read; JSON is a list of objects with the same names.
    study : str, optional
        Of one study; all by default.

    Returns
    -------
    str
        The file's text. Times are UTC in ISO form; `level` is the level before the reveal, `revised_level` what the
        reader kept or changed to. `import_reads` takes both forms back.
    """
    query = (
        sa.select(reads, *(cases.c[name].label(f"case_{name}") for name in _CASE_COLUMNS))
        .join(cases, cases.c.id == reads.c.case_id)
        .where(reads.c.undone_at.is_(None))
        .order_by(reads.c.id)
    )
    if study is not None:
        query = query.where(cases.c.study == study)
    with store.reading() as connection:
        rows = [_read_values(row) for row in connection.execute(query)]
    return _text(rows, _READ_COLUMNS, fmt)


_CASE_COLUMNS = (
    "study", "record_id", "dataset", "ecg_id", "label", "level", "model_name", "model_sha256", "status", "decision",
    "indeterminate",
)  # fmt: skip


def _read_values(row: TableRow) -> dict[str, object]:
    return {
        "case_id": row.case_id,
        "study": row.case_study,
        "record_id": row.case_record_id,
        "dataset": row.case_dataset,
        "ecg_id": row.case_ecg_id,
        "reader": row.reader,
        "level": row.level,
        "confidence": row.confidence,
        "reasons": row.reasons,
        "text": row.text,
        "kind": row.kind,
        "time": row.committed_at.isoformat(),
        "revised_level": row.revised_level,
        "verdict": row.verdict,
        "verdict_level": row.verdict_level,
        "label": row.case_label,
        "model_level": row.case_level,
        "model": row.case_model_name,
        "model_sha256": row.case_model_sha256,
        "status": row.case_status,
        "decision": row.case_decision,
        "indeterminate": row.case_indeterminate,
    }


def export_labels(store: Store, study: str | None = None) -> str:
    """Return the corrected labels as the file that training and evaluation accept.

    Parameters
    ----------
    store : Store
        An open store.
    study : str, optional
        Of one study; all by default.

    Returns
    -------
    str
        CSV with ``ecg_id, level, reader, time``: one row per record that is settled with a level. `reader` is who
        signed it last, otherwise who adjudicated it, otherwise the readers who agreed, joined by ' + '; `time` is
        when, UTC. Cases without an ``ecg_id`` and indeterminate ones are not in it. Where several studies settled a
        record, the latest decision counts.
    """
    query = _SETTLED
    if study is not None:
        query = query.where(cases.c.study == study)
    settled = sorted(_latest(store, query).items(), key=lambda item: (len(item[0]), item[0]))
    rows = [{"ecg_id": ecg_id, **vars(one), "time": one.time.isoformat()} for ecg_id, one in settled]
    return _text(rows, LABEL_COLUMNS, "csv")


def corrected_label(store: Store, ecg_id: int) -> Severity | None:
    """Return the level that cardiologists settled for a record of PTB-XL; None where they have not.

    Parameters
    ----------
    store : Store
        An open store.
    ecg_id : int
        The record.

    Returns
    -------
    Severity or None
        As in `export_labels`.
    """
    latest = _latest(store, _SETTLED.where(cases.c.ecg_id == str(ecg_id), cases.c.dataset == _PTBXL))
    return Severity(latest[str(ecg_id)].level) if latest else None


@dataclass(frozen=True)
class _Decision:
    level: int
    reader: str
    time: datetime


def _latest(store: Store, query: Query) -> dict[str, _Decision]:
    """Return the latest decision on each record of some cases, by ``ecg_id``."""
    labels: dict[str, _Decision] = {}
    with store.reading() as connection:
        rows = connection.execute(query).all()
        deciders = _deciders(connection) if rows else {}
    for row in rows:
        who, when = deciders[row.id]
        known = labels.get(row.ecg_id)
        if known is None or known.time < when:
            labels[row.ecg_id] = _Decision(row.decision, who, when)
    return labels


def _deciders(connection: sa.Connection) -> dict[str, tuple[str, datetime]]:
    """Return who decided each settled case, and when: the later table overrides the earlier one."""
    agreed: dict[str, tuple[list[str], datetime]] = {}
    blind = (
        sa.select(reads.c.case_id, reads.c.reader, reads.c.committed_at)
        .join(cases, cases.c.id == reads.c.case_id)
        .where(
            reads.c.undone_at.is_(None),
            reads.c.kind == ReadKind.BLIND.value,
            cases.c.decision.is_not(None),
            reads.c.level == cases.c.decision,
        )
        .order_by(reads.c.id)
    )
    for row in connection.execute(blind):
        names, _ = agreed.get(row.case_id, ([], row.committed_at))
        agreed[row.case_id] = ([*names, row.reader], row.committed_at)
    deciders = {case_id: (" + ".join(names), when) for case_id, (names, when) in agreed.items()}
    for table in (adjudications, sign_offs):
        for row in connection.execute(sa.select(table.c.case_id, table.c.by, table.c.at).order_by(table.c.id)):
            deciders[row.case_id] = (row.by, row.at)
    return deciders


def export_audit(store: Store) -> str:
    """Return the whole audit as JSON, oldest first."""
    rows = []
    for event in events_of(store, limit=_MAX_AUDIT):
        row = asdict(event)
        rows.append(row | {"at": event.at.isoformat(), "kind": event.kind.value})
    return _text(rows, (), "json")


def _text(rows: Sequence[Mapping[str, object]], columns: Sequence[str], fmt: FileFormat) -> str:
    if fmt == "json":
        return json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(row[name]) for name in columns} for row in rows)
    return file.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = _SEPARATOR.join(value)
    return spreadsheet_text(value) if isinstance(value, str) else value


def import_reads(store: Store, text: str, by: str) -> ImportReport:
    """Take in reads that were made elsewhere: on paper, in another program, in another CardioV.

    Parameters
    ----------
    store : Store
        An open store.
    text : str
        CSV with a header, or a JSON list of objects. Each names its case by ``case_id``, by ``ecg_id`` or by
        ``record_id`` (with ``study`` where several have it), and gives ``reader``, ``level`` (0-3), ``confidence``
        (1-3), ``kind`` ('blind' or 'unblinded') and ``time`` (ISO, with its zone); ``reasons``, ``text``,
        ``revised_level``, ``verdict`` and ``verdict_level`` may be there. What `export_reads` writes is such a file.
    by : str
        Who brings them.

    Returns
    -------
    ImportReport
        A row that is wrong is an error that names it, and the rest is taken. A read that is there already, the same
        to the second, is known; another one by the same reader on the same case is an error. Readers who are not
        known are added without roles.

    Raises
    ------
    ExchangeError
        If the text is neither a table with these columns nor such a list.
    StoreUnavailableError
        If the database cannot be written; what was taken before stays.
    """
    added = known = 0
    errors: list[CardioVError] = []
    for number, row in enumerate(_rows_of(text), start=1):
        try:
            new = _import_read(store, row, by)
        except StoreUnavailableError:
            raise
        except CardioVError as error:
            errors.append(ExchangeError(f"Row {number}: {error.message}", error.hint))
        except (KeyError, TypeError, ValueError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            errors.append(ExchangeError(f"Row {number}: {what}.", "Correct the row and import the file again."))
        else:
            added, known = added + new, known + (not new)
    return ImportReport(added, known, 0, tuple(errors))


def _rows_of(text: str) -> Iterable[Mapping[str, object]]:
    plain = text.removeprefix("\ufeff")
    if plain.lstrip().startswith("["):
        try:
            rows = json.loads(plain)
        except ValueError as error:
            raise ExchangeError(f"This is no JSON: {error}.", "Give a list of objects, or a CSV table.") from error
        if not all(isinstance(row, dict) for row in rows):
            raise ExchangeError("The JSON list holds something else than objects.", "Give one object a read.")
        return list(rows)
    reader = csv.DictReader(io.StringIO(plain, newline=""))
    missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise ExchangeError(f"The table lacks the columns {', '.join(missing)}.", f"Needed: {', '.join(_NEEDED)}.")
    return [_cells(row) for row in reader]


def _cells(row: Mapping[str, str | None]) -> dict[str, object]:
    """Undo what `_cell` does; an empty cell is nothing."""
    cells: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, str) and value:
            cells[name] = value[1:] if value.startswith("'") and value[1:].startswith(FORMULA_SIGNS) else value
    reasons = cells.get("reasons")
    return {**cells, **({"reasons": reasons.split(_SEPARATOR)} if reasons else {})}


@dataclass(frozen=True)
class _NewRead:
    """A read that was made elsewhere, by the columns of the table of reads."""

    reader: str
    level: int
    confidence: int
    reasons: list[str]
    text: str
    kind: str
    committed_at: datetime
    revised_level: int | None
    verdict: str | None
    verdict_level: int | None


def _new_read(row: Mapping[str, object]) -> _NewRead:
    """Check a row and return what it says."""
    at = datetime.fromisoformat(str(row["time"]))
    if at.tzinfo is None:
        raise ValueError(f"the time {row['time']} has no zone")
    if at > now():
        raise ValueError(f"the time {row['time']} is still to come")
    confidence = _whole(row["confidence"])
    if not 1 <= confidence <= 3:
        raise ValueError(f"there is no confidence {confidence}")
    reader = " ".join(clean(str(row["reader"])).split())
    if not 0 < len(reader) <= MAX_NAME:
        raise ValueError(f"a reader needs a name of 1 to {MAX_NAME} characters")
    verdict = row.get("verdict")
    if (verdict is None) != (row.get("verdict_level") is None):
        raise ValueError("verdict and verdict_level belong together")
    reasons = row.get("reasons") or []
    if not isinstance(reasons, list):
        raise TypeError("reasons are no list")
    return _NewRead(
        reader=reader,
        level=int(Severity(_whole(row["level"]))),
        confidence=confidence,
        reasons=[str(reason) for reason in reasons],
        text=clean(str(row.get("text") or "")),
        kind=ReadKind(str(row["kind"])).value,
        committed_at=at,
        revised_level=_optional_level(row.get("revised_level")),
        verdict=None if verdict is None else Verdict(str(verdict)).value,
        verdict_level=_optional_level(row.get("verdict_level")),
    )


def _whole(value: object) -> int:
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"{value!r} is no number")
    return int(value)


def _optional_level(value: object) -> int | None:
    return None if value is None else int(Severity(_whole(value)))


def _import_read(store: Store, row: Mapping[str, object], by: str) -> bool:
    """Take one read; return whether it is new."""
    new = _new_read(row)
    with store.writing() as connection:
        case = locked_case(connection, _case_id(connection, row))
        there = read_row(connection, case.id, new.reader)
        if there is not None:
            same = there.level == new.level and abs((there.committed_at - new.committed_at).total_seconds()) < 1
            if same:
                return False
            raise NotAllowedError("this reader has another read of the case.", "A reader reads a case once.")
        insert_missing(connection, readers, {"name": new.reader, "identity": None, "created_at": now()})
        # What was answered after a reveal had one.
        revealed = new.committed_at if new.revised_level is not None else None
        connection.execute(sa.insert(reads).values(case_id=case.id, revealed_at=revealed, **vars(new)))
        append_event(
            connection,
            by,
            EventKind.READ_IMPORTED,
            case.id,
            after={**vars(new), "committed_at": new.committed_at.isoformat()},
            model=case.model_name,
            model_sha256=case.model_sha256,
        )
        recount(connection, case, by)
    return True


def _case_id(connection: sa.Connection, row: Mapping[str, object]) -> str:
    """Find the case that a row names: by its id, by the record's number, or by the record's name."""
    for column in (cases.c.id, cases.c.ecg_id, cases.c.record_id):
        name = "case_id" if column.name == "id" else column.name
        if not row.get(name):
            continue
        query = sa.select(cases.c.id).where(column == str(row[name]))
        if row.get("study"):
            query = query.where(cases.c.study == str(row["study"]))
        ids = connection.execute(query.limit(2)).scalars().all()
        if len(ids) == 1:
            return str(ids[0])
        if ids:
            raise ExchangeError(f"several cases have the {name} {row[name]!r}.", "Name the study, or the case_id.")
    raise ExchangeError("there is no such case.", "Name it by case_id, ecg_id or record_id.")
