"""What the study's owner sets: share of correct cases, reads wanted, verdicts, and who may do what."""

from functools import partial

import streamlit as st

from cardiov_core.domain import Reader, ReviewStudy, Role
from cardiov_core.errors import CardioVError
from cardiov_core.review import Store, grant, list_readers, list_studies, set_study
from cardiov_core.ui.frame.access import signs_in
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import ReviewState, review_state
from cardiov_core.ui.review.reader import first_roles
from cardiov_core.ui.worklist.critical import critical_settings

SHARE_KEY, READS_KEY, VERDICT_KEY, SET_KEY = "study_share", "study_reads", "study_verdict", "study_set"
_LARGEST_SHARE_PERCENT = 90
_MOST_READS = 9


def people_and_studies(store: Store, me: Reader, study: str) -> None:
    """Show the settings of a study and the roles of all people."""
    _show_failure()
    settings = next(each for each in list_studies(store) if each.name == study)
    left, right = st.columns(2, gap="large")
    with left:
        _study_form(store, me, settings)
    with right:
        _people(store, me)
    critical_settings(store, me)


def people_and_rules(store: Store, me: Reader) -> None:
    """Show what can be set before there is a study: roles and critical results."""
    _show_failure()
    _people(store, me)
    critical_settings(store, me)


def _show_failure() -> None:
    failure = review_state().failure
    if failure is not None:
        show_error(failure)


def _study_form(store: Store, me: Reader, settings: ReviewStudy) -> None:
    st.markdown(f"**Study {plain(settings.name)}**")
    with st.form("study_form", border=False):
        st.slider(
            "Correctly graded cases mixed in, in % of what a blind reader gets",
            0,
            _LARGEST_SHARE_PERCENT,
            round(100 * settings.correct_share),
            step=5,
            key=SHARE_KEY,
            help="Needs such cases in the study: `cardiov cases --all` brings them in.",
        )
        st.number_input(
            "Independent blind reads of each case", 1, _MOST_READS, settings.reads_wanted, key=READS_KEY, width=280
        )
        st.checkbox(
            "After the blind read, ask which of the two levels is right without saying whose they are",
            settings.with_verdict,
            key=VERDICT_KEY,
        )
        st.form_submit_button("Set", key=SET_KEY, on_click=partial(_set, review_state(), store, me, settings.name))
    st.caption("Settled cases stay settled.")


def _set(state: ReviewState, store: Store, me: Reader, name: str) -> None:
    state.failure = None
    values = entered()
    try:
        wanted = ReviewStudy(name, values[SHARE_KEY] / 100, int(values[READS_KEY]), bool(values[VERDICT_KEY]))
        set_study(store, wanted, me.name)
    except CardioVError as error:
        state.failure = error


def _people(store: Store, me: Reader) -> None:
    st.markdown("**People**")
    for person in list_readers(store):
        key = f"roles_{person.name}"
        st.pills(
            plain(person.name),
            list(Role),
            selection_mode="multi",
            default=sorted(person.roles),
            format_func=lambda role: role.value,
            key=key,
            on_change=partial(_grant, review_state(), store, me, person.name, key),
        )
    st.caption(_of_newcomers())


def _of_newcomers() -> str:
    if not signs_in():
        return "New names are readers; the first name of a review has all roles."
    return f"Who signs in for the first time {'is a reader' if first_roles() else 'has no role until you give one'}."


def _grant(state: ReviewState, store: Store, me: Reader, name: str, key: str) -> None:
    state.failure = None
    try:
        grant(store, name, list(entered()[key]), me.name)
    except CardioVError as error:
        state.failure = error
