"""The blind reader's queue: which case comes next, how far a reader is, and where the others are."""

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from cardiov_core.domain import BlindCase, CaseStatus, Role
from cardiov_core.review.database.rows import Query, TableRow, blind_case_of, case_row
from cardiov_core.review.database.schema import assignments, cases, drafts, reads, roles, skips, studies
from cardiov_core.review.database.store import Store
from cardiov_core.review.people import DEFAULT_STUDY, study_row

# The largest prime below 2**31: multiplying and adding by it permutes all 31-bit numbers.
_PRIME = 2_147_483_647
_UNDECIDED = (CaseStatus.OPEN.value, CaseStatus.IN_REVIEW.value)
_UNSIGNED = (*_UNDECIDED, CaseStatus.TO_ADJUDICATE.value, CaseStatus.SETTLED.value)


@dataclass(frozen=True)
class Progress:
    """How far a reader is; nothing of it tells of labels or levels.

    Attributes
    ----------
    read, skipped, drafts : int
        Cases that this reader has read, left out, and begun.
    waiting : int
        Cases of the study that this reader could still read.
    """

    read: int
    skipped: int
    drafts: int
    waiting: int


@dataclass(frozen=True)
class NotWaiting:
    """Where the cases of a study are that a reader does not find in the queue.

    Attributes
    ----------
    read, skipped : int
        By this reader.
    given_to_others : int
        The owner gave them to other readers.
    read_enough : int
        They have as many reads as the study wants, are signed, or their waveform was deleted.
    """

    read: int
    skipped: int
    given_to_others: int
    read_enough: int


def blind_queue(store: Store, reader: str, study: str = DEFAULT_STUDY) -> BlindCase | None:
    """Return the case that a reader reads next; the same one until it is read or skipped.

    The order is random and stable for each reader. Which correctly graded cases are mixed in is random too, and the
    same for all readers: as many of the study as make up the owner's share, so that they get their reads as well.

    Parameters
    ----------
    store : Store
        An open store.
    reader : str
        Who reads.
    study : str
        Of which study.

    Returns
    -------
    BlindCase or None
        Nothing of label, grade, error, priority or source. None where all have been read or skipped.

    Raises
    ------
    CaseNotFoundError
        If there is no such study.
    """
    with store.reading() as connection:
        row = study_row(connection, study)
        order = _order_of(f"{row.seed}|{reader}")
        waiting = [*_waiting(connection, reader, row), _in_the_queue(connection, row)]
        query = sa.select(cases.c.id).where(*waiting).order_by(order, cases.c.id).limit(1)
        following = connection.execute(query).scalar()
        return None if following is None else blind_case_of(case_row(connection, following))


def has_right_ones(store: Store, study: str = DEFAULT_STUDY) -> bool:
    """Tell whether a blind reader of a study gets cases that the grader got right as well.

    Parameters
    ----------
    store : Store
        An open store.
    study : str
        Which.

    Raises
    ------
    CaseNotFoundError
        If there is no such study.
    """
    with store.reading() as connection:
        row = study_row(connection, study)
        right = [cases.c.study == study, cases.c.error == 0, _in_the_queue(connection, row)]
        return connection.execute(sa.select(cases.c.id).where(*right).limit(1)).first() is not None


def _in_the_queue(connection: sa.Connection, study: TableRow) -> sa.ColumnElement[bool]:
    """Return what makes a case one of the study's queue: to be read, or one of those that are mixed in.

    To be read is what is not known to be right, and what graders see differently, right or not. Mixed in are the first
    by the cases' random numbers, as many as make up the share.
    """
    wanted = sa.or_(cases.c.error != 0, cases.c.graders_disagree)
    to_read = sa.select(sa.func.count()).select_from(cases).where(cases.c.study == study.name, wanted)
    share = study.correct_share / (1.0 - study.correct_share)
    n_mixed_in = round(connection.execute(to_read).scalar_one() * share)
    if not n_mixed_in:
        return wanted
    right = sa.select(cases.c.shuffle).where(cases.c.study == study.name, ~wanted)
    last = connection.execute(right.order_by(cases.c.shuffle).offset(n_mixed_in - 1).limit(1)).scalar()
    # None: there are not that many, and all of them are mixed in.
    return sa.true() if last is None else sa.or_(wanted, cases.c.shuffle <= last)


