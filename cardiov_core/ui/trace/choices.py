"""How a reader likes the paper: speed, gain, layout and filter, kept in the browser over reloads and pages.

A cookie holds the words of the controls and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from cardiov_core.ui.frame.session import Key

COOKIE = "cardiov_display"
"""Name of the cookie; it lasts a year."""

_YEAR_S = 365 * 24 * 3600
_KEPT_KEY = "cardiov_display"


@dataclass(frozen=True)
class Choice:
    """A control whose setting is kept."""

    key: Key  # of the widget
    options: Sequence[Any]  # what may be chosen
    first: Any  # what a new reader gets


def recall_choices(choices: Sequence[Choice]) -> None:
    """Set each control that is not on the page yet to what this browser chose last."""
    kept = _kept()
    for choice in choices:
        if choice.key not in st.session_state:
            known = {str(option): option for option in choice.options}
            st.session_state[choice.key] = known.get(kept.get(choice.key, ""), choice.first)


def keep_choices(choices: Sequence[Choice]) -> None:
    """Keep what the controls say now."""
    kept = {str(choice.key): str(st.session_state[choice.key]) for choice in choices}
    if kept != _kept():
        st.session_state[_KEPT_KEY] = {**_kept(), **kept}
    # Always there: an element that comes and goes would have all that follows it drawn anew.
    st.html(
        f'<script>document.cookie = "{COOKIE}={urlencode(kept)}; path=/; SameSite=Lax; max-age={_YEAR_S}";</script>',
        unsafe_allow_javascript=True,
    )


def choose_next(choice: Choice) -> None:
    """Go on to a control's next option, and from the last to the first."""
    place = list(choice.options).index(st.session_state.get(choice.key, choice.first))
    st.session_state[choice.key] = choice.options[(place + 1) % len(choice.options)]


def _kept() -> Mapping[str, str]:
    known: Mapping[str, str] | None = st.session_state.get(_KEPT_KEY)
    return dict(parse_qsl(st.context.cookies.get(COOKIE, ""))) if known is None else known
