"""The alert of an open ECG: opened by its critical results, with who was told and whether it is acknowledged."""

import streamlit as st

from cardiov_core.domain import Alert, AlertStatus, Analysis, CaseSource
from cardiov_core.errors import CardioVError
from cardiov_core.reporting import addressees
from cardiov_core.review import (
    ALERTS_STUDY,
    NewCase,
    alert_of_case,
    alert_settings,
    channels_from_environment,
    deliver,
    open_alert,
    put_case,
)
from cardiov_core.ui.analyze.log import NOBODY
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import review_state
from cardiov_core.ui.frame.session import Case, Origin
from cardiov_core.ui.review.reader import current_reader
from cardiov_core.ui.worklist.alerts import tell_form


def show_alert(case: Case, analysis: Analysis) -> None:
    """Open an alert where the open ECG has critical results and the installation wants it; say how far it is.

    Samples open none: an alert is about a patient.
    """
    if case.origin is not Origin.UPLOAD or not analysis.critical:
        return
    try:
        store = resources.review_store()
        if not alert_settings(store).open_alerts:
            return
        me = current_reader(store)
        name = NOBODY if me is None else me.name
        known = review_state().alerts.get(case.fingerprint)
        alert = _open(case, analysis, name) if known is None else alert_of_case(store, known)
    except CardioVError as error:
        show_error(error, prefix="No alert could be opened")
        return
    if alert is None:
        return
    review_state().alerts[case.fingerprint] = alert.case_id
    with st.container(key="alert", horizontal=True, vertical_alignment="center"):
        st.markdown(plain(_words(alert)), width="content")
        if alert.status is not AlertStatus.ACKNOWLEDGED:
            with st.popover("Somebody was told", key=f"alert_told_{alert.id}"):
                tell_form(store, alert, name)


def _open(case: Case, analysis: Analysis, by: str) -> Alert:
    store = resources.review_store()
    arrived = NewCase(
        case.record,
        analysis.prediction,
        analysis.quality,
        CaseSource.ANALYZE,
        reasons=("Came in with a critical result.",),
        study=ALERTS_STUDY,
    )
    case_id, _ = put_case(store, arrived, by)
    graded = None if analysis.prediction is None else analysis.prediction.severity
    alert, new = open_alert(store, case_id, analysis.critical, level=analysis.level, graded_level=graded, by=by)
    if new:
        deliver(store, alert, channels_from_environment())
    return alert


def _words(alert: Alert) -> str:
    if alert.status is AlertStatus.ACKNOWLEDGED and alert.acknowledged_at is not None:
        return f"Alert: {alert.acknowledged_by} acknowledged it at {alert.acknowledged_at:%H:%M} UTC."
    return (
        f"Alert opened at {alert.opened_at:%H:%M} UTC, to be acknowledged by {alert.due_at:%H:%M} UTC. "
        f"To tell: {addressees(alert)}."
    )
