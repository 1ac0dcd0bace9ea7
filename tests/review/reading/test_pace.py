from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.domain import Severity
from cardiov_core.review import Store
from cardiov_core.review.database.schema import reads


def test_reads_are_counted_by_day_and_a_pause_is_no_reading_time(store: Store, add: Any) -> None:
    review.ensure_reader(store, "Ada")
    begin = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    # Two reads of 20 s and 30 s, an hour's pause, one of 40 s, and one on the next day.
    times = [0, 20, 50, 3650, 3690, 86_400]
    for number, seconds in enumerate(times):
        read = review.commit_read(store, add(f"r{number}"), "Ada", Severity.LOW_RISK, 2)
        with store.writing() as connection:
            at = begin + timedelta(seconds=seconds)
            connection.execute(sa.update(reads).where(reads.c.id == read.id).values(committed_at=at))
    later, first = review.reading_pace(store)
    assert (later.day.day, later.n, later.seconds) == (2, 1, None)
    assert (first.day.day, first.n, first.seconds) == (1, 5, 30.0)


def test_the_four_corners_count_what_has_label_and_grade(store: Store, add: Any) -> None:
    for number, (label, level) in enumerate(((3, 0), (2, 1), (0, 3), (3, 3), (0, 1), (None, 2))):
        add(f"r{number}", label=label, level=level)
    assert review.quadrant_counts(store) == {"missed": 2, "false alarm": 1, "both high": 1, "both low": 1}
