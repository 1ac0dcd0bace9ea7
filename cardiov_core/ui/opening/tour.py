"""'Show me': the Analyse page in six steps, each with a frame around what it is about; it works offline."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from cardiov_core.ui.frame.session import Session, session
from cardiov_core.ui.opening.address import open_sample

SHOW_KEY, NEXT_KEY, BACK_KEY, END_KEY = "tour_show", "tour_next", "tour_back", "tour_end"

_SAMPLE = "inferior_st_elevation"


@dataclass(frozen=True)
class Step:
    """A step of the tour."""

    words: str  # what is to be seen
    selector: str  # of the element in the frame, as CSS


STEPS = (
    Step("**Level.** How bad, from 0 to 3, with the one reason that counts most.", ".cv-answer"),
    Step("**Alerts.** The gravest stands here; a click opens the others.", ".cv-alerts"),
    Step("**Trace.** Speed, gain, layout and calipers above it; `?` shows the keys.", ".st-key-tools"),
    Step("**Findings.** A click on one lights its leads and beats on the trace.", ".stTabs [role=tablist]"),
    Step("**Evidence.** How sure the level is, signal quality, other graders.", ".st-key-evidence"),
    Step("**Onwards.** Report below as PDF; Batch for many ECGs; Worklist to read blind.", ".stAppHeader"),
)
"""The tour."""


def offer_tour() -> None:
    """Offer the tour."""
    st.button(
        "Show me", key=SHOW_KEY, help="The page in six steps, with a sample.", on_click=partial(_begin, session())
    )


def show_step() -> None:
    """Show the step of the tour that is on; nothing where none is."""
    current = session()
    place = current.tour
    if place is None or current.case is None:
        return
    step, last = STEPS[place], place + 1 == len(STEPS)
    st.html(
        f"<style>{step.selector} {{outline: 3px solid #D55E00; outline-offset: 2px;}}</style>"
        f"<script>document.querySelector('{step.selector}')?.scrollIntoView({{block: 'center'}});</script>",
        unsafe_allow_javascript=True,
    )
    with st.container(key="tour", border=True):
        st.markdown(f"{place + 1} of {len(STEPS)}. {step.words}")
        with st.container(horizontal=True):
            st.button("Back", key=BACK_KEY, disabled=place == 0, on_click=partial(_go, current, place - 1))
            if not last:
                st.button("Next", key=NEXT_KEY, type="primary", on_click=partial(_go, current, place + 1))
            st.button("End", key=END_KEY, type="primary" if last else "tertiary", on_click=partial(_go, current, None))


def _begin(current: Session) -> None:
    open_sample(current, _SAMPLE)
    _go(current, 0)


def _go(current: Session, place: int | None) -> None:
    current.tour = place
