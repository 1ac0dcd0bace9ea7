"""The Review page: the trace large at the left, the decision at the right and always in view."""

import streamlit as st

from cardiov_core.domain import Case, CaseStatus, Read, Reader, Role
from cardiov_core.errors import CaseNotFoundError, ReviewError
from cardiov_core.reporting import age_and_sex
from cardiov_core.review import (
    DEFAULT_STUDY,
    Store,
    blind_queue,
    get_case,
    has_seen_case,
    list_studies,
    log_case_opened,
    not_waiting,
    progress,
    read_by,
    reads_by,
    skip,
)
from cardiov_core.ui.frame.html import place_words, queue_words
from cardiov_core.ui.frame.navigation import CASE_PARAMETER, WORKLIST_PAGE
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import review_state
from cardiov_core.ui.frame.styles import level_button_style
from cardiov_core.ui.review import adjudication
from cardiov_core.ui.review.form import read_form
from cardiov_core.ui.review.owner import owner_part
from cardiov_core.ui.review.preload import Prepared, prepare_ahead, prepared
from cardiov_core.ui.review.reader import may
from cardiov_core.ui.review.reveal import revealed_case, show_after_commit
from cardiov_core.ui.review.trace import show_case_trace

PREVIOUS_KEY, SKIP_KEY, NEXT_KEY, BACK_KEY = "case_previous", "case_skip", "case_next", "case_back"
_DONE = (CaseStatus.SETTLED, CaseStatus.SIGNED_OFF)


def show_review(store: Store, me: Reader) -> None:
    """Show the case that the URL names, or the reader's next one."""
    st.html(level_button_style())
    case_id = st.query_params.get(CASE_PARAMETER) or _next_blind(store, me, DEFAULT_STUDY)
    if case_id is None:
        st.info(f"No case waits for you. {queue_words(not_waiting(store, me.name))}")
        st.page_link(WORKLIST_PAGE, label="Back to the worklist")
        return
    st.query_params[CASE_PARAMETER] = case_id
    case = get_case(store, case_id)
    read = read_by(store, case_id, me.name)
    _remember(store, me, case_id)
    revealed = None if read is None else revealed_case(store, me, read)
    left, right = st.columns([4.6, 1.25], gap="small")
    with right, st.container(key="decision"):
        _decision(store, me, case, read, revealed)
    with left, st.container(key="case_trace"):
        _trace(store, case, revealed)
        # Between a read and its reveal not even the owner sees label and grade: the verdict is still to come.
        if may(me, Role.ADMINISTRATOR) and (read is None or revealed is not None):
            owner_part(store, me, case, seen=revealed is not None)


def _trace(store: Store, case: Case, revealed: Case | None) -> None:
    loaded: Prepared | None = None
    try:
        with st.spinner("Fetching the ECG ..."):
            loaded = prepared(store, case.id)
    except CaseNotFoundError as error:
        show_error(error)
    if loaded is not None:
        show_case_trace(case.id, loaded, revealed, confirmed=case.status is CaseStatus.SIGNED_OFF)


def _decision(store: Store, me: Reader, case: Case, read: Read | None, revealed: Case | None) -> None:
    adjudicates = read is None and may(me, Role.ADJUDICATOR)
    if adjudicates and case.status is CaseStatus.TO_ADJUDICATE:
        st.html(f'<div class="cv-place">Adjudication. {age_and_sex(case.age, case.sex)}</div>')
        adjudication.decide(store, me, case)
    elif adjudicates and case.status in _DONE:
        st.html(f'<div class="cv-place">{age_and_sex(case.age, case.sex)}</div>')
        adjudication.sign(store, me, case)
    else:
        st.html(f'<div class="cv-place">{_place(store, me, case, read)}<br>{age_and_sex(case.age, case.sex)}</div>')
        if read is not None:
            show_after_commit(store, me, read, revealed)
            if revealed is not None and read.revised_level is not None:
                _after_the_answer(store, me, case)
        elif not may(me, Role.READER):
            st.write("You may not read cases: an administrator of the review gives roles.")
        else:
            read_form(store, me, case.id)
            _warn_unblinded(store, me, case.id)
    _go(store, me, case, read)


