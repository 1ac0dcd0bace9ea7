"""Where readers differ: the queue, the decision, the signature and its amendments."""

import sqlalchemy as sa

from cardiov_core.domain import Adjudication, Case, CaseStatus, EventKind, Read, Role, Severity, SignOff
from cardiov_core.errors import NotAllowedError, ReviewError
from cardiov_core.review.audit import append_event, now
from cardiov_core.review.database.rows import TableRow, case_of, clean, level_of, locked_case, read_of, require_role
from cardiov_core.review.database.schema import adjudications, cases, reads, sign_offs
from cardiov_core.review.database.store import Store
from cardiov_core.review.settling import DONE


def adjudication_queue(store: Store, adjudicator: str, *, limit: int = 200) -> tuple[Case, ...]:
    """Return the cases whose readers differ and that this person has not read, wider gaps first, then oldest.

    Parameters
    ----------
    store : Store
        An open store.
    adjudicator : str
        Who asks.
    limit : int
        At most so many.

    Returns
    -------
    tuple of Case
        Their reads come from `reads_of`.
    """
    own = sa.exists().where(reads.c.case_id == cases.c.id, reads.c.reader == adjudicator)
    query = (
        sa.select(cases)
        .where(cases.c.status == CaseStatus.TO_ADJUDICATE.value, ~own)
        .order_by(cases.c.gap.desc(), cases.c.created_at, cases.c.id)
        .limit(limit)
    )
    with store.reading() as connection:
        return tuple(case_of(row) for row in connection.execute(query))


def reads_of(store: Store, case_id: str) -> tuple[Read, ...]:
    """Return the committed reads of a case in their order; for the adjudicator and the study's owner."""
    query = sa.select(reads).where(reads.c.case_id == case_id, reads.c.undone_at.is_(None)).order_by(reads.c.id)
    with store.reading() as connection:
        return tuple(read_of(row) for row in connection.execute(query))


def adjudicate(store: Store, case_id: str, by: str, level: Severity | None, reason: str) -> Adjudication:
    """Decide a case that its readers see differently.

    Parameters
    ----------
    store : Store
        An open store.
    case_id : str
        Which case.
    by : str
        An adjudicator who has not read it.
    level : Severity or None
        The level; None: indeterminate.
    reason : str
        Why.

    Returns
    -------
    Adjudication
        As it stands; it cannot be changed.

    Raises
    ------
    CaseNotFoundError
        If there is no such case.
    NotAllowedError
        If `by` has not the role, has read the case (taken back or not), or the case is not in the queue.
    ReviewError
        If there is no reason.
    """
    stated = clean(reason).strip()
    if not stated:
        raise ReviewError("A decision needs a reason.", "Say in a few words what decided.")
    with store.writing() as connection:
        require_role(connection, by, Role.ADJUDICATOR)
        case = locked_case(connection, case_id)
        _require_undecided(connection, case, by)
        at = now()
        decision = None if level is None else int(level)
        connection.execute(
            sa.insert(adjudications).values(case_id=case_id, by=by, level=decision, reason=stated, at=at)
        )
        connection.execute(
            sa.update(cases)
            .where(cases.c.id == case_id)
            .values(status=CaseStatus.SETTLED.value, decision=decision, indeterminate=level is None)
        )
        append_event(
            connection,
            by,
            EventKind.CASE_ADJUDICATED,
            case_id,
            before={"status": case.status},
            after={"status": CaseStatus.SETTLED.value, "level": decision, "reason": stated},
            model=case.model_name,
            model_sha256=case.model_sha256,
            record_sha256=case.record_sha256 or None,
            waveform_sha256=case.waveform_sha256,
        )
    return Adjudication(case_id, by, level, stated, at)


def _require_undecided(connection: sa.Connection, case: TableRow, by: str) -> None:
    """Refuse who has read the case, and a case that is not in the queue."""
    own = sa.select(reads.c.id).where(reads.c.case_id == case.id, reads.c.reader == by)
    if connection.execute(own).first() is not None:
        raise NotAllowedError("You have read this case yourself.", "Somebody who has not read it decides.")
    if case.status in DONE:
        raise NotAllowedError("This case is settled, and stays so.", "Amend its sign-off instead.")
    if case.status != CaseStatus.TO_ADJUDICATE.value:
        raise NotAllowedError("The readers of this case do not differ.", "Wait until its reads are there.")


def adjudication_of(store: Store, case_id: str) -> Adjudication | None:
    """Return the adjudicator's decision on a case; None where there is none."""
    with store.reading() as connection:
        row = connection.execute(sa.select(adjudications).where(adjudications.c.case_id == case_id)).first()
    return None if row is None else Adjudication(row.case_id, row.by, level_of(row.level), row.reason, row.at)


def sign_off(store: Store, case_id: str, by: str, level: Severity, comment: str = "") -> SignOff:
    """Sign a settled case; its report says 'confirmed' with this name.

    Raises
    ------
    CaseNotFoundError
        If there is no such case.
    NotAllowedError
        If `by` is no adjudicator, or the case is not settled or signed already.
    """
    return _sign(store, case_id, by, level, comment, amends=False)


def amend(store: Store, case_id: str, by: str, level: Severity, comment: str) -> SignOff:
    """Sign a signed case anew; the earlier signature stays in the record.

    Raises
    ------
    CaseNotFoundError
        If there is no such case.
    NotAllowedError
        If `by` is no adjudicator, or the case was not signed.
    ReviewError
        If the comment, which says why, is empty.
    """
    if not comment.strip():
        raise ReviewError("An amendment needs a comment.", "Say why the level is amended.")
    return _sign(store, case_id, by, level, comment, amends=True)


def _sign(store: Store, case_id: str, by: str, level: Severity, comment: str, *, amends: bool) -> SignOff:
    text = clean(comment).strip()
    with store.writing() as connection:
        require_role(connection, by, Role.ADJUDICATOR)
        case = locked_case(connection, case_id)
        wanted = CaseStatus.SIGNED_OFF if amends else CaseStatus.SETTLED
        if case.status != wanted.value:
            raise NotAllowedError(
                f"The case is {case.status}, not {wanted.value}.",
                "Sign it first." if amends else "A case is signed once it is settled, and amended after that.",
            )
        at = now()
        connection.execute(
            sa.insert(sign_offs).values(case_id=case_id, by=by, level=int(level), comment=text, at=at, amends=amends)
        )
        connection.execute(
            sa.update(cases)
            .where(cases.c.id == case_id)
            .values(status=CaseStatus.SIGNED_OFF.value, decision=int(level), indeterminate=False)
        )
        append_event(
            connection,
            by,
            EventKind.SIGN_OFF_AMENDED if amends else EventKind.CASE_SIGNED_OFF,
            case_id,
            before={"level": case.decision, "status": case.status},
            after={"level": int(level), "comment": text},
            model=case.model_name,
            model_sha256=case.model_sha256,
        )
    return SignOff(case_id, by, level, text, at, amends)


def sign_offs_of(store: Store, case_id: str) -> tuple[SignOff, ...]:
    """Return the signatures under a case, oldest first; the last one counts."""
    query = sa.select(sign_offs).where(sign_offs.c.case_id == case_id).order_by(sign_offs.c.id)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return tuple(SignOff(row.case_id, row.by, Severity(row.level), row.comment, row.at, row.amends) for row in rows)
