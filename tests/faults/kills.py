"""Writers that are killed in the middle of a save, again and again, and what the database holds then.

A writer is a fork of this process with a store of its own. It saves cases, drafts, reads and decisions in turn, and
says before and after each save; it is killed at a random moment of one.
"""

import os
import random
import select
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.datasets import generate
from cardiov_core.domain import CaseReference, CaseSource, Draft, EventKind, Quality, QualityVerdict, Role, Severity
from cardiov_core.review.database.schema import adjudications, cases, events, reads, waveforms

READERS = ("Ada", "Ben", "Cyd")
_LONG_TEXT = "a whole sentence " * 200
_PATIENCE_S = 60.0
_N_SAVES = 5


@dataclass
class Tally:
    """What came of the kills.

    Attributes
    ----------
    tried : int
        Kills in the middle of a save.
    whole, absent : int
        Saves under way that were kept whole, or not at all.
    lost : list of str
        Each thing that was confirmed and is gone, or is there by half.
    kinds : Counter
        Kind of save that was killed -> how often.
    confirmed : int
        Saves that were confirmed, all of which must be there.
    """

    tried: int = 0
    whole: int = 0
    absent: int = 0
    lost: list[str] = field(default_factory=list)
    kinds: "Counter[str]" = field(default_factory=Counter)
    confirmed: int = 0


def campaign(url: str, kills: int, seed: int) -> Tally:
    """Kill so many writers, and look at the database after each.

    Parameters
    ----------
    url : str
        An empty database.
    kills : int
        How many saves to interrupt.
    seed : int
        Of the random moments.
    """
    chance, tally = random.Random(seed), Tally()  # noqa: S311 - moments, nothing secret
    with closing(review.open_store(url)) as store:
        for name in READERS:
            review.ensure_reader(store, name)
            review.grant(store, name, tuple(Role), "test", at_the_machine=True)
    pace_s = _paces(url)
    number = 1
    while tally.tried < kills:
        turn = number % len(pace_s)
        begun = _killed_writer(url, number, turn, chance.uniform(0.0, pace_s[turn]))
        number += 1
        done = [kind for kind, state in begun if state == "done"]
        tally.confirmed += len(done)
        under_way = begun[-1][0] if begun and begun[-1][1] == "begun" else None
        tally.lost += _faults(url, number - 1, done)
        if under_way is not None:
            tally.tried += 1
            tally.kinds[under_way] += 1
            kept = _kept(url, number - 1, under_way)
            tally.whole, tally.absent = tally.whole + kept, tally.absent + (not kept)
    return tally


def _paces(url: str) -> list[float]:
    """Return how long each kind of save takes a writer that nobody disturbs, in s."""
    pid, receiver = _started(url, 0)
    moments = []
    for _ in range(2 * _N_SAVES):
        _heard(receiver, 1)
        moments.append(time.monotonic())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(receiver)
    return [done - begun for begun, done in zip(moments[::2], moments[1::2], strict=True)]


def _killed_writer(url: str, number: int, turn: int, wait_s: float) -> list[tuple[str, str]]:
    """Let a writer save, kill it at a moment of its n-th save, and return what it said: kinds, 'begun' or 'done'."""
    pid, receiver = _started(url, number)
    said = _heard(receiver, 2 * turn + 1)
    time.sleep(wait_s)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    rest = b""
    while part := os.read(receiver, 4096):
        rest += part
    os.close(receiver)
    lines = (said + rest).decode().split("\n")
    return [(kind, state) for kind, state in (line.rsplit(" ", 1) for line in lines if line)]


def _started(url: str, number: int) -> tuple[int, int]:
    """Fork a writer; return its number and the pipe on which it says what it does."""
    receiver, sender = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(receiver)
            _write(url, number, sender)
        finally:
            os._exit(0)
    os.close(sender)
    return pid, receiver


def _heard(receiver: int, n_lines: int) -> bytes:
    said = b""
    while said.count(b"\n") < n_lines:
        if not select.select([receiver], [], [], _PATIENCE_S)[0]:
            raise TimeoutError("A writer said nothing.")
        said += os.read(receiver, 1)
    return said


