"""Where readers differ: the queue, the decision with its reason and confirmation, the signature and its amendments."""

from collections.abc import Callable
from functools import partial
from html import escape

import streamlit as st

from cardiov_core.domain import Case, CaseStatus, Read, Reader, ReadKind, Severity
from cardiov_core.errors import CardioVError
from cardiov_core.reporting import LEVEL_STYLES
from cardiov_core.review import (
    Store,
    adjudicate,
    adjudication_of,
    adjudication_queue,
    amend,
    reads_of,
    sign_off,
    sign_offs_of,
)
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import ReviewState, review_state
from cardiov_core.ui.review.form import level_button
from cardiov_core.ui.review.reveal import CONFIDENCE_WORDS, level_row
from cardiov_core.ui.sign_in.idle_clock import fragment

SETTLE_KEY, SURE_KEY, REASON_KEY = "settle", "settle_sure", "settle_reason"
SIGN_KEY, COMMENT_KEY, SIGN_LEVEL_KEY = "sign_off", "sign_comment", "sign_level"
INDETERMINATE_KEY = "settle_indeterminate"
_MAX_TEXT = 2000


def next_in_queue(store: Store, me: Reader, after: str | None = None) -> str | None:
    """Return the case that this adjudicator decides next, wider gaps first; None where none is left."""
    waiting = [case.id for case in adjudication_queue(store, me.name)]
    if after in waiting:
        waiting = waiting[waiting.index(after) + 1 :]
    return waiting[0] if waiting else None


@fragment
def decide(store: Store, me: Reader, case: Case) -> None:
    """Show the reads of a case and take the adjudicator's decision."""
    state = review_state()
    _show_reads(reads_of(store, case.id))
    form = f"settle_{case.id}"
    for level in Severity:
        level_button(
            level, "settle", form in state.notes and state.notes[form] is level, partial(_choose, state, form, level)
        )
    st.button(
        "Indeterminate",
        key=INDETERMINATE_KEY,
        shortcut="I",
        width="stretch",
        type="primary" if form in state.notes and state.notes[form] is None else "secondary",
        on_click=partial(_choose, state, form, None),
    )
    reason = st.text_area("Reason", key=f"{REASON_KEY}_{case.id}", height=68, max_chars=_MAX_TEXT)
    sure = st.checkbox("I decide this case for good", key=f"{SURE_KEY}_{case.id}")
    complete = form in state.notes and sure and reason.strip()
    if st.button("Settle", key=SETTLE_KEY, type="primary", width="stretch", disabled=not complete) and _done(
        partial(adjudicate, store, case.id, me.name, state.notes.get(form), reason)
    ):
        state.notes.pop(form)
        st.rerun()
    if not complete:
        st.caption("Needs a level or 'indeterminate', a reason and your confirmation. It cannot be taken back.")
    if state.failure is not None:
        show_error(state.failure)


@fragment
def sign(store: Store, me: Reader, case: Case) -> None:
    """Show what a settled case came to, and take a signature or an amendment."""
    state = review_state()
    st.html(f'<div class="cv-reveal">{level_row("Settled level", case.decision, "indeterminate")}</div>')
    decision = adjudication_of(store, case.id)
    if decision is not None:
        st.caption(plain(f"Adjudicated by {decision.by}, {decision.at:%d %b %Y %H:%M} UTC: {decision.reason}"))
    else:
        st.caption("The reads agree.")
    signatures = sign_offs_of(store, case.id)
    for each in signatures:
        verb = "Amended" if each.amends else "Signed off"
        words = f"{verb} by {each.by}, {each.at:%d %b %Y %H:%M} UTC: {int(each.level)} {each.level.title.lower()}"
        st.caption(plain(f"{words}. {each.comment}"))
    amends = case.status is CaseStatus.SIGNED_OFF
    level = st.selectbox(
        "Level",
        list(Severity),
        index=None if case.decision is None else int(case.decision),
        format_func=lambda one: f"{int(one)} {LEVEL_STYLES[one].symbol} {one.title}",
        key=f"{SIGN_LEVEL_KEY}_{case.id}_{len(signatures)}",
    )
    comment = st.text_area(
        "Why it is amended" if amends else "Comment (optional)",
        key=f"{COMMENT_KEY}_{case.id}_{len(signatures)}",
        height=68,
        max_chars=_MAX_TEXT,
    )
    wanted = st.button(
        f"{'Amend' if amends else 'Sign off'} as {plain(me.name)}",
        key=SIGN_KEY,
        type="primary",
        width="stretch",
        disabled=level is None or (amends and not comment.strip()),
    )
    if wanted and level is not None:
        step = amend if amends else sign_off
        if _done(partial(step, store, case.id, me.name, level, comment)):
            st.rerun()
    if state.failure is not None:
        show_error(state.failure)


def _choose(state: ReviewState, form: str, level: Severity | None) -> None:
    state.notes[form] = level


def _done(step: Callable[[], object]) -> bool:
    """Do a step; where it fails, what was entered stays on the page."""
    state = review_state()
    state.failure = None
    try:
        step()
    except CardioVError as error:
        state.failure = error
        return False
    return True


def _show_reads(reads: tuple[Read, ...]) -> None:
    """Show the reads by number: whose they are is in the audit, and is no argument."""
    rows = []
    for number, read in enumerate(reads, start=1):
        blind = "" if read.kind is ReadKind.BLIND else ", unblinded"
        parts = (f"confidence {CONFIDENCE_WORDS[read.confidence]}{blind}", ", ".join(read.reasons), read.text)
        words = escape("; ".join(part for part in parts if part))
        rows.append(f'{level_row(f"Read {number}", read.level)}<div class="cv-words">{words}</div>')
    st.html(f'<div class="cv-reveal">{"".join(rows)}</div>')
