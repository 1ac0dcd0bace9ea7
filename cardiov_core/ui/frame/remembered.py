"""What outlives a reload of the page: the open ECG, the batch and the reader, kept on the server for one browser.

The browser holds a random token in a session cookie and nothing else: no name, no file. What it stands for stays in the
server's memory for an hour after the last use (`limits().kept_s`).
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from threading import Lock, Timer
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

if TYPE_CHECKING:
    from cardiov_core.limits import Limits

COOKIE = "cardiov_browser"
"""Name of the cookie: a random token that ends with the browser."""

_TOKEN_KEY, _SLOT_KEY, _NEW_KEY = "cardiov_token", "cardiov_slot", "cardiov_remembered_next"
_TOKEN_LENGTH = 32
# Tabs of one browser, and browsers; an open ECG takes some megabytes.
_MAX_TABS = 4

State = TypeVar("State")


@dataclass
class _Browser:
    tabs: dict[str, dict[str, object]] = field(default_factory=dict)
    asked: tuple[str, dict[str, str]] | None = None
    used_s: float = 0.0


class _Memory:
    """Token -> what its browser's tabs held last; the least recently used go first."""

    def __init__(self) -> None:
        self._browsers: dict[str, _Browser] = {}
        self._lock = Lock()
        self._timer: Timer | None = None

    def knows(self, token: str) -> bool:
        with self._lock:
            return token in self._browsers

    def browser(self, token: str) -> _Browser:
        with self._lock:
            self._let_go()
            known = self._browsers.pop(token, None) or _Browser()
            known.used_s = time.monotonic()
            self._browsers[token] = known
            while len(self._browsers) > _limits().browsers:
                del self._browsers[next(iter(self._browsers))]
            if self._timer is None:
                self._wait()
        return known

    def _let_go(self) -> None:
        now, kept_s = time.monotonic(), _limits().kept_s
        self._browsers = {name: each for name, each in self._browsers.items() if now - each.used_s < kept_s}

    def _wait(self) -> None:
        # Patients' data goes when its time is over, not only when somebody happens to come by.
        self._timer = Timer(_limits().kept_s, self._time_is_over)
        self._timer.daemon = True
        self._timer.start()

    def _time_is_over(self) -> None:
        with self._lock:
            self._let_go()
            self._timer = None
            if self._browsers:
                self._wait()


def remember(key: str, state: object) -> None:
    """Keep a state of this tab for a reload.

    `key`: of the state in ``st.session_state``. `state`: a dataclass; it is kept itself, so that what changes in it is
    kept, too. It is kept from the end of this page on (`keep_states`).
    """
    st.session_state.setdefault(_NEW_KEY, {})[key] = state


def keep_states() -> None:
    """Keep the states that `remember` was given: at a page's end, or at the next one's start.

    Not at once: the first screen is drawn before the room of the limits is loaded.
    """
    new: dict[str, object] = st.session_state.get(_NEW_KEY, {})
    if not new:
        return
    token = _token()
    slot = st.session_state.setdefault(_SLOT_KEY, secrets.token_hex(8))
    tabs = _memory().browser(token).tabs
    tab = tabs.pop(slot, {})
    tab.update(new)
    new.clear()
    tabs[slot] = tab
    while len(tabs) > _MAX_TABS:
        del tabs[next(iter(tabs))]


def recalled(key: str, kind: type[State], wanted: Callable[[State], bool] | None = None) -> State | None:
    """Return a copy of what this browser held last, or None.

    `kind`: the state's dataclass. `wanted`: which of several tabs' states; the last used one by default. Returns a copy
    whose lists, sets and dictionaries are its own.
    """
    if not _memory().knows(_token()):
        return None
    for tab in reversed(list(_memory().browser(_token()).tabs.values())):
        state = tab.get(key)
        if isinstance(state, kind) and (wanted is None or wanted(state)):
            twin = copy(state)
            for name, value in vars(state).items():
                if isinstance(value, list | set | dict | deque):
                    setattr(twin, name, copy(value))
            return twin
    return None


def forget_remembered(key: str) -> None:
    """Forget a state in all tabs of this browser: somebody else sits down."""
    for tab in _memory().browser(_token()).tabs.values():
        tab.pop(key, None)


def ask_back(page: str, parameters: Mapping[str, str]) -> None:
    """Note which page asked for a sign-in, to return there."""
    _memory().browser(_token()).asked = (page, dict(parameters))


def asked_back() -> tuple[str, dict[str, str]] | None:
    """Return the page that asked for a sign-in, once."""
    browser = _memory().browser(_token())
    asked, browser.asked = browser.asked, None
    return asked


def give_token() -> None:
    """Give the browser its token, unless it has one."""
    token = _token()
    if st.context.cookies.get(COOKIE) == token:
        return
    secure = "; Secure" if str(st.context.url or "").startswith("https") else ""
    # Lax: a sign-in comes back from the provider's site, and shall find its browser again.
    st.html(
        f'<script>document.cookie = "{COOKIE}={token}; path=/; SameSite=Lax{secure}";</script>',
        unsafe_allow_javascript=True,
    )


def _token() -> str:
    if _TOKEN_KEY not in st.session_state:
        stated = st.context.cookies.get(COOKIE, "")
        known = len(stated) == _TOKEN_LENGTH and all(letter in "0123456789abcdef" for letter in stated)
        st.session_state[_TOKEN_KEY] = stated if known else secrets.token_hex(_TOKEN_LENGTH // 2)
    token: str = st.session_state[_TOKEN_KEY]
    return token


def _limits() -> "Limits":
    from cardiov_core.limits import limits

    return limits()


@st.cache_resource(show_spinner=False)
def _memory() -> _Memory:
    return _Memory()
