"""Many readers at once, and processes that die: real processes, on both databases."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.domain import CaseStatus, Draft, EventKind, Severity
from cardiov_core.errors import NotAllowedError
from cardiov_core.review import Store
from cardiov_core.review.database.schema import cases, events, reads

SCRIPT = Path(__file__).with_name("reader_process.py")
N_READERS = 10
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(database_url: str) -> Iterator[Start]:
    """Start readers; all that are left at the end are killed."""
    started: list[subprocess.Popen[str]] = []

    def _start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), database_url, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield _start
    for process in started:
        process.kill()
        process.communicate()


def _say(process: subprocess.Popen[str], line: str = "") -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _whole(store: Store) -> int:
    """Count the reads, and make sure that each has its event and each event its read."""
    with store.reading() as connection:
        stored = connection.execute(sa.select(reads.c.case_id, reads.c.reader)).all()
        told = connection.execute(
            sa.select(events.c.case_id, events.c.who).where(events.c.kind == EventKind.READ_COMMITTED.value)
        ).all()
        counted = connection.execute(sa.select(sa.func.sum(cases.c.n_reads))).scalar_one()
    assert sorted(tuple(row) for row in stored) == sorted(tuple(row) for row in told)
    assert counted == len(stored)
    return len(stored)


def test_ten_readers_at_once_lose_nothing(store: Store, add: Any, start: Start) -> None:
    shared = add("shared")
    own = {number: [add(f"r{number}-{count}") for count in range(4)] for number in range(N_READERS)}
    for number in range(N_READERS):
        review.ensure_reader(store, f"Reader {number}")
    processes = []
    for number in range(N_READERS):
        # The first two save the same case first; the others save theirs meanwhile.
        todo = [shared, *own[number]] if number < 2 else own[number]
        processes.append(start(f"Reader {number}", ",".join(todo)))
    assert {_hear(process) for process in processes} == {"ready"}
    for process in processes:
        _say(process)
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert len(out.split()) >= 4
    assert _whole(store) == 4 * N_READERS + 2
    both = review.reads_of(store, shared)
    assert {read.reader for read in both} == {"Reader 0", "Reader 1"}
    assert both[0].committed_at <= both[1].committed_at
    assert [event.kind for event in review.events_of(store, shared)][1:] == [
        EventKind.READ_COMMITTED,
        EventKind.READ_COMMITTED,
        EventKind.CASE_SETTLED,
    ]
    assert review.get_case(store, shared).status is CaseStatus.SETTLED


def test_a_process_killed_within_a_save_leaves_nothing_of_it(store: Store, add: Any, start: Start) -> None:
    case_id = add("r1")
    process = start("Ada", case_id, "hang")
    assert _hear(process) == "ready"
    _say(process)
    assert _hear(process) == "within"
    process.kill()
    process.wait()
    assert _whole(store) == 0
    # The dead process holds no lock: the next reader is served.
    review.commit_read(store, case_id, "Ben", Severity(1), 1)
    review.commit_read(store, case_id, "Ada", Severity(1), 1)
    assert _whole(store) == 2


def test_killed_at_any_time_every_read_is_whole_or_not_there(store: Store, add: Any, start: Start) -> None:
    todo = [add(f"r{number}") for number in range(120)]
    done = 0
    # On a busy machine nothing may be saved before the first kills: the later ones wait until something was.
    for wait_s in (0.02, 0.11, 0.23, 2.0, 10.0):
        if done > 0 and wait_s >= 2:
            break
        process = start("Ada", ",".join(todo[done:]))
        assert _hear(process) == "ready"
        _say(process)
        time.sleep(wait_s)
        process.kill()
        out, _ = process.communicate()
        confirmed = len(out.split())
        found = _whole(store)
        # What was confirmed is there; at most one more was kept and could not be confirmed.
        assert done + confirmed <= found <= done + confirmed + 1
        done = found
    assert done > 0


def test_processes_that_open_a_new_database_at_once_make_it_once(database_url: str, start: Start) -> None:
    processes = [start("nobody", "", "open") for _ in range(5)]
    assert {_hear(process) for process in processes} == {"ready"}
    for process in processes:
        _say(process)
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    latest = max(path.name[1:5] for path in (Path(review.__path__[0]) / "database/migrations/versions").glob("v*.py"))
    store = review.open_store(database_url)
    with store.reading() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all() == [latest]
    store.close()


def _together(n_threads: int, work: Callable[[int], object]) -> list[object]:
    """Do the same in many threads at once; return what each got, or raise what one raised."""
    gate = threading.Barrier(n_threads)

    def _one(number: int) -> object:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(_one, range(n_threads)))


def test_what_two_tabs_do_at_once_is_done_once(store: Store, add: Any) -> None:
    assert len(set(_together(5, lambda _: add("r1")))) == 1
    case_id = add("r1")
    _together(5, lambda number: review.save_draft(store, case_id, "Ada", Draft(text=f"tab {number}")))
    draft = review.load_draft(store, case_id, "Ada")
    assert draft is not None
    assert draft.text.startswith("tab ")
    _together(5, lambda _: review.skip(store, case_id, "Ada"))
    assert _together(5, lambda _: review.ensure_reader(store, "Eve", identity="issuer|1").name) == ["Eve"] * 5
    names = _together(5, lambda number: review.ensure_reader(store, "Eve", identity=f"other|{number}").name)
    assert sorted(map(str, names)) == [f"Eve ({number})" for number in range(2, 7)]
    kinds = [event.kind for event in review.events_of(store)]
    assert kinds.count(EventKind.CASE_ADDED) == kinds.count(EventKind.CASE_SKIPPED) == 1


def test_one_of_two_commits_and_of_two_decisions_at_once_is_refused(store: Store, add: Any) -> None:
    case_id = add("r1")

    def _commit(_: int) -> str:
        try:
            return str(review.commit_read(store, case_id, "Ada", Severity(0), 1).id)
        except NotAllowedError:
            return "refused"

    def _decide(number: int) -> str:
        try:
            return review.adjudicate(store, case_id, ("Cyd", "Dan")[number], Severity(1), "why").by
        except NotAllowedError:
            return "refused"

    assert _together(4, _commit).count("refused") == 3
    review.commit_read(store, case_id, "Ben", Severity(2), 1)
    assert _together(2, _decide).count("refused") == 1
    assert _whole(store) == 2
