"""Readers, what they may do, and what the owner of a study sets."""

import secrets
from collections.abc import Collection

import sqlalchemy as sa

from cardiov_core.domain import Case, EventKind, Read, Reader, ReviewStudy, Role
from cardiov_core.errors import CaseNotFoundError, NotAllowedError, ReviewError
from cardiov_core.review.audit import append_event, now
from cardiov_core.review.database.rows import (
    TableRow,
    case_of,
    clean,
    insert_missing,
    one_at_a_time,
    read_of,
    require_role,
)
from cardiov_core.review.database.schema import cases, readers, reads, roles, studies
from cardiov_core.review.database.store import Store

DEFAULT_STUDY = "review"
"""Where a case goes when no study is named."""

DEFAULTS = ReviewStudy(DEFAULT_STUDY, correct_share=0.25, reads_wanted=2, with_verdict=True)
"""What a new study begins with. Two reads are the least that can agree. A quarter of correct cases is our choice, no
finding: enough that no reader can take it for granted that the case before them was graded wrongly."""

MAX_NAME = 100
"""Characters of the name of a reader or a study."""


def ensure_reader(
    store: Store, name: str, identity: str | None = None, *, first_roles: Collection[Role] = (Role.READER,)
) -> Reader:
    """Return a person of the review, who is added on first use.

    Parameters
    ----------
    store : Store
        An open store.
    name : str
        As typed, or as the sign-in states it.
    identity : str, optional
        The signed-in identity; stays in the table of readers and is shown and logged nowhere.
    first_roles : collection of Role
        What somebody who is new may do.

    Returns
    -------
    Reader
        Who is new begins with the first roles. Only where a review has no administrator yet and nobody signs in, a
        typed name gets every role: somebody must own it. Typed names are known in upper and lower case; two people who
        sign in under one name become 'Name' and 'Name (2)'.

    Raises
    ------
    ReviewError
        If the name is empty or longer than 100 characters.
    NotAllowedError
        If the typed name is that of a signed-in person.
    """
    wanted = " ".join(clean(name).split())
    if not wanted or len(wanted) > MAX_NAME:
        raise ReviewError("A reader needs a name of 1 to 100 characters.", "Type your name.")
    with store.writing() as connection:
        # Two tabs of one person, or two people of one name, may come at once.
        one_at_a_time(connection, "readers")
        if identity is None:
            known = _typed(connection, wanted)
            if known is not None and known.identity is not None:
                raise NotAllowedError("This name belongs to a person who signs in.", "Sign in, or type another name.")
            wanted = known.name if known is not None else wanted
        else:
            known = connection.execute(sa.select(readers.c.name).where(readers.c.identity == identity)).first()
            wanted = known.name if known is not None else _free_name(connection, wanted)
        if known is None and insert_missing(
            connection, readers, {"name": wanted, "identity": identity, "created_at": now()}
        ):
            owns = identity is None and not _has_administrator(connection)
            given = list(Role) if owns else list(first_roles)
            if given:
                connection.execute(sa.insert(roles), [{"reader": wanted, "role": role.value} for role in given])
            append_event(connection, wanted, EventKind.READER_ADDED, after={"roles": sorted(given)})
        return Reader(wanted, _roles(connection, wanted))


def _typed(connection: sa.Connection, name: str) -> TableRow | None:
    """Return the person of a typed name, as spelt or else in other upper and lower case; None for a new one."""
    alike = [row for row in connection.execute(sa.select(readers)) if row.name.casefold() == name.casefold()]
    return next((row for row in alike if row.name == name), alike[0] if alike else None)


def _has_administrator(connection: sa.Connection) -> bool:
    query = sa.select(roles.c.reader).where(roles.c.role == Role.ADMINISTRATOR.value)
    return connection.execute(query.limit(1)).first() is not None


def typed_names(store: Store) -> tuple[str, ...]:
    """Return the names of the people who do not sign in, in the order of the alphabet."""
    query = sa.select(readers.c.name).where(readers.c.identity.is_(None)).order_by(readers.c.name)
    with store.reading() as connection:
        return tuple(connection.execute(query).scalars())


def _free_name(connection: sa.Connection, name: str) -> str:
    free, number = name, 2
    while connection.execute(sa.select(readers.c.name).where(readers.c.name == free)).first() is not None:
        free, number = f"{name} ({number})", number + 1
    return free


def roles_of(store: Store, name: str) -> frozenset[Role]:
    """Return what a person may do; empty for an unknown name."""
    with store.reading() as connection:
        return _roles(connection, name)


def _roles(connection: sa.Connection, name: str) -> frozenset[Role]:
    granted = connection.execute(sa.select(roles.c.role).where(roles.c.reader == name)).scalars()
    return frozenset(Role(role) for role in granted)


