"""The blind read: level, confidence, reasons and text beside the trace; every entry is a draft at once."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from cardiov_core.domain import Draft, Reader, Severity
from cardiov_core.errors import CardioVError
from cardiov_core.review import Store, commit_read, load_draft, save_draft
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import ReviewState, review_state
from cardiov_core.ui.sign_in.idle_clock import fragment

REASONS = ("Rhythm", "Conduction", "ST segment", "T wave", "Q waves", "QT", "Voltage", "Pacing", "Artefact")
"""What may have decided a level; the text says the rest."""

SAVE_KEY = "read_save"
# Initials of low, medium, high: the digits are the levels'.
_CONFIDENCES = ((1, "Low", "L"), (2, "Medium", "M"), (3, "High", "H"))
_MAX_TEXT = 4000


def level_button(level: Severity, key: str, chosen: bool, on_click: Callable[[], None], *, prefix: str = "") -> None:
    """Show a level as a button with its digit as key."""
    st.button(
        f"{prefix}{int(level)} {level.title}" if prefix else level.title,
        key=f"{key}_{int(level)}",
        type="primary" if chosen else "secondary",
        shortcut=str(int(level)),
        width="stretch",
        on_click=on_click,
    )


@fragment
def read_form(store: Store, me: Reader, case_id: str) -> None:
    """Show the decision of a first read; its entries rerun this part alone."""
    state = review_state()
    enter = partial(_enter, state, store, me, case_id)
    draft_of(store, me, case_id)
    _take_words(state, case_id, enter)
    if _save_wanted(store, me, case_id):
        st.rerun()
    draft = draft_of(store, me, case_id)
    with st.container(key="levels", gap="xsmall"):
        for level in Severity:
            level_button(level, "level", draft.level is level, partial(enter, level=level))
    st.caption("How sure?")
    with st.container(key="confidences", horizontal=True, gap="xsmall"):
        for number, word, letter in _CONFIDENCES:
            st.button(
                word,
                key=f"confidence_{number}",
                type="primary" if draft.confidence == number else "secondary",
                shortcut=letter,
                on_click=partial(enter, confidence=number),
            )
    reasons_key, text_key = f"reasons_{case_id}", f"text_{case_id}"
    st.session_state.setdefault(reasons_key, [reason for reason in draft.reasons if reason in REASONS])
    st.session_state.setdefault(text_key, draft.text)
    st.pills(
        "What decided",
        REASONS,
        selection_mode="multi",
        key=reasons_key,
    )
    st.text_area(
        "Comment",
        key=text_key,
        height=68,
        max_chars=_MAX_TEXT,
        placeholder="Free text",
        label_visibility="collapsed",
    )
    # Never disabled: the keys before Enter may still be on their way, and a disabled button takes no key.
    st.button(
        "Save",
        key=SAVE_KEY,
        type="primary",
        shortcut="Enter",
        width="stretch",
        on_click=partial(_want_save, state, case_id),
        help="What is saved here can be undone until label and grader are shown.",
    )
    _show_state(case_id, draft)


def _want_save(state: ReviewState, case_id: str) -> None:
    state.save_wanted = case_id


def _save_wanted(store: Store, me: Reader, case_id: str) -> bool:
    """Save where that was asked for, after all keys that came with it were taken; return whether it was done.

    What was asked for is kept in the session and not in the button: a key that follows ends the run of this page, and
    with it what a button said.
    """
    state = review_state()
    if state.save_wanted != case_id:
        return False
    state.save_wanted = None
    if _missing(state.drafts[case_id]):
        state.incomplete = case_id
        return False
    state.incomplete = None
    return commit(store, me, case_id)


def draft_of(store: Store, me: Reader, case_id: str) -> Draft:
    """Return what was entered so far, by this session or before a reload."""
    state = review_state()
    if case_id not in state.drafts:
        state.drafts[case_id] = load_draft(store, case_id, me.name) or Draft()
    return state.drafts[case_id]


def commit(store: Store, me: Reader, case_id: str) -> bool:
    """Commit the draft as the reader's read; where that fails the draft stays."""
    state = review_state()
    draft = state.drafts[case_id]
    if draft.level is None or draft.confidence is None:
        return False
    state.failure = None
    try:
        commit_read(store, case_id, me.name, draft.level, draft.confidence, draft.reasons, draft.text)
    except CardioVError as error:
        state.failure = error
        state.unsaved.add(case_id)
        return False
    forget_draft(state, case_id)
    return True


def forget_draft(state: ReviewState, case_id: str) -> None:
    """Let go of what this session holds of a case's form, so that it is filled from the database again."""
    state.drafts.pop(case_id, None)
    state.unsaved.discard(case_id)
    for name in ("reasons", "text"):
        st.session_state.pop(f"{name}_{case_id}", None)


def _enter(state: ReviewState, store: Store, me: Reader, case_id: str, **entries: object) -> None:
    """Take an entry over into the draft, and the draft into the database.

    Never looks into Streamlit's session: where the next key came at the same moment, that look would end a callback,
    and the entry would be lost without a word.
    """
    state.incomplete = None
    draft = replace(state.drafts.get(case_id, Draft()), **entries)  # type: ignore[arg-type]
    state.drafts[case_id] = draft
    state.failure = None
    try:
        save_draft(store, case_id, me.name, draft)
    except CardioVError as error:
        state.failure = error
        state.unsaved.add(case_id)
    else:
        state.unsaved.discard(case_id)


def _take_words(state: ReviewState, case_id: str, enter: Callable[..., None]) -> None:
    """Take over the reasons and the comment as their widgets hold them, before anything is saved."""
    draft = state.drafts[case_id]
    reasons, text = st.session_state.get(f"reasons_{case_id}"), st.session_state.get(f"text_{case_id}")
    if reasons is not None and tuple(reasons) != tuple(draft.reasons):
        enter(reasons=tuple(reasons))
    if text is not None and text != draft.text:
        enter(text=text)


def _missing(draft: Draft) -> str:
    if draft.level is None:
        return "Not saved: choose a level first, 0, 1, 2 or 3."
    return "" if draft.confidence is not None else "Not saved: say first how sure you are, L, M or H."


def _show_state(case_id: str, draft: Draft) -> None:
    state = review_state()
    missing = _missing(draft)
    if state.incomplete == case_id and missing:
        st.warning(missing)
    if state.failure is None:
        return
    show_error(state.failure)
    if case_id in state.unsaved:
        st.caption(plain("Your entries are kept on this page. Save again, or leave the page open until it works."))
