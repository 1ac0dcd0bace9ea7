"""Critical results on their way to a person: opened, told, escalated, acknowledged; each step in the audit."""

from cardiov_core.review.alerts.delivery import Channels, channels_from_environment, deliver, escalate_due
from cardiov_core.review.alerts.settings import (
    alert_settings,
    rule_set_in_force,
    set_alert_settings,
)
from cardiov_core.review.alerts.steps import (
    ALERTS_STUDY,
    acknowledge,
    alert_of_case,
    alert_statistics,
    open_alert,
    tell,
    waiting_alerts,
)

__all__ = [
    "ALERTS_STUDY",
    "Channels",
    "acknowledge",
    "alert_of_case",
    "alert_settings",
    "alert_statistics",
    "channels_from_environment",
    "deliver",
    "escalate_due",
    "open_alert",
    "rule_set_in_force",
    "set_alert_settings",
    "tell",
    "waiting_alerts",
]