def _write(url: str, number: int, sender: int) -> None:
    store = review.open_store(url)

    def _saved(kind: str, save: "object") -> None:
        os.write(sender, f"{kind} begun\n".encode())
        save()  # type: ignore[operator]
        os.write(sender, f"{kind} done\n".encode())

    case_id = ""

    def _put() -> None:
        nonlocal case_id
        case_id = review.put_case(store, _case(number), "Ada")[0]

    _saved("case", _put)
    _saved("draft", lambda: review.save_draft(store, case_id, "Ada", Draft(Severity(1), 2, (), _LONG_TEXT)))
    _saved("first read", lambda: review.commit_read(store, case_id, "Ada", Severity(0), 2, ["reason"], _LONG_TEXT))
    _saved("second read", lambda: review.commit_read(store, case_id, "Ben", Severity(3), 2, ["reason"], _LONG_TEXT))
    _saved("decision", lambda: review.adjudicate(store, case_id, "Cyd", Severity(2), _LONG_TEXT))
    time.sleep(_PATIENCE_S)


def _case(number: int) -> review.NewCase:
    record = generate("normal", seed=number, sampling_rate_hz=100, duration_s=10.0)
    return review.NewCase(
        replace(record, record_id=f"k{number}"),
        prediction=None,
        quality=Quality(QualityVerdict.ACCEPTABLE, ()),
        label=Severity.LOW_RISK,
        reference=CaseReference("ptb-xl", str(number), f"k{number}"),
        source=CaseSource.CASES,
        study="review",
    )


def _faults(url: str, number: int, done: Sequence[str]) -> list[str]:
    """Name what was confirmed and is not there, and what is there by half, in the whole database."""
    found = []
    with closing(review.open_store(url)) as store, store.reading() as connection:
        stored = sorted(map(tuple, connection.execute(sa.select(reads.c.case_id, reads.c.reader)).all()))
        told = sorted(map(tuple, connection.execute(_events_of(EventKind.READ_COMMITTED)).all()))
        if stored != told:
            found.append(f"after kill {number}: {len(stored)} reads and {len(told)} events of reads")
        if connection.execute(sa.select(sa.func.coalesce(sa.func.sum(cases.c.n_reads), 0))).scalar_one() != len(stored):
            found.append(f"after kill {number}: the cases count other reads than there are")
        half = connection.execute(sa.select(sa.func.count()).where(reads.c.text != _LONG_TEXT)).scalar_one()
        if half:
            found.append(f"after kill {number}: {half} reads without the whole of their text")
        n_cases = connection.execute(sa.select(sa.func.count()).select_from(cases)).scalar_one()
        n_told = len(connection.execute(_events_of(EventKind.CASE_ADDED)).all())
        n_waves = connection.execute(sa.select(sa.func.count()).select_from(waveforms)).scalar_one()
        if not n_cases == n_told == n_waves:
            found.append(f"after kill {number}: {n_cases} cases, {n_told} events of cases, {n_waves} waveforms")
    return found + [
        f"after kill {number}: the {kind} that was confirmed" for kind in done if not _kept(url, number, kind)
    ]


def _events_of(kind: EventKind) -> "sa.Select[tuple[str, str]]":
    return sa.select(events.c.case_id, events.c.who).where(events.c.kind == kind.value)


def _kept(url: str, number: int, kind: str) -> bool:
    """Tell whether a save is in the database."""
    with closing(review.open_store(url)) as store:
        with store.reading() as connection:
            case_id = connection.execute(sa.select(cases.c.id).where(cases.c.record_id == f"k{number}")).scalar()
            if case_id is None or kind == "case":
                return case_id is not None
            readers = set(connection.execute(sa.select(reads.c.reader).where(reads.c.case_id == case_id)).scalars())
            decided = connection.execute(
                sa.select(adjudications.c.by).where(adjudications.c.case_id == case_id)
            ).scalar()
        if kind == "draft":
            # It is gone with the read that was made of it.
            draft = review.load_draft(store, case_id, "Ada")
            return "Ada" in readers or (draft is not None and draft.text == _LONG_TEXT)
        return {"first read": "Ada" in readers, "second read": "Ben" in readers, "decision": decided == "Cyd"}[kind]
