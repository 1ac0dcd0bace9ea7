"""The database of the review: found, made and brought up to date on first use; transactions and their errors.

SQLite in WAL mode by default, PostgreSQL by ``CARDIOV_DATABASE_URL``. Threads and processes may share it.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, make_url

from cardiov_core.errors import ConfigurationError, ReviewError, StoreUnavailableError
from cardiov_core.review.database.place import default_file, stated_url

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

_logger = logging.getLogger(__name__)

_WAIT_S = 10.0
# Any number of our own: PostgreSQL's advisory locks are distinguished by it.
_MIGRATION_LOCK = 728_431_905
_CONNECT_S = 5
# Alembic keeps the migration under way in its module: one thread at a time.
_MIGRATING = Lock()
# What is a mistake of ours, and no state of the database: it is not turned into a sentence.
_MISTAKES = (exc.IntegrityError, exc.ProgrammingError, exc.DataError, exc.NotSupportedError)


class Store:
    """An open database of the review. Made by `open_store`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        With the listeners of `open_store`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(cardiov_writes=True)

    @property
    def dialect(self) -> str:
        """'sqlite' or 'postgresql'."""
        return self.engine.dialect.name

    @property
    def place(self) -> str:
        """Where the data is, without user and password."""
        return _place(self.engine.url)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads.

        Raises
        ------
        StoreUnavailableError
            If the database is locked or cannot be reached.
        """
        with _sentences(self.engine.url), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Open a transaction that reads everything as it stands at its beginning.

        Raises
        ------
        StoreUnavailableError
            If the database is locked or cannot be reached.
        """
        engine = self.engine
        if self.dialect == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with _sentences(self.engine.url), engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a transaction that writes: all of it is kept, or nothing.

        SQLite takes the write lock at its beginning, so that nothing that was read changes before the write.

        Raises
        ------
        StoreUnavailableError
            If the database is locked, read-only, full, or cannot be reached; nothing was written.
        """
        with _sentences(self.engine.url), self._writer.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_store(url: str | None = None, *, wait_s: float = _WAIT_S) -> Store:
    """Open the database of the review; make it and bring its tables up to date where that is needed.

    Parameters
    ----------
    url : str, optional
        ``sqlite:///path`` or ``postgresql://user:password@host/database``. By default what the environment variable
        ``CARDIOV_DATABASE_URL`` says, without it the SQLite file of ``CARDIOV_REVIEW_DB``, without that
        ``cardiov/review.db`` in the user's data folder (``XDG_DATA_HOME``, by default ``~/.local/share``; on Windows
        ``LOCALAPPDATA``).
    wait_s : float
        How long to wait for a lock, in s.

    Returns
    -------
    Store
        Safe to share between threads.

    Raises
    ------
    ConfigurationError
        If the URL is of another kind of database, or PostgreSQL's driver is missing.
    StoreUnavailableError
        If the database cannot be reached or made.
    ReviewError
        If a newer CardioV made the tables.
    """
    target = _target(url)
    engine = _sqlite(target, wait_s) if target.get_backend_name() == "sqlite" else _postgresql(target, wait_s)
    try:
        with _sentences(target):
            _migrate(engine, wait_s)
    except ReviewError:
        engine.dispose()
        raise
    return Store(engine)


def begun_at(url: str) -> bool:
    """Tell whether there is a database to open at an address; `store_begun` knows which."""
    target = _target(url)
    return target.get_backend_name() != "sqlite" or Path(target.database or "").is_file()


def _target(url: str | None) -> URL:
    return _url(url or stated_url() or f"sqlite:///{default_file()}")


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except exc.ArgumentError as error:
        raise ConfigurationError(
            "The address of the review's database is not one.", "Write sqlite:///path or postgresql://host/database."
        ) from error
    backend = url.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return url
    raise ConfigurationError(
        f"The review cannot be kept in a {backend} database.", "Use sqlite:///path or postgresql://host/database."
    )


def _place(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database or "memory")
    return f"PostgreSQL database {url.database or ''} on {url.host or 'this computer'}"


def _sqlite(url: URL, wait_s: float) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("A review in memory is lost at the end.", "Name a file: sqlite:///path.")
    if "mode" not in url.query:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            # For nobody else to read, unless its owner allows it later.
            Path(url.database).touch(mode=0o600)
        except OSError as error:
            raise _unavailable(url, f"its file cannot be made ({error.strerror})") from error
    # Values stay out of logs and messages: they are names, texts and waveforms.
    engine = sa.create_engine(url, connect_args={"timeout": wait_s}, pool_timeout=wait_s, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        # Transactions are begun by the listener below and by nobody else.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # A read that was confirmed survives a power cut too, not only a killed process.
        connection.execute("PRAGMA synchronous = FULL")
        # What is deleted is overwritten.
        connection.execute("PRAGMA secure_delete = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("cardiov_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL, wait_s: float) -> sa.Engine:
    waits = f"-c lock_timeout={int(1000 * wait_s)}"
    try:
        return sa.create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,
            pool_timeout=wait_s,
            connect_args={"connect_timeout": _CONNECT_S, "options": waits},
        )
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "PostgreSQL's driver is not installed.", 'Say: pip install "cardiov[postgres]".'
        ) from error


@contextmanager
def _sentences(url: URL) -> Iterator[None]:
    """Turn what a database says into a sentence without user, password, statement or values."""
    try:
        yield
    except _MISTAKES:
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        reason = str(getattr(error, "orig", None) or "no connection was free in time")
        # The driver's own words may name the user or the values.
        _logger.warning("the review's database cannot be used: %s", type(error).__name__)
        raise _unavailable(url, _in_words(reason)) from error


def _in_words(reason: str) -> str:
    known = {
        "locked": "another process holds it",
        "lock timeout": "another process holds it",
        "readonly": "it is read-only",
        "read-only": "it is read-only",
        "full": "the disk is full",
        "unable to open": "it cannot be opened",
        "malformed": "the file is damaged",
        "not a database": "the file is no database",
    }
    lowered = reason.lower()
    return next((words for sign, words in known.items() if sign in lowered), "it cannot be reached")


def _unavailable(url: URL, reason: str) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"The review's database ({_place(url)}) cannot be used: {reason}.",
        "Nothing of this step was written. Try again in a moment; if it stays so, tell who looks after the database.",
    )


@cache
def _script() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(Path(__file__).parent / "migrations"))


def _migrate(engine: sa.Engine, wait_s: float) -> None:
    """Bring the tables up to date, one process at a time."""
    head = _script().get_current_head()
    with engine.connect() as connection, connection.begin():
        revision = _revision(connection)
    if engine.dialect.name == "sqlite" and revision is None:
        _use_wal(engine, wait_s)
    if revision == head:
        return
    writer = engine.execution_options(cardiov_writes=True)
    with _MIGRATING, writer.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        # Somebody else may have done it while this process waited for the lock.
        revision = _revision(connection)
        if revision == head:
            return
        if revision is not None and revision not in {script.revision for script in _script().walk_revisions()}:
            raise ReviewError(
                f"The review's tables were made by a newer CardioV (revision {revision}).",
                "Update CardioV and try again.",
            )
        _upgrade(connection)


def _revision(connection: sa.Connection) -> str | None:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _script().dir.replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _use_wal(engine: sa.Engine, wait_s: float) -> None:
    """Let readers read while somebody writes; the file remembers it.

    SQLite does not wait for locks at this change, and another process may be making the same file.
    """
    deadline = time.monotonic() + wait_s
    while True:
        connection = engine.raw_connection()
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise exc.OperationalError("PRAGMA journal_mode", None, error) from error
            time.sleep(0.05)
        finally:
            connection.close()
