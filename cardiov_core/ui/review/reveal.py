"""After the commit: take back or go on, side with one of two levels, see label and grader, keep or change."""

from functools import partial
from html import escape

import streamlit as st

from cardiov_core.domain import Case, Read, Reader, Severity, Verdict
from cardiov_core.errors import CardioVError
from cardiov_core.reporting import whole_percent
from cardiov_core.review import Store, get_case, give_verdict, keep_or_change, reveal, study_candidates, undo
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import ReviewState, review_state
from cardiov_core.ui.frame.styles import level_shape
from cardiov_core.ui.review.form import forget_draft, level_button

GO_ON_KEY, UNDO_KEY, KEEP_KEY = "read_go_on", "read_undo", "read_keep"
CONFIDENCE_WORDS = {1: "low", 2: "medium", 3: "high"}
"""Confidence of a read -> its word."""

VERDICT_WORDS = {Verdict.LABEL: "the label", Verdict.MODEL: "the grader", Verdict.NEITHER: "neither"}
"""Whom a reader sided with -> words."""


def revealed_case(store: Store, me: Reader, read: Read) -> Case | None:
    """Return the case with label and grade where they are shown to this reader, else None."""
    if read.revealed_at is not None:
        return get_case(store, read.case_id)
    if read.case_id not in review_state().went_on:
        return None
    if read.verdict is None and study_candidates(store, read.case_id, me.name) is not None:
        return None
    return reveal(store, read.case_id, me.name).case


def show_after_commit(store: Store, me: Reader, read: Read, case: Case | None) -> None:
    """Show what follows a read."""
    if case is not None:
        _show_reveal(store, me, read, case)
    else:
        st.html(f'<div class="cv-reveal" role="status">{level_row("Your read", read.level)}</div>')
        st.caption(f"Saved, confidence {CONFIDENCE_WORDS[read.confidence]}.")
        if read.case_id in review_state().went_on:
            _ask_verdict(store, me, read)
        else:
            _ask_to_go_on(store, me, read)
    failure = review_state().failure
    if failure is not None:
        show_error(failure)


def level_row(words: str, level: Severity | None, nothing: str = "none") -> str:
    """Return a level with its shape and whose it is, as HTML."""
    shown = f"{level_shape(level)}<b>{int(level)} {level.title}</b>" if level is not None else f"<b>{nothing}</b>"
    return f'<div class="cv-who">{escape(words)}</div><div class="cv-inline">{shown}</div>'


def _ask_to_go_on(store: Store, me: Reader, read: Read) -> None:
    # The words are the same for every case: 'compare' on some only would tell which ones were graded wrongly.
    st.button(
        "Go on to label and grader",
        key=GO_ON_KEY,
        type="primary",
        # Not Enter, which saved the read: pressed twice it would shut the way back.
        shortcut="G",
        width="stretch",
        on_click=partial(review_state().went_on.add, read.case_id),
    )
    st.button(
        "Undo", key=UNDO_KEY, shortcut="U", width="stretch", on_click=partial(_undo, review_state(), store, me, read)
    )


def _ask_verdict(store: Store, me: Reader, read: Read) -> None:
    candidates = study_candidates(store, read.case_id, me.name)
    if candidates is None:
        return
    state = review_state()
    st.markdown("**Two levels were given to this ECG. Which one is right?**")
    for word, level in zip(("This one: ", "That one: "), candidates, strict=True):
        give = partial(_give_verdict, state, store, me, read, chosen=level, own=None)
        level_button(level, "verdict", chosen=True, on_click=give, prefix=word)
    st.caption("Neither of them, but:")
    for level in Severity:
        if level not in candidates:
            give = partial(_give_verdict, state, store, me, read, chosen=None, own=level)
            level_button(level, "verdict", chosen=False, on_click=give)


def _show_reveal(store: Store, me: Reader, read: Read, case: Case) -> None:
    rows = [
        level_row("Label", case.label),
        level_row("Grader", case.level, "withheld"),
        level_row("Your read", read.level),
    ]
    if read.verdict is not None:
        rows.append(f'<div class="cv-who">You agreed with</div><div>{VERDICT_WORDS[read.verdict]}</div>')
    st.html(f'<div class="cv-reveal" role="status">{"".join(rows)}</div>{_probabilities(case)}')
    if read.revised_level is not None:
        kept = "kept" if read.revised_level is read.level else f"changed to {int(read.revised_level)}"
        st.caption(f"After seeing label and grader you {kept} your level.")
        return
    st.markdown("**Keep your level or change it?**")
    st.button(
        f"Keep {int(read.level)} {read.level.title}",
        key=KEEP_KEY,
        type="primary",
        shortcut="K",
        width="stretch",
        on_click=partial(_keep_or_change, review_state(), store, me, read, None),
    )
    for level in Severity:
        if level is not read.level:
            change = partial(_keep_or_change, review_state(), store, me, read, level)
            level_button(level, "change", chosen=False, on_click=change, prefix="Change to ")


def _probabilities(case: Case) -> str:
    if case.probabilities is None:
        return ""
    rows = "".join(
        f"<div>{level_shape(level)}</div><div>{level.title}</div>"
        f'<div class="cv-num">{escape(whole_percent(value))}</div>'
        for level, value in zip(Severity, case.probabilities, strict=True)
    )
    fold = ", out-of-fold" if case.out_of_fold else ""
    return (
        f'<div class="cv-probs cv-side"><div class="cv-head">Grader {escape(case.model_name)}{fold}</div>{rows}</div>'
    )


# What is done at a key takes the session's state along: to look for it then, when the next key comes at the same
# moment, would end the callback half-way.
def _undo(state: ReviewState, store: Store, me: Reader, read: Read) -> None:
    state.failure = None
    try:
        undo(store, read.case_id, me.name)
    except CardioVError as error:
        state.failure = error
        return
    forget_draft(state, read.case_id)


def _give_verdict(
    state: ReviewState, store: Store, me: Reader, read: Read, *, chosen: Severity | None, own: Severity | None
) -> None:
    state.failure = None
    try:
        give_verdict(store, read.case_id, me.name, chosen, own)
    except CardioVError as error:
        state.failure = error


def _keep_or_change(state: ReviewState, store: Store, me: Reader, read: Read, level: Severity | None) -> None:
    state.failure = None
    try:
        keep_or_change(store, read.id, me.name, level)
    except CardioVError as error:
        state.failure = error
