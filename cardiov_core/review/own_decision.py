"""What an installation decides by: the cost of a miss against a false alarm, set by an administrator and audited."""

import sqlalchemy as sa

from cardiov_core.domain import EventKind, Role
from cardiov_core.inference import OwnDecision
from cardiov_core.review.audit import append_event, now
from cardiov_core.review.database.rows import put_row, require_role
from cardiov_core.review.database.schema import settings
from cardiov_core.review.database.store import Store

_NAME = "decision"


def own_decision_of(store: Store) -> OwnDecision | None:
    """Return what the installation chose; None where it left the decision to the graders."""
    with store.reading() as connection:
        row = connection.execute(sa.select(settings.c.value).where(settings.c.name == _NAME)).first()
    miss_costs = None if row is None else row.value["miss_costs"]
    return None if miss_costs is None else OwnDecision(float(miss_costs))


def set_own_decision(store: Store, wanted: OwnDecision | None, by: str) -> None:
    """Make a decision the installation's own, or go back to the graders'; the audit holds before and after.

    Parameters
    ----------
    store : Store
        An open store.
    wanted : OwnDecision or None
        None: the graders' own costs.
    by : str
        An administrator.

    Raises
    ------
    NotAllowedError
        If `by` is no administrator.
    """
    before, after = _values(own_decision_of(store)), _values(wanted)
    with store.writing() as connection:
        require_role(connection, by, Role.ADMINISTRATOR)
        put_row(connection, settings, {"name": _NAME, "value": after, "changed_at": now(), "changed_by": by})
        append_event(connection, by, EventKind.SETTINGS_CHANGED, before={_NAME: before}, after={_NAME: after})


def _values(chosen: OwnDecision | None) -> dict[str, float | None]:
    return {"miss_costs": None if chosen is None else chosen.miss_costs}