def list_readers(store: Store) -> tuple[Reader, ...]:
    """Return all people of the review by name."""
    query = sa.select(readers.c.name, roles.c.role).outerjoin(roles, roles.c.reader == readers.c.name)
    granted: dict[str, set[Role]] = {}
    with store.reading() as connection:
        for row in connection.execute(query.order_by(readers.c.name)):
            granted.setdefault(row.name, set()).update({Role(row.role)} if row.role else set())
    return tuple(Reader(name, frozenset(given)) for name, given in granted.items())


def grant(store: Store, name: str, given: Collection[Role], by: str, *, at_the_machine: bool = False) -> Reader:
    """Set what a person may do.

    Parameters
    ----------
    store : Store
        An open store.
    name : str
        Whose roles.
    given : collection of Role
        All that they may do from now on.
    by : str
        Who says so.
    at_the_machine : bool
        True for the command line, which has the database anyway: how the first administrator comes about.

    Returns
    -------
    Reader
        With the new roles.

    Raises
    ------
    NotAllowedError
        If `by` is no administrator.
    CaseNotFoundError
        If there is no reader of that name.
    """
    with store.writing() as connection:
        if not at_the_machine:
            require_role(connection, by, Role.ADMINISTRATOR)
        if (
            connection.execute(sa.select(readers.c.name).where(readers.c.name == name).with_for_update()).first()
            is None
        ):
            raise CaseNotFoundError("There is no reader of that name.", "Whoever first signs in or reads is added.")
        before = _roles(connection, name)
        connection.execute(sa.delete(roles).where(roles.c.reader == name))
        if given:
            connection.execute(sa.insert(roles), [{"reader": name, "role": role.value} for role in set(given)])
        append_event(
            connection,
            by,
            EventKind.ROLES_CHANGED,
            before={"reader": name, "roles": sorted(before)},
            after={"reader": name, "roles": sorted(set(given))},
        )
    return Reader(name, frozenset(given))


def study_row(connection: sa.Connection, name: str) -> sa.Row[tuple[str, float, int, bool, str]]:
    """Return a study's row, or raise `CaseNotFoundError`."""
    row = connection.execute(sa.select(studies).where(studies.c.name == name)).first()
    if row is None:
        raise CaseNotFoundError(f"There is no study {name!r}.", "Add cases to it first.")
    return row


def ensure_study(connection: sa.Connection, name: str) -> None:
    """Make a study with `DEFAULTS` unless it is there."""
    insert_missing(
        connection,
        studies,
        {
            "name": name,
            "correct_share": DEFAULTS.correct_share,
            "reads_wanted": DEFAULTS.reads_wanted,
            "with_verdict": DEFAULTS.with_verdict,
            "seed": secrets.token_hex(8),
        },
    )


def list_studies(store: Store) -> tuple[ReviewStudy, ...]:
    """Return all studies by name."""
    with store.reading() as connection:
        rows = connection.execute(sa.select(studies).order_by(studies.c.name)).all()
    return tuple(ReviewStudy(row.name, row.correct_share, row.reads_wanted, row.with_verdict) for row in rows)


def set_study(store: Store, study: ReviewStudy, by: str) -> None:
    """Make a study, or change what its owner set. Cases that are settled stay so.

    Raises
    ------
    ReviewError
        If the share is not within 0 (included) and 1 (excluded), no read is wanted, or the name is empty.
    NotAllowedError
        If `by` is no administrator.
    """
    if not (0 < len(study.name.strip()) <= MAX_NAME and 0.0 <= study.correct_share < 1.0 and study.reads_wanted >= 1):
        raise ReviewError(
            f"A study of {study.reads_wanted} reads with a share of {study.correct_share:g} correct cases is none.",
            "Give it a name, at least one read and a share from 0 to below 1.",
        )
    values = {
        "correct_share": study.correct_share,
        "reads_wanted": study.reads_wanted,
        "with_verdict": study.with_verdict,
    }
    with store.writing() as connection:
        require_role(connection, by, Role.ADMINISTRATOR)
        ensure_study(connection, study.name)
        before = study_row(connection, study.name)
        connection.execute(sa.update(studies).where(studies.c.name == study.name).values(**values))
        append_event(
            connection,
            by,
            EventKind.STUDY_CHANGED,
            before={"study": study.name} | {name: getattr(before, name) for name in values},
            after={"study": study.name, **values},
        )


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
        committed = tuple(read_of(row) for row in connection.execute(wanted))
        theirs = tuple(case_of(row) for row in connection.execute(sa.select(cases).where(was_read, *of_study)))
    return committed, theirs
