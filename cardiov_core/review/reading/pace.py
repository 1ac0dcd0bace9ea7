"""How the readers of a study get on, for its owner: reads by day, and how long one takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from statistics import median

import sqlalchemy as sa

from cardiov_core.review.database.schema import cases, reads
from cardiov_core.review.database.store import Store
from cardiov_core.review.people import DEFAULT_STUDY

LONGEST_READ_S = 600.0
"""A longer time between two reads of one reader is a pause, and counts as none."""

QUADRANTS: Mapping[str, tuple[bool, bool]] = {
    "missed": (True, False),
    "false alarm": (False, True),
    "both high": (True, True),
    "both low": (False, False),
}
"""Corner of label against grade -> whether the label, and whether the grade, is medium or high risk."""

_FIRST_HIGH = 2


@dataclass(frozen=True)
class ReaderDay:
    """What one reader did on one day."""

    reader: str
    day: date  # UTC
    n: int  # reads that were saved and not undone
    # Median time from one read to the next, in s, without pauses; None with a single read
    seconds: float | None


def reading_pace(store: Store, study: str = DEFAULT_STUDY) -> tuple[ReaderDay, ...]:
    """Return reads and time of each reader and day, the latest day first.

    Parameters
    ----------
    store : Store
        An open store.
    study : str
        Of which study.
    """
    query = (
        sa.select(reads.c.reader, reads.c.committed_at)
        .join(cases, cases.c.id == reads.c.case_id)
        .where(cases.c.study == study, reads.c.undone_at.is_(None))
        .order_by(reads.c.committed_at)
    )
    times: dict[tuple[date, str], list[datetime]] = {}
    with store.reading() as connection:
        for row in connection.execute(query):
            times.setdefault((row.committed_at.date(), row.reader), []).append(row.committed_at)
    days = [ReaderDay(reader, day, len(saved), _typical_s(saved)) for (day, reader), saved in times.items()]
    return tuple(sorted(days, key=lambda each: (-each.day.toordinal(), each.reader)))


def quadrant_counts(store: Store, study: str = DEFAULT_STUDY) -> Mapping[str, int]:
    """Return how many cases of a study lie in each corner of label against grade; both must be known.

    Parameters
    ----------
    store : Store
        An open store.
    study : str
        Of which study.
    """
    label, grade = cases.c.label >= _FIRST_HIGH, cases.c.level >= _FIRST_HIGH
    query = (
        sa.select(label.label("label"), grade.label("grade"), sa.func.count().label("n"))
        .where(cases.c.study == study, cases.c.label.is_not(None), cases.c.level.is_not(None))
        .group_by(label, grade)
    )
    with store.reading() as connection:
        counted = {(bool(row.label), bool(row.grade)): int(row.n) for row in connection.execute(query)}
    return {name: counted.get(corner, 0) for name, corner in QUADRANTS.items()}


def _typical_s(saved: list[datetime]) -> float | None:
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(saved)]
    read = [gap for gap in gaps if gap <= LONGEST_READ_S]
    return median(read) if read else None
