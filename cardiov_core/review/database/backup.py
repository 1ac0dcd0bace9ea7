"""Back-up and restore: all tables of a review in one SQLite file, whichever database the review is kept in.

A back-up is itself a review that CardioV can open, so restoring it into PostgreSQL moves a review there.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from cardiov_core.errors import ExchangeError, ReviewError
from cardiov_core.review.database.schema import metadata
from cardiov_core.review.database.store import Store, open_store

_ROWS_AT_ONCE = 200


def back_up(store: Store, file: Path) -> int:
    """Write a copy of all tables, as they stand at one moment; others go on reading and writing meanwhile.

    Parameters
    ----------
    store : Store
        The review.
    file : pathlib.Path
        A new SQLite file. It is whole or not there: it gets its name at the end.

    Returns
    -------
    int
        How many rows it holds.

    Raises
    ------
    ExchangeError
        If there is such a file already, or it cannot be written.
    StoreUnavailableError
        If the review's database cannot be used.
    """
    if file.exists():
        raise ExchangeError(f"{file} is there already.", "Name a new file, so that an older back-up stays.")
    partial = file.with_name(f"{file.name}.part")
    partial.unlink(missing_ok=True)
    try:
        with closing(open_store(f"sqlite:///{partial}")) as copy:
            n_rows = _copy(store, copy)
        with closing(sqlite3.connect(partial)) as connection:
            # One file, without a log beside it.
            connection.execute("PRAGMA journal_mode = DELETE")
        partial.rename(file)
    except OSError as error:
        raise ExchangeError(f"{file} cannot be written: {error.strerror}.", "Name a file elsewhere.") from error
    finally:
        partial.unlink(missing_ok=True)
    return n_rows


def restore(store: Store, file: Path) -> int:
    """Fill an empty review from a back-up, of this or an earlier CardioV.

    Parameters
    ----------
    store : Store
        A review without cases, readers and events.
    file : pathlib.Path
        What `back_up` wrote; it stays as it is.

    Returns
    -------
    int
        How many rows were taken over: all of them, or none.

    Raises
    ------
    ExchangeError
        If there is no such file, or the review is not empty.
    ReviewError
        If the file is no review, or a newer CardioV wrote it.
    """
    if not file.is_file():
        raise ExchangeError(f"There is no file {file}.", "Name the file that `cardiov review back-up` wrote.")
    with store.reading() as connection:
        filled = [t.name for t in metadata.sorted_tables if connection.execute(sa.select(t).limit(1)).first()]
    if filled:
        raise ExchangeError(
            f"{store.place} is not empty: there are rows in {', '.join(filled)}.",
            "Restore into a new database: CARDIOV_REVIEW_DB or CARDIOV_DATABASE_URL names it.",
        )
    # An older back-up is brought up to date when it is opened: in a copy, because the file is to stay as it is.
    copy = file.with_name(f"{file.name}.opened")
    try:
        copy.write_bytes(file.read_bytes())
        with closing(open_store(f"sqlite:///{copy}")) as saved:
            return _copy(saved, store)
    except OSError as error:
        raise ExchangeError(f"{file} cannot be read: {error.strerror}.", "Copy it to a folder of your own.") from error
    finally:
        for left in (copy, *copy.parent.glob(f"{copy.name}-*")):
            left.unlink(missing_ok=True)


def _copy(source: Store, target: Store) -> int:
    """Copy every row in one transaction on either side."""
    n_rows = 0
    with source.snapshot() as reading, target.writing() as writing:
        for table in metadata.sorted_tables:
            rows = reading.execution_options(yield_per=_ROWS_AT_ONCE).execute(sa.select(table)).mappings()
            for part in rows.partitions():
                writing.execute(sa.insert(table), [dict(row) for row in part])
                n_rows += len(part)
            _go_on_counting(writing, table)
    if n_rows == 0:
        raise ReviewError("There is nothing in this review.", "Check which database is meant: cardiov review status.")
    return n_rows


def _go_on_counting(connection: sa.Connection, table: sa.Table) -> None:
    """Let PostgreSQL give the next row a number that no copied row has; SQLite does so by itself."""
    identity = table.primary_key.columns.get("id")
    if connection.dialect.name != "postgresql" or identity is None or not isinstance(identity.type, sa.Integer):
        return
    highest = connection.execute(sa.select(sa.func.max(identity))).scalar()
    if highest is not None:
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        connection.execute(sa.select(sa.func.setval(sequence, highest)))
