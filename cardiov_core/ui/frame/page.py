"""The frame of a page: banner, errors as sentences, boxes, facts."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape

import streamlit as st

from cardiov_core.errors import CardioVError, log_unforeseen
from cardiov_core.reporting import RESEARCH_USE
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.access import refuse_strangers, signs_in
from cardiov_core.ui.frame.browser import keys_box
from cardiov_core.ui.frame.html import bullet_list, plain
from cardiov_core.ui.frame.navigation import ensure_navigation, page_title, return_where_asked
from cardiov_core.ui.frame.remembered import give_token, keep_states
from cardiov_core.ui.frame.review_session import review_state
from cardiov_core.ui.frame.styles import apply_styles

BANNER = RESEARCH_USE
"""Always visible (docs/clinical.md, 18)."""


_UNEXPECTED = "Something went wrong that CardioV did not foresee. The details are in the server's log."


# Hints serve the command line, too; its options mean nothing in a browser.
_OPTION = re.compile(r"\s*\(--[a-z-]+\)")

_logger = logging.getLogger(__name__)


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what goes wrong inside into a sentence: a `CardioVError` with its hint, all else logged."""
    try:
        yield
    except CardioVError as error:
        show_error(error)
    except Exception as error:  # noqa: BLE001 - logged, but for what it may quote
        log_unforeseen(_logger, "Unforeseen error on a page.", error)
        st.error(_UNEXPECTED)


@contextmanager
def page() -> Iterator[None]:
    """Frame of a page: style, the banner with the reader, and `guarded` around the content.

    Loads no grader: words stand on the screen before the networks are there.
    """
    ensure_navigation()
    apply_styles()
    give_token()
    keep_states()
    _go_where_asked()
    let_in_only_who_may()
    return_where_asked()
    # Asked once the graders are there: until then no level is on show, and asking would wait for them.
    own = resources.own_decision() if resources.loaded() else None
    decided = "" if own is None else f" <b>{escape(own.words)}</b>"
    _banner(f"{escape(BANNER)}{decided}")
    if review_state().demo is not None:
        # Not before: the first screen is drawn before the review's room is loaded.
        from cardiov_core.ui.opening.demo import show_demo

        show_demo()
    with guarded():
        yield
    keep_states()
    # Here and not before: what stands on the page is sent first.
    resources.warm_up()
    resources.spare_the_collector()
    if signs_in():
        from cardiov_core.ui.sign_in.admission import watch_the_clock

        watch_the_clock()


def _go_where_asked() -> None:
    """Sign in or out, or let the reader go, where a button of the page before asked for it."""
    state = review_state()
    if state.way is not None:
        from cardiov_core.ui.review.reader import go

        go(state.way)
        # Not before: whatever is clicked at the same moment begins this page again, and then it is still to be done.
        state.way = None


def let_in_only_who_may() -> None:
    """End the page for who may not see it.

    Asked by every page and not by `app.py` alone: Streamlit can run a page's script by itself (`ensure_navigation`).
    """
    refuse_strangers()
    if signs_in():
        # Loads the review, which the first screen of a computer of one's own does not wait for.
        from cardiov_core.ui.sign_in.admission import admitted

        if not admitted():
            st.stop()


def _banner(words: str) -> None:
    """Show the banner; at its right who reads, with the way out, and the keys."""
    name = review_state().name
    reader = escape(f"Reader: {name}") if name else ""
    with st.container(key="banner", horizontal=True, gap="small", vertical_alignment="center"):
        st.html(f'<div class="cv-banner" role="note"><span>{words}</span><span class="cv-quiet">{reader}</span></div>')
        keys_box(page_title())
        if name is not None or getattr(st.user, "is_logged_in", False):
            from cardiov_core.ui.review.reader import change_reader

            change_reader()


def show_error(error: CardioVError, prefix: str = "") -> None:
    """Say what is wrong and what to do."""
    about = f"{prefix}: " if prefix and prefix not in error.message else ""
    st.error(f"{plain(about + error.message)} {plain(hint_words(error))}")


def hint_words(error: CardioVError) -> str:
    """Return what to do about an error, in words for who sits before a browser."""
    return _OPTION.sub("", error.hint)


def box(title: str, sentences: Iterable[str], *, calm: bool = False) -> None:
    """Show a box with a title and its reasons; screen readers read it at once."""
    style = "cv-box calm" if calm else "cv-box"
    st.html(f'<div class="{style}" role="alert"><b>{escape(title)}</b>{bullet_list(sentences)}</div>')


def notice(words: str) -> None:
    """Show one sentence that is not to be overlooked, calmly; what stands before its colon is bold."""
    title, colon, rest = words.partition(":")
    st.html(f'<div class="cv-box calm" role="alert"><b>{escape(title + colon)}</b>{escape(rest)}</div>')


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Show names and values as a description list."""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    st.html(f'<dl class="cv-facts">{items}</dl>')


def dark_theme() -> bool:
    """Tell whether the reader's browser shows the dark theme."""
    return st.context.theme.type == "dark"