def _after_the_answer(store: Store, me: Reader, case: Case) -> None:
    """Get the next trace ready, and let who may sign do so where the reads agree."""
    following = blind_queue(store, me.name, case.study)
    if following is not None:
        prepare_ahead(store, following.id)
    if case.status in _DONE and may(me, Role.ADJUDICATOR):
        with st.expander("Sign off" if case.status is CaseStatus.SETTLED else "Signed off"):
            adjudication.sign(store, me, case)


def _warn_unblinded(store: Store, me: Reader, case_id: str) -> None:
    if has_seen_case(store, case_id, me.name):
        st.caption("You have seen a grade of this ECG before: your read will be marked as unblinded.")


def _place(store: Store, me: Reader, case: Case, read: Read | None) -> str:
    """Say where the reader is in the queue, such as 'Case 12 of 86, 74 left'."""
    so_far = progress(store, me.name, case.study)
    return f"{so_far.read} read, {so_far.waiting} left" if read is not None else place_words(so_far)


def _go(store: Store, me: Reader, case: Case, read: Read | None) -> None:
    """Show previous, skip and next."""
    with st.container(key="case_steps", horizontal=True, gap="xsmall"):
        previous = st.button("Previous", key=PREVIOUS_KEY, shortcut="P", disabled=_before(case.id) is None)
        reads = read is None and may(me, Role.READER) and case.status not in (*_DONE, CaseStatus.TO_ADJUDICATE)
        skipped = st.button("Skip", key=SKIP_KEY, shortcut="S", disabled=not reads)
        following = st.button("Next", key=NEXT_KEY, shortcut="N")
        back = st.button("Back", key=BACK_KEY, shortcut="B", help="To the worklist, where you left it.")
    if back:
        review_state().failure = None
        st.switch_page(WORKLIST_PAGE, query_params=review_state().worklist_address)
    if previous:
        _open(_before(case.id))
    if skipped:
        skip(store, case.id, me.name)
        _open(_next_blind(store, me, case.study))
    if following:
        _open(_after(store, me, case, read))


def _remember(store: Store, me: Reader, case_id: str) -> None:
    state = review_state()
    if not state.history:
        state.history = [each.case_id for each in reversed(reads_by(store, me.name))]
    if case_id not in state.history:
        state.history.append(case_id)
        state.failure = None
    if case_id not in state.opened:
        log_case_opened(store, case_id, me.name)
        state.opened.add(case_id)


def _before(case_id: str) -> str | None:
    history = review_state().history
    place = history.index(case_id)
    return history[place - 1] if place > 0 else None


def _after(store: Store, me: Reader, case: Case, read: Read | None) -> str | None:
    history = review_state().history
    place = history.index(case.id) + 1
    if place < len(history):
        return history[place]
    if read is None and may(me, Role.ADJUDICATOR) and case.status in (*_DONE, CaseStatus.TO_ADJUDICATE):
        return adjudication.next_in_queue(store, me, case.id)
    next_case = _next_blind(store, me, case.study)
    if next_case == case.id:
        raise ReviewError("This case is not read yet.", "Save your read, or skip the case (S).")
    return next_case


def _next_blind(store: Store, me: Reader, study: str) -> str | None:
    if not any(each.name == study for each in list_studies(store)):
        return None
    case_id = blind_queue(store, me.name, study)
    return None if case_id is None else case_id.id


def _open(case_id: str | None) -> None:
    review_state().failure = None
    if case_id is None:
        st.switch_page(WORKLIST_PAGE)
    st.query_params[CASE_PARAMETER] = case_id
    st.rerun()
