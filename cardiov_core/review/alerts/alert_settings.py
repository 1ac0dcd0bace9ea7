"""What an installation sets about critical results: rule set, limits, and whether they open alerts."""

import sqlalchemy as sa

from cardiov_core.critical import load_rule_set, with_limits
from cardiov_core.domain import AlertSettings, EventKind, JsonObject, Role, RuleSet
from cardiov_core.review.audit import append_event, now
from cardiov_core.review.database.rows import put_row, require_role
from cardiov_core.review.database.schema import settings
from cardiov_core.review.database.store import Store

_NAME = "critical_results"


def alert_settings(store: Store) -> AlertSettings:
    """Return what is set; alerts are off and CardioV's own list is in force where nobody set anything."""
    with store.reading() as connection:
        row = connection.execute(sa.select(settings.c.value).where(settings.c.name == _NAME)).first()
    return AlertSettings() if row is None else AlertSettings(**row.value)


def rule_set_in_force(store: Store) -> RuleSet:
    """Return the rule set that the installation chose, with the limits that it changed.

    Raises
    ------
    ConfigurationError
        If the chosen set is a file that is gone or damaged.
    """
    chosen = alert_settings(store)
    return with_limits(load_rule_set(chosen.rule_set), chosen.limits)


def set_alert_settings(store: Store, wanted: AlertSettings, by: str) -> None:
    """Change what is set; the audit holds before and after.

    Parameters
    ----------
    store : Store
        An open store.
    wanted : AlertSettings
        All of it.
    by : str
        An administrator.

    Raises
    ------
    ConfigurationError
        If there is no such rule set, or it has no such limit.
    NotAllowedError
        If `by` is no administrator.
    """
    with_limits(load_rule_set(wanted.rule_set), wanted.limits)
    before, after = _values(alert_settings(store)), _values(wanted)
    with store.writing() as connection:
        require_role(connection, by, Role.ADMINISTRATOR)
        put_row(connection, settings, {"name": _NAME, "value": after, "changed_at": now(), "changed_by": by})
        append_event(connection, by, EventKind.SETTINGS_CHANGED, before={_NAME: before}, after={_NAME: after})


def _values(chosen: AlertSettings) -> JsonObject:
    limits: JsonObject = {
        rule: {number: {**bounds} for number, bounds in numbers.items()} for rule, numbers in chosen.limits.items()
    }
    return {"open_alerts": chosen.open_alerts, "rule_set": chosen.rule_set, "limits": limits}
