"""The door where people sign in: nobody sees a page who is not signed in, has no role, or left the screen alone."""

from datetime import UTC, datetime

import streamlit as st

from cardiov_core.domain import Reader
from cardiov_core.errors import CardioVError
from cardiov_core.review import log_sign_in
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import BANNER, show_error
from cardiov_core.ui.frame.review_session import Way, ask_way, review_state
from cardiov_core.ui.review.reader import CHANGE_KEY, current_reader, offer_sign_in, sign_out
from cardiov_core.ui.sign_in.idle_clock import idle_limit_s, is_over, note_activity, signed_in_at_s

_NOTED_KEY = "cardiov_sign_in_noted"
_MOST_SECONDS_BETWEEN_LOOKS = 30.0


def admitted() -> bool:
    """Tell whether the page may be shown; otherwise say what is needed.

    For installations where people sign in; elsewhere `refuse_strangers` decides.
    """
    try:
        if not st.user.is_logged_in:
            _ask_to_sign_in()
            return False
        if is_over():
            sign_out(idle=True)
            _ask_to_sign_in()
            return False
        store = resources.review_store()
        me = current_reader(store)
        if me is None:
            _ask_to_sign_in()
            return False
        if not st.session_state.get(_NOTED_KEY):
            log_sign_in(store, me.name, datetime.fromtimestamp(signed_in_at_s(), UTC))
            st.session_state[_NOTED_KEY] = True
    except CardioVError as error:
        show_error(error, prefix="Nobody can be let in")
        return False
    note_activity()
    if not me.roles:
        _refuse(me)
        return False
    return True


def watch_the_clock() -> None:
    """Look now and then whether the screen was left alone, and sign out then: what it shows goes with it."""
    if st.user.is_logged_in:
        every_s = min(_MOST_SECONDS_BETWEEN_LOOKS, idle_limit_s() / 2)
        st.fragment(_end_when_idle, run_every=every_s)()


def _end_when_idle() -> None:
    if is_over():
        sign_out(idle=True)


def _ask_to_sign_in() -> None:
    st.write(BANNER)
    st.write("Sign in to open ECGs and to read cases.")
    offer_sign_in("_door")


def _refuse(me: Reader) -> None:
    st.write(BANNER)
    st.error(f"{plain(me.name)} has no role here yet. An administrator of the review gives roles.")
    st.button("Sign out", key=CHANGE_KEY, on_click=ask_way, args=(review_state(), Way.OUT))
