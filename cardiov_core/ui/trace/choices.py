"""How a reader likes the paper: speed, gain, layout and filter, kept in the browser over reloads and pages.

A cookie holds the words of the controls and nothing else. The paper's script alone writes it, at the moment of the
choice: the server's answer may come too late for a reload, or after a newer choice.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import streamlit as st

from cardiov_core.ui.trace.controls import IN_BROWSER, KEPT, Choice, Option, option_word

COOKIE = "cardiov_display"
"""Name of the cookie."""

_KEPT_KEY, _ANSWERED_KEY = "cardiov_display", "cardiov_display_answered"
_PRESSED = "pressed"


def recall_choices() -> None:
    """Set each control that is not on the page yet to what this browser chose last."""
    kept = _kept()
    for choice in KEPT:
        if choice.key not in st.session_state:
            known = {option_word(option): option for option in choice.options}
            st.session_state[choice.key] = known.get(kept.get(choice.key, ""), choice.first)


def keep_choices() -> None:
    """Keep what the controls say now."""
    kept = {str(choice.key): option_word(st.session_state[choice.key]) for choice in KEPT}
    st.session_state[_KEPT_KEY] = {**_kept(), **kept}


def take_pressed(paper_key: str) -> None:
    """Set the controls, before they are drawn, to what was chosen by key in the browser.

    No callback of the paper: whatever comes at the same moment ends one. `paper_key`: of the paper, which tells all
    that is not answered yet and the number of the last key.
    """
    pressed = st.session_state.get(paper_key, {}).get("chosen")
    if not pressed or pressed["count"] == st.session_state.get(_ANSWERED_KEY):
        return
    for choice in IN_BROWSER:
        known = {option_word(option): option for option in choice.options}
        word = pressed["words"].get(choice.key)
        if word in known and known[word] != st.session_state.get(choice.key):
            st.session_state[choice.key] = known[word]
            st.session_state[f"{choice.key}_{_PRESSED}"] = pressed["count"]
    st.session_state[_ANSWERED_KEY] = pressed["count"]


def folded_key(choice: Choice[Option]) -> str:
    """Return the key of the widget of a control behind 'More': a new one after each choice by key.

    What is folded away takes no value from the server: it would open with what it said last, and say it again.
    """
    return f"{choice.key}_{st.session_state.get(f'{choice.key}_{_PRESSED}', 0)}"


def told_to_browser() -> Mapping[str, object]:
    """Return what the paper's script needs to know of the controls and of the cookie that it writes."""
    return {
        "controls": [
            {
                "name": choice.key,
                "label": choice.label,
                "letter": choice.letter,
                "options": choice.words_of_options(),
            }
            for choice in IN_BROWSER
        ],
        "chosen": {choice.key: option_word(st.session_state.get(choice.key, choice.first)) for choice in IN_BROWSER},
        "answered": st.session_state.get(_ANSWERED_KEY, 0),
        "kept": {"cookie": COOKIE, "words": _kept()},
    }


def _kept() -> Mapping[str, str]:
    known: Mapping[str, str] | None = st.session_state.get(_KEPT_KEY)
    return dict(parse_qsl(st.context.cookies.get(COOKIE, ""))) if known is None else known
