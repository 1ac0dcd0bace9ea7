"""The database itself: tables, append-only audit, times, addresses, and what is said when it cannot be used."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from cardiov_core import review
from cardiov_core.domain import CaseSource, Draft, Quality, QualityVerdict, Severity
from cardiov_core.errors import ConfigurationError, NotAllowedError, ReviewError, StoreUnavailableError
from cardiov_core.review import Store
from cardiov_core.review.database.schema import APPEND_ONLY, events, metadata, readers
from cardiov_core.review.worklist.listing import get_blind_case


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def _change(store: Store, statement: str) -> None:
    with store.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_database_itself_refuses_to_change_what_was_done(store: Store, add: Any, table: str) -> None:
    case_id = add("r1")
    review.commit_read(store, case_id, "Ada", Severity(0), 1)
    review.commit_read(store, case_id, "Ben", Severity(1), 1)
    review.adjudicate(store, case_id, "Dan", Severity(1), "why")
    review.sign_off(store, case_id, "Dan", Severity(1))
    before = review.events_of(store)
    assert before
    forbidden = ["UPDATE {} SET case_id = NULL", "DELETE FROM {}"]
    # REPLACE deletes without asking a trigger of DELETE; TRUNCATE asks no trigger of rows.
    forbidden += ["INSERT OR REPLACE INTO {0} SELECT * FROM {0}"] if store.dialect == "sqlite" else ["TRUNCATE {}"]
    for statement in forbidden:
        with pytest.raises(sa.exc.DatabaseError, match="append-only"):
            _change(store, statement.format(table))
    assert review.events_of(store) == before


def test_times_are_utc_and_aware_whatever_zone_they_come_in(store: Store) -> None:
    there = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with store.writing() as connection:
        connection.execute(sa.insert(readers).values(name="Eve", created_at=there))
    with store.reading() as connection:
        found = connection.execute(sa.select(readers.c.created_at).where(readers.c.name == "Eve")).scalar_one()
        later = connection.execute(sa.select(readers.c.name).where(readers.c.created_at <= there)).scalars().all()
    assert (found, found.tzinfo) == (there, UTC)
    assert found.hour == 21
    assert later == ["Eve"]
    with pytest.raises(sa.exc.StatementError, match="time zone"), store.writing() as connection:
        connection.execute(sa.insert(readers).values(name="Fay", created_at=there.replace(tzinfo=None)))


@contextmanager
def _locked(store: Store) -> Iterator[None]:
    """Hold what a write needs, as another program would."""
    with store.engine.connect() as connection:
        if store.dialect == "sqlite":
            other = sqlite3.connect(str(store.engine.url.database), isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            yield
            other.rollback()
            other.close()
        else:
            with connection.begin():
                connection.exec_driver_sql("LOCK TABLE cases, drafts, roles IN ACCESS EXCLUSIVE MODE")
                yield


@contextmanager
def _read_only(store: Store) -> Iterator[None]:
    """Let nobody write."""
    if store.dialect == "sqlite":
        event_arguments = store.engine, "connect", _query_only
        store.engine.dispose()
        sa.event.listen(*event_arguments)
        yield
        sa.event.remove(*event_arguments)
        store.engine.dispose()
    else:
        _change(store, f"ALTER DATABASE {store.engine.url.database} SET default_transaction_read_only = on")
        store.engine.dispose()
        yield
        with store.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("SET TRANSACTION READ WRITE")
            connection.exec_driver_sql(f"ALTER DATABASE {store.engine.url.database} RESET ALL")
        store.engine.dispose()


def _query_only(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA query_only = ON")


@pytest.mark.parametrize(
    ("fault", "words"), [(_locked, "another process holds it"), (_read_only, "read-only")], ids=["locked", "read-only"]
)
def test_a_database_that_takes_no_write_says_so_and_loses_nothing(
    store: Store, add: Any, database_url: str, fault: Any, words: str
) -> None:
    case_id = add("r1")
    review.save_draft(store, case_id, "Ada", Draft(Severity(2), 2, (), "kept"))
    impatient = review.open_store(database_url, wait_s=0.2)
    held: AbstractContextManager[None] = fault(impatient)
    with held:
        with pytest.raises(StoreUnavailableError, match=words) as caught:
            review.commit_read(impatient, case_id, "Ada", Severity(2), 2, (), "kept")
        assert "Nothing of this step was written" in caught.value.hint
    impatient.close()
    assert review.reads_of(store, case_id) == ()
    assert review.load_draft(store, case_id, "Ada") == Draft(Severity(2), 2, (), "kept")
    review.commit_read(store, case_id, "Ada", Severity(2), 2)


def test_readers_do_not_wait_for_a_writer(store: Store, add: Any) -> None:
    case_id = add("r1")
    with store.writing() as connection:
        connection.execute(sa.update(readers).values(identity=None))
        assert review.list_cases(store).total == 1
        assert get_blind_case(store, case_id).id == case_id


@pytest.mark.parametrize("address", ["sqlite:///{file}/review.db", "postgresql://me:secret@127.0.0.1:1/none"])
def test_an_unreachable_database_is_a_sentence_without_the_password(
    tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    file = tmp_path / "file"
    file.write_text("no folder")
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreUnavailableError) as caught:
        review.open_store(address.format(file=file), wait_s=0.2)
    said = caught.value.message + caught.value.hint + caplog.text
    assert "secret" not in said
    assert "me:" not in said


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "review.db").write_text("name,level\n" * 100)
    with pytest.raises(StoreUnavailableError, match="no database"):
        review.open_store(f"sqlite:///{tmp_path / 'review.db'}")


def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    store = review.open_store(f"sqlite:///{tmp_path / 'review.db'}")

    def _small(connection: sqlite3.Connection, _: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    store.engine.dispose()
    sa.event.listen(store.engine, "connect", _small)

    def _fill() -> None:
        for number in range(2000):
            review.ensure_reader(store, f"Reader {number} " + "x" * 60)

    with pytest.raises(StoreUnavailableError, match="full"):
        _fill()
    store.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_read_only_file_can_be_looked_at(tmp_path: Path, database_url: str) -> None:
    review.open_store(database_url).close()
    store = review.open_store(f"sqlite:///file:{tmp_path / 'review.db'}?mode=ro&uri=true")
    assert review.list_cases(store).total == 0
    with pytest.raises(StoreUnavailableError, match="read-only"):
        review.ensure_reader(store, "Ada")
    store.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_drops_the_connection_is_asked_again(store: Store, add: Any) -> None:
    case_id = add("r1")
    other = sa.create_engine(store.engine.url)
    with other.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    other.dispose()
    review.commit_read(store, case_id, "Ada", Severity(2), 2)
    assert [(read.reader, read.level) for read in review.reads_of(store, case_id)] == [("Ada", Severity(2))]


@pytest.mark.parametrize("address", ["mysql://host/x", "nothing at all", "sqlite://", "sqlite:///:memory:"])
def test_only_files_and_postgresql_are_taken(address: str) -> None:
    with pytest.raises(ConfigurationError):
        review.open_store(address)


def test_the_address_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.delenv("CARDIOV_REVIEW_DB", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name, value, expected in (
        ("CARDIOV_REVIEW_DB", "", tmp_path / "data" / "cardiov" / "review.db"),
        ("CARDIOV_REVIEW_DB", str(tmp_path / "b.db"), tmp_path / "b.db"),
        ("CARDIOV_DATABASE_URL", f"sqlite:///{tmp_path / 'c.db'}", tmp_path / "c.db"),
    ):
        monkeypatch.setenv(name, value)
        store = review.open_store()
        assert store.place == str(expected)
        assert expected.is_file()
        store.close()


def test_tables_of_a_newer_version_are_left_alone(store: Store, database_url: str) -> None:
    _change(store, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ReviewError, match="newer CardioV"):
        review.open_store(database_url)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_writes_ahead(store: Store) -> None:
    with store.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_threads_share_a_store(store: Store, add: Any) -> None:
    case_ids = [add(f"r{number}") for number in range(8)]
    failures: list[BaseException] = []

    def _read(reader: str) -> None:
        try:
            for case_id in case_ids:
                review.commit_read(store, case_id, reader, Severity(1), 1)
        except (NotAllowedError, StoreUnavailableError) as error:
            failures.append(error)

    threads = [threading.Thread(target=_read, args=(reader,)) for reader in ("Ada", "Ben", "Cyd", "Dan")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert all(len(review.reads_of(store, case_id)) == 4 for case_id in case_ids)
    with store.reading() as connection:
        ids = connection.execute(sa.select(events.c.id).order_by(events.c.id)).scalars().all()
    assert len(ids) == len(set(ids))


def test_no_name_and_no_text_of_anybody_is_logged(
    database_url: str, record: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.INFO, "sqlalchemy.engine"):
        store = review.open_store(database_url, wait_s=0.2)
        review.ensure_reader(store, "Zacharias", identity="issuer|9")
        case_id = review.put_case(
            store,
            review.NewCase(
                replace(record, record_id="Quux_Jane"),
                prediction=None,
                quality=Quality(QualityVerdict.ACCEPTABLE, ()),
                source=CaseSource.FOLDER,
            ),
            "Zacharias",
        )[0]
        review.commit_read(store, case_id, "Zacharias", Severity(1), 1, (), "Xylophone")
        with _locked(store), pytest.raises(StoreUnavailableError) as caught:
            review.save_draft(store, case_id, "Zacharias", Draft(text="Xylophone"))
        store.close()
    # The statements are logged at this level, their values are not.
    assert "INSERT INTO reads" in caplog.text
    for word in ("Zacharias", "issuer", "Quux", "Xylophone"):
        assert word not in caplog.text + str(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_new_file_is_its_owners_alone(tmp_path: Path, store: Store) -> None:
    assert store.dialect == "sqlite"
    assert (tmp_path / "review.db").stat().st_mode & 0o077 == 0
