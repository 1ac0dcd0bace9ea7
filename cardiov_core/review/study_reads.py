"""All reads of a study with their cases, for the statistics: two queries, however many there are."""

import sqlalchemy as sa

from cardiov_core.domain import Case, Read
from cardiov_core.review.database.rows import case_of, read_of
from cardiov_core.review.database.schema import cases, reads
from cardiov_core.review.database.store import Store


def study_reads(store: Store, study: str | None = None) -> tuple[tuple[Read, ...], tuple[Case, ...]]:
    """Return the reads that were not taken back, and the cases that were read; for the study's owner.

    Parameters
    ----------
    store : Store
        An open store.
    study : str, optional
        Of one study; of all by default.

    Returns
    -------
    tuple of tuple of Read, tuple of Case
        Reads in the order of their commits. The cases hold labels and levels; to whom they were given is left out.
    """
    of_study = [] if study is None else [cases.c.study == study]
    standing = reads.c.undone_at.is_(None)
    wanted = sa.select(reads).join(cases, cases.c.id == reads.c.case_id).where(standing, *of_study).order_by(reads.c.id)
    was_read = sa.exists().where(reads.c.case_id == cases.c.id, standing)
    with store.reading() as connection:
        found = tuple(read_of(row) for row in connection.execute(wanted))
        theirs = tuple(case_of(row) for row in connection.execute(sa.select(cases).where(was_read, *of_study)))
    return found, theirs
