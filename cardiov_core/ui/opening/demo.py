"""The demo study: filled by one button, removed by another, and named on every page meanwhile."""

from functools import partial

import streamlit as st

from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.navigation import WORKLIST_PAGE
from cardiov_core.ui.frame.review_session import ReviewState, enter_demo, leave_demo, review_state

FILL_KEY, REMOVE_KEY = "demo_fill", "demo_remove"


def offer_demo() -> None:
    """Offer to fill Worklist and Agreement with a demo study."""
    state = review_state()
    if state.demo is not None:
        return
    st.button(
        "Fill a demo study",
        key=FILL_KEY,
        help="Synthetic ECGs and two made-up readers on Worklist and Agreement, apart from any real review.",
        on_click=partial(_want, state),
    )
    # Kept in the session and not in the button: what ends the run of a page ends what its button said.
    if state.demo_wanted:
        _fill()
        st.switch_page(WORKLIST_PAGE)


def show_demo() -> None:
    """Say that a demo study is on show, with the way out; nothing where there is none."""
    if review_state().demo is None:
        return
    with st.container(key="demo", horizontal=True, vertical_alignment="center"):
        st.markdown("**Demo study**: synthetic ECGs, made-up readers.", width="content")
        if st.button("Remove it", key=REMOVE_KEY):
            leave_demo()
            st.rerun()


def _want(state: ReviewState) -> None:
    state.demo_wanted = True


def _fill() -> None:
    from cardiov_core.review import N_DEMO_CASES, PRESENTER, DemoStudy

    demo = DemoStudy(review_state().name or PRESENTER)
    bar = st.progress(0.0, "Grading synthetic ECGs ...")
    for done in demo.fill(resources.predictor()):
        bar.progress(done / N_DEMO_CASES, f"Grading synthetic ECGs: {done} of {N_DEMO_CASES}")
    review_state().demo_wanted = False
    enter_demo(demo)
