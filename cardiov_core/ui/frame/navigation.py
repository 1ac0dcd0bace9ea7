"""The pages of the app and their names, for `app.py`."""

import streamlit as st
from streamlit.navigation.page import Page

ANALYZE_PAGE, BATCH_PAGE, WORKLIST_PAGE, REVIEW_PAGE = (
    "pages/analyze.py",
    "pages/batch.py",
    "pages/worklist.py",
    "pages/review.py",
)

CASE_PARAMETER = "case"
"""Names the case in the address of the Review page."""

_NAVIGATED_KEY = "cardiov_navigated"


def navigation() -> Page:
    """Return the page that was asked for, with the navigation on top."""
    st.session_state[_NAVIGATED_KEY] = True
    return st.navigation(_pages(), position="top")


def ensure_navigation() -> None:
    """Begin again through `app.py` where Streamlit ran a page's script by itself.

    Streamlit takes a folder named ``pages`` for its older kind of app until a script has called `st.navigation` once:
    who opens a deep link first after a start would see a page without navigation.
    """
    if _NAVIGATED_KEY not in st.session_state:
        st.session_state[_NAVIGATED_KEY] = True
        st.navigation(_pages(), position="hidden")
        st.rerun()


def _pages() -> list[Page]:
    return [
        st.Page(ANALYZE_PAGE, title="Analyze", default=True),
        st.Page(BATCH_PAGE, title="Batch"),
        st.Page(WORKLIST_PAGE, title="Worklist"),
        st.Page(REVIEW_PAGE, title="Review", visibility="hidden"),
        st.Page("pages/agreement.py", title="Agreement"),
        st.Page("pages/performance.py", title="Performance"),
        st.Page("pages/about.py", title="About"),
    ]
