"""The pages of the app and their names, for `app.py`, and the way back to the page that asked for a sign-in."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit.navigation.page import Page

from cardiov_core.ui.frame.remembered import ask_back, asked_back

ANALYZE_PAGE, BATCH_PAGE, WORKLIST_PAGE, REVIEW_PAGE = (
    "pages/analyze.py",
    "pages/batch.py",
    "pages/worklist.py",
    "pages/review.py",
)

# The mark of CardioV, a QRS complex.
_LOGO = str(Path(__file__).with_name("logo.svg"))

CASE_PARAMETER = "case"
"""Names the case in the address of the Review page."""

_NAVIGATED_KEY, _RETURNED_KEY, _FIRST_KEY = "cardiov_navigated", "cardiov_returned", "cardiov_first_page"
_TITLE_KEY = "cardiov_page_title"
_PATHS = {ANALYZE_PAGE, BATCH_PAGE, WORKLIST_PAGE, REVIEW_PAGE}


def navigation() -> Page:
    """Return the page that was asked for, with the navigation on top."""
    st.session_state[_NAVIGATED_KEY] = True
    chosen = st.navigation(_pages(), position="top")
    st.session_state.setdefault(_FIRST_KEY, chosen.url_path)
    st.session_state[_TITLE_KEY] = chosen.title
    return chosen


def drawn_before_its_logo(chosen: Page) -> bool:
    """Tell whether the page draws its words first: for a logo Streamlit loads numpy and Pillow."""
    return not chosen.url_path and "numpy" not in sys.modules


def show_logo() -> None:
    """Show the mark of CardioV on the page and on the browser's tab."""
    st.logo(_LOGO, size="small")
    st.set_page_config(page_icon=_LOGO)


def page_title() -> str:
    """Return the title of the page on show."""
    return str(st.session_state.get(_TITLE_KEY, ""))


def began_at_analyze() -> bool:
    """Tell whether this session began on the Analyse page."""
    return not st.session_state.get(_FIRST_KEY)


def ensure_navigation() -> None:
    """Begin again through `app.py` where Streamlit ran a page's script by itself.

    Streamlit takes a folder named ``pages`` for its older kind of app until a script has called `st.navigation` once:
    who opens a deep link first after a start would see a page without navigation.
    """
    if _NAVIGATED_KEY not in st.session_state:
        st.session_state[_NAVIGATED_KEY] = True
        st.navigation(_pages(), position="hidden")
        st.rerun()


def sign_in() -> None:
    """Go to the sign-in, and note which page asked for it: the provider sends everybody to the first one."""
    path = urlsplit(str(st.context.url or "")).path.rsplit("/", 1)[-1]
    ask_back(f"pages/{path}.py" if path else ANALYZE_PAGE, st.query_params.to_dict())
    st.login()


def return_where_asked() -> None:
    """Go on to the page that asked for the sign-in from which this session comes."""
    if _RETURNED_KEY in st.session_state or not getattr(st.user, "is_logged_in", False):
        return
    st.session_state[_RETURNED_KEY] = True
    asked = asked_back()
    if asked is not None and asked[0] in _PATHS:
        st.switch_page(asked[0], query_params=asked[1])


def _pages() -> list[Page]:
    return [
        st.Page(ANALYZE_PAGE, title="Analyse", default=True),
        st.Page(BATCH_PAGE, title="Batch"),
        st.Page(WORKLIST_PAGE, title="Worklist"),
        st.Page(REVIEW_PAGE, title="Review", visibility="hidden"),
        st.Page("pages/agreement.py", title="Agreement"),
        st.Page("pages/performance.py", title="Performance"),
        st.Page("pages/about.py", title="About"),
    ]
