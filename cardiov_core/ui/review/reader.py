"""Who reads: a name that is asked once, or whoever has signed in; what they may do is in the database."""

import logging
import os

import streamlit as st

from cardiov_core.domain import Reader, Role
from cardiov_core.errors import CardioVError, ConfigurationError
from cardiov_core.review import Store, ensure_reader, log_grades_shown, log_sign_out, roles_of, typed_names
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.access import signs_in
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.navigation import sign_in
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import ReviewState, Way, ask_way, forget_reader, review_state
from cardiov_core.ui.sign_in.idle_clock import end_sign_in

NAME_KEY, START_KEY, CHANGE_KEY, SIGN_IN_KEY = "reader_name", "reader_start", "reader_change", "sign_in"
KNOWN_KEY = "reader_known"
FIRST_ROLE_VARIABLE = "CARDIOV_FIRST_ROLE"
"""What somebody may do who signs in for the first time: ``reader``, or ``none`` until an administrator gives a role."""

_NO_ROLE = "none"
_MAX_BUTTONS = 12
_MAX_NAME = 100

_logger = logging.getLogger(__name__)


def current_reader(store: Store) -> Reader | None:
    """Return who reads in this session, with the roles that the database gives them now."""
    if signs_in():
        _take_identity(store)
    state = review_state()
    if state.name is None:
        return None
    state.roles = roles_of(store, state.name)
    return Reader(state.name, state.roles)


def ask_reader(store: Store, why: str, *, place: str = "") -> None:
    """Ask for the reader's name, or to sign in where that is set up."""
    st.write(why)
    if signs_in():
        offer_sign_in(place)
        return
    _offer_known_names(store, place)
    with st.form(f"reader_form{place}", border=False, enter_to_submit=True, width=460):
        columns = st.columns([3, 1], vertical_alignment="bottom")
        columns[0].text_input(
            "Your name", key=f"{NAME_KEY}{place}", max_chars=_MAX_NAME, placeholder="As it stands under your reads"
        )
        columns[1].form_submit_button(
            "Start",
            key=f"{START_KEY}{place}",
            type="primary",
            on_click=_take_name,
            args=(review_state(), store, f"{NAME_KEY}{place}"),
        )
    failure = review_state().failure
    if failure is not None:
        show_error(failure)
    st.caption("Remembered in this browser, and kept with your reads.")


def _offer_known_names(store: Store, place: str) -> None:
    """Offer the people of the review by one click, so that nobody becomes two by a slip of the pen."""
    names = typed_names(store)
    if not names:
        return
    key = f"{KNOWN_KEY}{place}"
    taken = (review_state(), store, key)
    if len(names) <= _MAX_BUTTONS:
        st.pills("Known here", names, key=key, format_func=plain, on_change=_take_name, args=taken)
    else:
        st.selectbox(
            "Known here", names, None, key=key, on_change=_take_name, args=taken, width=460,
            placeholder="Your name",
        )  # fmt: skip


def offer_sign_in(place: str) -> None:
    """Show the button that leads to the sign-in."""
    way = (review_state(), Way.SIGN_IN)
    st.button("Sign in", key=f"{SIGN_IN_KEY}{place}", type="primary", on_click=ask_way, args=way)


def change_reader() -> None:
    """Let somebody else take over; the name itself stands in the banner."""
    words = "Sign out" if signs_in() else "Another reader"
    st.button(words, key=CHANGE_KEY, type="tertiary", on_click=ask_way, args=(review_state(), Way.OUT))


def go(way: Way) -> None:
    """Sign in or out, or let the reader go."""
    if way is Way.SIGN_IN:
        sign_in()
    elif signs_in():
        sign_out()
    else:
        forget_reader()


def may(me: Reader, role: Role) -> bool:
    """Tell whether a reader has a role."""
    return role in me.roles


def _take_name(state: ReviewState, store: Store, key: str) -> None:
    state.failure = None
    try:
        _begin(state, store, ensure_reader(store, entered()[key] or ""), None)
    except CardioVError as error:
        state.failure = error


def _take_identity(store: Store) -> None:
    """Take over who is signed in; somebody else's session state goes with them."""
    identity = _identity()
    if review_state().identity != identity:
        forget_reader()
        if identity is not None:
            me = ensure_reader(store, _stated_name(), identity, first_roles=first_roles())
            _begin(review_state(), store, me, identity)
            # The banner above was written before the name was known.
            st.rerun()


def _begin(state: ReviewState, store: Store, me: Reader, identity: str | None) -> None:
    state.name, state.identity, state.roles = me.name, identity, me.roles
    # What was seen before the name was given was seen all the same.
    log_grades_shown(store, tuple(state.unnamed), me.name)
    state.unnamed.clear()


def first_roles() -> tuple[Role, ...]:
    """Return what somebody may do who signs in for the first time."""
    stated = os.environ.get(FIRST_ROLE_VARIABLE, "").strip() or Role.READER.value
    if stated not in (Role.READER.value, _NO_ROLE):
        raise ConfigurationError(
            f"{FIRST_ROLE_VARIABLE} is {stated!r}.", f"Set it to {Role.READER.value!r} or {_NO_ROLE!r}."
        )
    return () if stated == _NO_ROLE else (Role.READER,)


def _identity() -> str | None:
    """Return issuer and subject, the two that OpenID Connect says are unique together; None: not signed in."""
    if not st.user.is_logged_in:
        return None
    return f"{st.user.get('iss', '')}|{st.user.get('sub') or st.user.get('email')}"


def _stated_name() -> str:
    return str(st.user.get("name") or st.user.get("preferred_username") or st.user.get("email") or "Reader")[:_MAX_NAME]


def sign_out(*, idle: bool = False) -> None:
    """End the sign-in in all tabs of this browser, and note it in the audit.

    `idle`: whether it is ended because nothing was done.
    """
    name = review_state().name
    end_sign_in()
    if name is not None:
        try:
            log_sign_out(resources.review_store(), name, idle=idle)
        except CardioVError as error:
            # Nobody stays signed in because the audit is away.
            _logger.warning("A sign-out is not in the audit: %s", type(error).__name__)
    forget_reader()
    st.logout()
