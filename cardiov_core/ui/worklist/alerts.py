"""Alerts on the Worklist page: what waits to be acknowledged, with its age; each step by a click."""

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from cardiov_core.domain import Alert, AlertWay, Reader
from cardiov_core.errors import CardioVError
from cardiov_core.reporting import addressees, age_words_of, alert_words
from cardiov_core.review import (
    Store,
    acknowledge,
    channels_from_environment,
    escalate_due,
    get_case,
    log_cases_seen,
    tell,
    waiting_alerts,
)
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import ReviewState, review_state

ACKNOWLEDGE_KEY, TOLD_KEY, WAY_KEY, TELL_KEY = "alert_acknowledge", "alert_told", "alert_way", "alert_tell"
ALERT_PARAMETER = "alert"
"""Names the alert in the address that a mail or webhook carries: it stands first."""


def show_alerts(store: Store, me: Reader) -> None:
    """Show the alerts that wait; nothing where none does. Whoever sees them no longer reads those ECGs blind."""
    escalate_due(store, channels_from_environment())
    waiting = waiting_alerts(store)
    if not waiting:
        return
    asked = st.query_params.get(ALERT_PARAMETER)
    waiting = tuple(sorted(waiting, key=lambda alert: alert.id != asked))
    log_cases_seen(store, [get_case(store, alert.case_id) for alert in waiting], me.name)
    failure = review_state().failure
    if failure is not None:
        show_error(failure)
    with st.container(key="alerts", border=True):
        st.markdown(f"**{len(waiting)} critical result{'' if len(waiting) == 1 else 's'} not acknowledged**")
        for alert in waiting:
            _show(store, me, alert)


def _show(store: Store, me: Reader, alert: Alert) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"alert_{alert.id}"):
        st.markdown(
            f"**{plain(alert.record_id)}**: {plain(alert_words(alert))}. "
            f"{plain(age_words_of(alert, datetime.now(UTC)))}. To tell: {plain(addressees(alert))}."
        )
        st.button(
            "Acknowledge",
            key=f"{ACKNOWLEDGE_KEY}_{alert.id}",
            type="primary",
            on_click=partial(_acknowledge, review_state(), store, alert.id, me.name),
        )
        with st.popover("Somebody was told", key=f"{TELL_KEY}_open_{alert.id}"):
            tell_form(store, alert, me.name)


def tell_form(store: Store, alert: Alert, by: str) -> None:
    """Ask who was told and by which way."""
    with st.form(f"alert_form_{alert.id}", border=False):
        st.text_input("Who was told", key=f"{TOLD_KEY}_{alert.id}", max_chars=200)
        st.radio(
            "By which way",
            [AlertWay.PHONE, AlertWay.IN_PERSON, AlertWay.PAGE],
            format_func=lambda way: way.value,
            horizontal=True,
            key=f"{WAY_KEY}_{alert.id}",
        )
        note = partial(_tell, review_state(), store, alert.id, by)
        st.form_submit_button("Note it", key=f"{TELL_KEY}_{alert.id}", on_click=note)


# Both take the session's state along: to look for it when another click comes at the same moment would end a callback.
def _acknowledge(state: ReviewState, store: Store, alert_id: str, by: str) -> None:
    state.failure = None
    try:
        acknowledge(store, alert_id, by)
    except CardioVError as error:
        state.failure = error


def _tell(state: ReviewState, store: Store, alert_id: str, by: str) -> None:
    state.failure = None
    values = entered()
    try:
        told, way = values[f"{TOLD_KEY}_{alert_id}"], values[f"{WAY_KEY}_{alert_id}"]
        tell(store, alert_id, told=told, way=way, by=by)
    except CardioVError as error:
        state.failure = error
