"""How a reader likes the paper: speed, gain, layout and filter, kept in the browser over reloads and pages.

A cookie holds the words of the controls and nothing else. The paper's script alone writes it, at the moment of the
choice: the server's answer may come too late for a reload, or after a newer choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st

from cardiov_core.ui.frame.session import Key

COOKIE = "cardiov_display"
"""Name of the cookie."""

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
            known = {option_word(option): option for option in choice.options}
            st.session_state[choice.key] = known.get(kept.get(choice.key, ""), choice.first)


def keep_choices(choices: Sequence[Choice]) -> None:
    """Keep what the controls say now."""
    kept = {str(choice.key): option_word(st.session_state[choice.key]) for choice in choices}
    st.session_state[_KEPT_KEY] = {**_kept(), **kept}


def kept_in_browser() -> Mapping[str, object]:
    """Return what the paper's script needs to write the cookie: its name, and each control's word."""
    return {"cookie": COOKIE, "words": _kept()}


def option_word(option: object) -> str:
    """Return an option as cookie and script name it, for example '12.5' or '3x4+1'."""
    return f"{option:g}" if isinstance(option, float) else str(option)


def choose_next(choice: Choice) -> None:
    """Go on to a control's next option, and from the last to the first."""
    place = list(choice.options).index(st.session_state.get(choice.key, choice.first))
    st.session_state[choice.key] = choice.options[(place + 1) % len(choice.options)]


def _kept() -> Mapping[str, str]:
    known: Mapping[str, str] | None = st.session_state.get(_KEPT_KEY)
    return dict(parse_qsl(st.context.cookies.get(COOKIE, ""))) if known is None else known