def _order_of(seed: str) -> sa.ColumnElement[int]:
    """Return a reader's own permutation of the cases' random numbers."""
    digest = hashlib.sha256(seed.encode()).digest()
    factor = 1 + int.from_bytes(digest[:4], "big") % (_PRIME - 1)
    summand = int.from_bytes(digest[4:8], "big") % _PRIME
    return (sa.cast(cases.c.shuffle, sa.BigInteger) * factor + summand) % _PRIME


def _waiting(connection: sa.Connection, reader: str, study: TableRow) -> list[sa.ColumnElement[bool]]:
    """Return what makes a case one that this reader can still read."""
    return [
        cases.c.study == study.name,
        cases.c.status.in_(_open_to(connection, reader)),
        cases.c.n_blind < study.reads_wanted,
        cases.c.waveform_deleted_at.is_(None),
        *(
            cases.c.id.not_in(left_out)
            for left_out in (_read_by(reader), _skipped_by(reader), _given_to_others(reader))
        ),
    ]


def _open_to(connection: sa.Connection, reader: str) -> tuple[str, ...]:
    """Return the states in which a case may lack a read of this reader.

    Where the owner raises the number of reads, cases that are settled or wait for a decision lack one: the further read
    is kept and changes no decision. An adjudicator decides such cases instead.
    """
    query = sa.select(roles.c.role).where(roles.c.reader == reader, roles.c.role == Role.ADJUDICATOR.value)
    return _UNDECIDED if connection.execute(query).first() is not None else _UNSIGNED


def _read_by(reader: str) -> Query:
    # A read that was taken back puts the case into the queue again.
    return sa.select(reads.c.case_id).where(reads.c.reader == reader, reads.c.undone_at.is_(None))


def _skipped_by(reader: str) -> Query:
    return sa.select(skips.c.case_id).where(skips.c.reader == reader)


def _given_to_others(reader: str) -> Query:
    own = sa.select(assignments.c.case_id).where(assignments.c.reader == reader)
    return sa.select(assignments.c.case_id).where(assignments.c.case_id.not_in(own))


def _count_own(connection: sa.Connection, table: sa.Table, reader: str, study: str) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(table.join(cases, cases.c.id == table.c.case_id))
        .where(table.c.reader == reader, cases.c.study == study)
    )
    if table is reads:
        query = query.where(reads.c.undone_at.is_(None))
    return int(connection.execute(query).scalar_one())


def progress(store: Store, reader: str, study: str = DEFAULT_STUDY) -> Progress:
    """Return how far a reader is in a study; zeros where there is no such study yet."""
    with store.reading() as connection:
        row = connection.execute(sa.select(studies).where(studies.c.name == study)).first()
        if row is None:
            return Progress(0, 0, 0, 0)
        waiting = connection.execute(
            sa.select(sa.func.count())
            .select_from(cases)
            .where(*_waiting(connection, reader, row), _in_the_queue(connection, row))
        ).scalar_one()
        n_read, n_skipped, n_drafts = (_count_own(connection, table, reader, study) for table in (reads, skips, drafts))
    return Progress(n_read, n_skipped, n_drafts, waiting)


def not_waiting(store: Store, reader: str, study: str = DEFAULT_STUDY) -> NotWaiting:
    """Return where the study's cases are that do not wait for this reader; zeros where there is no such study.

    Parameters
    ----------
    store : Store
        An open store.
    reader : str
        Whose queue.
    study : str
        Of which study.

    Returns
    -------
    NotWaiting
        Numbers of cases; nothing of it tells of labels or levels.
    """
    with store.reading() as connection:
        row = connection.execute(sa.select(studies).where(studies.c.name == study)).first()
        if row is None:
            return NotWaiting(0, 0, 0, 0)
        queued = _in_the_queue(connection, row)
        others = cases.c.id.not_in(_read_by(reader))
        unskipped = cases.c.id.not_in(_skipped_by(reader))
        given = cases.c.id.in_(_given_to_others(reader))

        def _count(*wanted: sa.ColumnElement[bool]) -> int:
            query = sa.select(sa.func.count()).select_from(cases).where(cases.c.study == study, queued, *wanted)
            return int(connection.execute(query).scalar_one())

        left = _count(others, unskipped, ~given)
        return NotWaiting(
            read=_count(cases.c.id.in_(_read_by(reader))),
            skipped=_count(others, ~unskipped),
            given_to_others=_count(others, unskipped, given),
            read_enough=left - _count(*_waiting(connection, reader, row)),
        )
