"""How long the worklist takes to answer with 100,000 cases: `python benchmarks/worklist.py [N_CASES] [DATABASE_URL]`.

Median and longest of 15 calls, each with its page of 50 cases and its counts. Without a URL on SQLite in a folder that
is removed; a PostgreSQL database must be empty. Waveforms are shared, as they are for cases of several studies.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.datasets import generate
from cardiov_core.domain import (
    CaseSource,
    CaseStatus,
    Prediction,
    Quality,
    QualityVerdict,
    Severity,
    Window,
)
from cardiov_core.review import cases, reads

_N_CASES, _N_CALLS, _CHUNK, _N_READ = 100_000, 15, 5_000, 2_000
_LIMIT_S = 0.3
_RANDOM = random.Random(11)  # noqa: S311 - nothing secret, only varied
_READERS = ("Ada", "Ben", "Cyd", "Dan")


def _fill(store: review.Store, n_cases: int) -> None:
    """Add one case as the application does, and its like with other grades as rows."""
    record = generate("normal", seed=5, sampling_rate_hz=100, duration_s=10.0)
    for name in _READERS:
        review.ensure_reader(store, name)
    prediction = Prediction(
        Severity.LOW_RISK, (0.1, 0.7, 0.1, 0.1), (0.9, 0.5, 0.1), 0.0, "cardiov", "a" * 64, Window(0.0, 10.0)
    )
    quality = Quality(QualityVerdict.ACCEPTABLE, (), ("Baseline drift of 0.6 mV in V1.",))
    case_id = review.put_case(
        store,
        review.NewCase(
            replace(record, record_id="00001_hr"),
            prediction=prediction,
            quality=quality,
            label=Severity.HIGH_RISK,
            source=CaseSource.CASES,
        ),
        "Ada",
    )[0]
    with store.writing() as connection:
        first = connection.execute(sa.select(cases).where(cases.c.id == case_id)).one()._asdict()
        rows = _like(first, n_cases - 1)
        while chunk := [row for _, row in zip(range(_CHUNK), rows, strict=False)]:
            connection.execute(sa.insert(cases), chunk)
        read = [
            {
                "case_id": f"{number:010x}",
                "reader": "Ada",
                "level": 1,
                "confidence": 2,
                "reasons": [],
                "text": "",
                "kind": "blind",
                "committed_at": first["created_at"],
            }
            for number in range(2, 2 + min(_N_READ, n_cases - 1))
        ]
        connection.execute(sa.insert(reads), read)
    if store.dialect == "postgresql":
        # What the server does by itself within minutes of such a load.
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _like(first: dict[str, Any], n_rows: int) -> Iterator[dict[str, Any]]:
    statuses = [status.value for status in CaseStatus]
    verdicts = [verdict.value for verdict in QualityVerdict]
    for number in range(2, n_rows + 2):
        label, level = _RANDOM.randrange(4), _RANDOM.randrange(4)
        error, quality = abs(label - level), _RANDOM.randrange(3)
        yield first | {
            "id": f"{number:010x}",
            "record_id": f"{number:05d}_hr",
            "label": label,
            "level": level,
            "error": error,
            "quality_verdict": verdicts[quality],
            "status": _RANDOM.choices(statuses, (80, 10, 4, 4, 2))[0],
            "priority": 1000 * error + quality,
            "gap": _RANDOM.choice((-1, -1, 0, 1, 2)),
            "shuffle": _RANDOM.getrandbits(31),
        }


def _questions(store: review.Store) -> dict[str, Callable[[], object]]:
    def worklist(order: review.CaseOrder = "priority", offset: int = 0, **wanted: Any) -> Callable[[], object]:
        return lambda: review.list_cases(store, review.CaseFilter(**wanted), order=order, offset=offset)

    return {
        "all, by priority": worklist(),
        "all, the last page": worklist(offset=99_950),
        "by error": worklist(order="error"),
        "by disagreement": worklist(order="disagreement"),
        "by level": worklist(order="level"),
        "by record": worklist(order="record"),
        "by record, the last page": worklist(order="record", offset=99_950),
        "newest": worklist(order="newest"),
        "error >= 1, open": worklist(min_error=1, status=(CaseStatus.OPEN,)),
        "error = 3": worklist(min_error=3),
        "readers differ": worklist(order="disagreement", disagree=True),
        "low quality, level 3": worklist(quality=(QualityVerdict.LIMITED,), level=(Severity.HIGH_RISK,)),
        "search, many": worklist(search="0_HR"),
        "search, one": worklist(search="04711_hr"),
        "search, none": worklist(search="nobody"),
        "given to Ada": worklist(assigned_to="Ada"),
        "label 3, level 0": worklist(label=(Severity.HIGH_RISK,), level=(Severity.NO_RISK,)),
        "next blind case": lambda: review.blind_queue(store, "Ada"),
        "progress of a reader": lambda: review.progress(store, "Ada"),
        "queue of the adjudicator": lambda: review.adjudication_queue(store, "Dan"),
    }


def main() -> None:
    """Fill, ask, print; exit 1 where an answer took longer than 0.3 s."""
    n_cases = int(sys.argv[1]) if len(sys.argv) > 1 else _N_CASES
    with tempfile.TemporaryDirectory() as folder:
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder) / 'review.db'}"
        store = review.open_store(url)
        _fill(store, n_cases)
        print(f"{n_cases} cases on {store.dialect}, {os.cpu_count()} cores; in ms: median, longest of {_N_CALLS}")
        slowest = 0.0
        for name, ask in _questions(store).items():
            times = []
            for _ in range(_N_CALLS):
                start = time.perf_counter()
                ask()
                times.append(time.perf_counter() - start)
            slowest = max(slowest, median(times))
            print(f"{name:<26} {1000 * median(times):7.1f} {1000 * max(times):7.1f}")
        store.close()
    sys.exit(slowest > _LIMIT_S)


if __name__ == "__main__":
    main()
