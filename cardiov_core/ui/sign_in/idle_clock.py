"""How long somebody who signed in did nothing: one clock for each sign-in, shared by all tabs of its browser."""

import os
import time
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

import streamlit as st

from cardiov_core.errors import ConfigurationError
from cardiov_core.ui.frame.access import signs_in

IDLE_VARIABLE = "CARDIOV_IDLE_MINUTES"
"""After how many minutes without a click or a key people are signed out; 30 where it is not set."""

_DEFAULT_MINUTES = 30.0
# Sign-ins that the clock remembers; an older one is judged by its own time.
_MAX_KNOWN = 1000

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class _Clock:
    """Sign-in -> when something was last done, in seconds since 1970; minus infinity: it ended."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._lock = Lock()

    def last(self, sign_in: str, began_s: float) -> float:
        with self._lock:
            return self._last.get(sign_in, began_s)

    def note(self, sign_in: str, at_s: float) -> None:
        with self._lock:
            if self._last.pop(sign_in, 0.0) == float("-inf"):
                at_s = float("-inf")
            self._last[sign_in] = at_s
            while len(self._last) > _MAX_KNOWN:
                del self._last[next(iter(self._last))]


def idle_limit_s() -> float:
    """Return after how many seconds without activity people are signed out."""
    stated = os.environ.get(IDLE_VARIABLE, "").strip()
    try:
        minutes = float(stated) if stated else _DEFAULT_MINUTES
    except ValueError:
        minutes = 0.0
    if not 0.0 < minutes < float("inf"):
        raise ConfigurationError(f"{IDLE_VARIABLE} is {stated!r}.", "Set it to a number of minutes, such as 30.")
    return 60.0 * minutes


def signed_in_at_s() -> float:
    """Return when this browser's sign-in was made, in seconds since 1970, as the provider says."""
    stated = st.user.get("iat")
    return float(stated) if isinstance(stated, int | float) else time.time()


def is_over() -> bool:
    """Tell whether this browser's sign-in ended: by sign-out in any tab, or because nothing was done for too long."""
    return time.time() - _clock().last(_sign_in(), signed_in_at_s()) > idle_limit_s()


def note_activity() -> None:
    """Note that somebody who is signed in did something."""
    if signs_in() and st.user.is_logged_in and not is_over():
        _clock().note(_sign_in(), time.time())


def end_sign_in() -> None:
    """End this browser's sign-in for all its tabs."""
    _clock().note(_sign_in(), float("-inf"))


def fragment(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make a part of a page that reruns by itself when somebody uses it, which counts as activity."""

    @wraps(function)
    def _used(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        note_activity()
        return function(*args, **kwargs)

    return st.fragment(_used)


def _sign_in() -> str:
    """Return what tells sign-ins apart: who, and when."""
    return f"{st.user.get('iss', '')}|{st.user.get('sub') or st.user.get('email')}|{st.user.get('iat', '')}"


@st.cache_resource(show_spinner=False)
def _clock() -> _Clock:
    return _Clock()
