"""A database that is slow, old, migrated by several at once, and a clock that goes back."""

import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.domain import EventKind, Severity
from cardiov_core.errors import CaseNotFoundError
from cardiov_core.review import Store
from tests.faults.kills import campaign
from tests.review import conftest as shared

database_url, store = shared.database_url, shared.store
add, record = shared.add, shared.record
OPENER = Path(__file__).parents[1] / "review" / "database" / "reader_process.py"


@pytest.mark.slow
def test_a_hundred_kills_within_a_save_lose_nothing(database_url: str) -> None:
    tally = campaign(database_url, 100, 5)
    assert (tally.tried, tally.whole + tally.absent, tally.lost) == (100, 100, [])


def test_kills_within_a_save_lose_nothing(database_url: str) -> None:
    tally = campaign(database_url, 4, 5)
    assert (tally.tried, tally.whole + tally.absent, tally.lost) == (4, 4, [])


def test_a_slow_database_is_waited_for(store: Store, add: shared.AddCase) -> None:
    case_id = add("r1")
    held = threading.Event()

    def _hold() -> None:
        with store.writing() as connection:
            # What a save needs is somebody else's for a while.
            connection.execute(sa.text("UPDATE cases SET age = age"))
            held.set()
            time.sleep(1.0)

    holder = threading.Thread(target=_hold)
    holder.start()
    held.wait()
    began = time.monotonic()
    review.commit_read(store, case_id, "Ada", Severity(2), 2)
    holder.join()
    assert time.monotonic() - began > 0.5
    assert [read.reader for read in review.reads_of(store, case_id)] == ["Ada"]


def test_a_clock_that_is_set_back_loses_and_reorders_nothing(
    store: Store, add: shared.AddCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = add("r1")
    review.commit_read(store, case_id, "Ada", Severity(0), 1)
    for module in list(sys.modules.values()):
        # Every module of the review that asks for the time.
        if getattr(module, "__name__", "").startswith("cardiov_core.review") and "now" in vars(module):
            monkeypatch.setattr(module, "now", lambda: datetime.now(UTC) - timedelta(days=400))
    review.commit_read(store, case_id, "Ben", Severity(2), 1)
    review.adjudicate(store, case_id, "Cyd", Severity(1), "why")
    kinds = [event.kind for event in review.events_of(store, case_id)]
    done = [EventKind.CASE_ADDED, *2 * [EventKind.READ_COMMITTED], EventKind.CASE_QUEUED, EventKind.CASE_ADJUDICATED]
    assert kinds == done
    assert {read.reader for read in review.reads_of(store, case_id)} == {"Ada", "Ben"}
    decided = review.adjudication_of(store, case_id)
    assert decided is not None
    assert decided.by == "Cyd"


def test_a_database_restored_from_yesterday_goes_on_and_says_what_is_gone(
    store: Store, add: shared.AddCase, tmp_path: Path
) -> None:
    old, read_since = add("old"), add("read-since")
    review.commit_read(store, old, "Ada", Severity(1), 2)
    review.back_up(store, tmp_path / "yesterday.db")
    since = add("since")
    review.commit_read(store, read_since, "Ada", Severity(1), 2)
    review.commit_read(store, since, "Ada", Severity(1), 2)
    with closing(review.open_store(f"sqlite:///{tmp_path / 'today.db'}")) as restored:
        review.restore(restored, tmp_path / "yesterday.db")
        # A page that still shows what came after the back-up is told so, and nothing is written.
        with pytest.raises(CaseNotFoundError):
            review.commit_read(restored, since, "Ben", Severity(1), 2)
        assert [read.reader for read in review.reads_of(restored, old)] == ["Ada"]
        # What is gone can be done again.
        review.commit_read(restored, read_since, "Ada", Severity(1), 2)
        review.commit_read(restored, old, "Ben", Severity(1), 2)
        assert {read.reader for read in review.reads_of(restored, old)} == {"Ada", "Ben"}


def test_processes_that_migrate_an_old_database_at_once_do_it_once(database_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    import cardiov_core.review.database.store as store_module

    config = Config()
    config.set_main_option("script_location", str(Path(store_module.__file__).parent / "migrations"))
    url = sa.make_url(database_url)
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg") if "postgres" in url.drivername else url)
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.text("INSERT INTO readers (name, created_at) VALUES ('Ada', '2025-01-01 00:00:00')"))
    engine.dispose()
    started = [
        subprocess.Popen(
            [sys.executable, str(OPENER), database_url, "", "", "open"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        # All begin at the same moment.
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    with closing(review.open_store(database_url)) as store:
        assert [reader.name for reader in review.list_readers(store)] == ["Ada"]
