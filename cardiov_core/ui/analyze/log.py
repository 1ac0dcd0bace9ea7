"""The Log tab of the Analyse page, and the audit's note of every grade that the page shows."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from cardiov_core.domain import Analysis, CaseReference, CaseSource, Reader, Severity
from cardiov_core.errors import CardioVError
from cardiov_core.inference import disagreement_of
from cardiov_core.review import NewCase, ShownGrade, Store, log_grades_shown, log_opinion, put_case
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.navigation import WORKLIST_PAGE
from cardiov_core.ui.frame.page import guarded, show_error
from cardiov_core.ui.frame.review_session import ReviewState, ShownKey, review_state
from cardiov_core.ui.frame.session import Case, Key, Origin
from cardiov_core.ui.review.reader import ask_reader, current_reader

AGREE_KEY, DISAGREE_KEY, SEND_KEY = "log_agree", "log_disagree", "log_send"
REASON_KEY, LEVEL_KEY = "log_reason", "log_level"
NOBODY = "(no name given)"
"""Who saw a grade before anybody gave a name."""

STORED = (
    "A copy of the waveform goes into the review's database, with age, sex, the file's name without its ending, the "
    "level, what the other graders say, and your name as the sender's. Nothing else of the patient goes there. "
    "Until you send it, the database holds no more of this ECG than the audit's note that a level was shown."
)
"""What sending an ECG to the review stores; said before the click."""

_MAX_REASON = 1000
_logger = logging.getLogger(__name__)


def note_grade_shown(case: Case, analysis: Analysis) -> None:
    """Enter in the audit that this grade was shown, once per session and grade; say so where that fails."""
    state = review_state()
    grade = None if _key(case, analysis) in state.shown else ShownGrade.of(analysis)
    if grade is not None and note_grades([grade]):
        # Signing in may just have begun another state.
        review_state().shown.add(_key(case, analysis))


def note_grades(shown: Sequence[ShownGrade], *, where: str = "") -> bool:
    """Enter grades in the audit as shown; say so on the page where that fails, and return whether it was done.

    `where`: 'batch' for the list of a batch.
    """
    try:
        store = resources.review_store()
        me = current_reader(store)
        log_grades_shown(store, shown, NOBODY if me is None else me.name, where=where)
    except CardioVError as error:
        _logger.warning("A grade was shown without a note in the audit: %s", type(error).__name__)
        st.warning(f"The audit could not note that this level was shown. {plain(error.message)}")
        return False
    if me is None:
        review_state().unnamed.extend(shown)
    return True


def offer_queue(case: Case, analysis: Analysis) -> None:
    """Offer the way to the review queue, where graders differ."""
    sent = review_state().opinions.get(_queue_key(case))
    if sent:
        st.markdown(plain(sent))
        return
    offer = st.expander("Send to the review queue", key=Key.QUEUE, on_change="rerun")
    if not offer.open:
        return
    with offer, guarded():
        store = resources.review_store()
        me = current_reader(store)
        st.write(STORED)
        if me is None:
            ask_reader(store, "Who sends it?", place="_queue")
            return
        failure = review_state().failure
        if failure is not None:
            show_error(failure)
        st.button(
            "Send it now",
            key=Key.QUEUE_SEND,
            type="primary",
            on_click=partial(_send, review_state(), store, me, case, analysis),
        )


def log_tab(case: Case, analysis: Analysis) -> None:
    """Show agree, disagree and send to review."""
    store = resources.review_store()
    me = current_reader(store)
    if me is None:
        ask_reader(store, "Agree or disagree with this level, or send the ECG to review. Who are you?")
        return
    state = review_state()
    if state.disagreement_wanted is not None:
        _disagree(state, store, me, case, analysis)
    if state.failure is not None:
        show_error(state.failure)
    noted = state.opinions.get(_key(case, analysis))
    if noted:
        st.success(plain(noted))
    if analysis.prediction is None:
        st.write("The level is withheld, so there is nothing to agree with. The ECG can be sent to review.")
    else:
        _opinion(state, store, me, case, analysis, analysis.prediction.severity)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Send to review",
            key=SEND_KEY,
            on_click=partial(_send, state, store, me, case, analysis),
            help=STORED,
        )
        st.page_link(WORKLIST_PAGE, label="Open the worklist")
    st.caption("You have seen the level of this ECG: your own read of it will be marked as unblinded.")


def _opinion(state: ReviewState, store: Store, me: Reader, case: Case, analysis: Analysis, level: Severity) -> None:
    st.button(
        f"Agree with {level.numbered}",
        key=AGREE_KEY,
        type="primary",
        on_click=partial(_give, state, store, me, case, analysis),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Or: why you disagree", key=REASON_KEY, max_chars=_MAX_REASON, width=420, placeholder="Your reason"
        )
        st.selectbox(
            "Your level (optional)",
            [other for other in Severity if other is not level],
            index=None,
            format_func=lambda other: f"{int(other)} {other.title}",
            key=LEVEL_KEY,
            width=190,
        )
        st.button("Disagree", key=DISAGREE_KEY, on_click=partial(_want_disagreement, state, case, analysis))


# The callbacks take the session's state along, and what was typed is read by the page: to look into the session when
# another click comes at the same moment would end a callback, and the opinion would be lost without a word.
def _want_disagreement(state: ReviewState, case: Case, analysis: Analysis) -> None:
    state.disagreement_wanted = _key(case, analysis)


def _disagree(state: ReviewState, store: Store, me: Reader, case: Case, analysis: Analysis) -> None:
    """Log the disagreement that was asked for with what its fields say, before they are drawn."""
    own, reason = st.session_state.get(LEVEL_KEY), str(st.session_state.get(REASON_KEY) or "")
    wanted, state.disagreement_wanted = state.disagreement_wanted, None
    if wanted != _key(case, analysis):
        return
    _give(state, store, me, case, analysis, agree=False, own=own, reason=reason)
    if state.failure is None:
        # What was typed stays in its fields where it could not be logged.
        st.session_state[REASON_KEY], st.session_state[LEVEL_KEY] = "", None


def _give(
    state: ReviewState,
    store: Store,
    me: Reader,
    case: Case,
    analysis: Analysis,
    *,
    agree: bool = True,
    own: Severity | None = None,
    reason: str = "",
) -> None:
    state.failure = None
    try:
        log_opinion(store, analysis, agree=agree, by=me.name, level=own, reason=reason)
    except CardioVError as error:
        state.failure = error
        return
    done = "agreed" if agree else f"disagreed: {reason.strip()}"
    state.opinions[_key(case, analysis)] = f"Logged at {datetime.now(UTC):%H:%M} UTC: {me.name} {done}"


def _send(state: ReviewState, store: Store, me: Reader, case: Case, analysis: Analysis) -> None:
    state.failure = None
    try:
        sent = NewCase(
            case.record,
            analysis.prediction,
            analysis.quality,
            CaseSource.ANALYZE,
            label=case.cardiologist,
            reference=_reference(case),
            reasons=(f"Sent from the Analyse page by {me.name}.",),
            disagreement=disagreement_of(analysis.panel),
        )
        case_id, new = put_case(store, sent, me.name)
    except CardioVError as error:
        state.failure = error
        return
    sentence = (
        f"Sent to review at {datetime.now(UTC):%H:%M} UTC as case {case_id}."
        if new
        else f"Was in the review queue already, as case {case_id}."
    )
    state.opinions[_key(case, analysis)] = state.opinions[_queue_key(case)] = sentence


def _reference(case: Case) -> CaseReference:
    """Return where a sample was found; an upload's place is on the reader's own computer."""
    if case.origin is not Origin.PTB_XL:
        return CaseReference()
    number = case.record.record_id.split("_")[0].lstrip("0")
    return CaseReference("ptb-xl", number if number.isdecimal() else "", "")


def _queue_key(case: Case) -> ShownKey:
    """Return the key of what was said of sending a record, whoever's level is on show."""
    return case.fingerprint, "", -1.0


def _key(case: Case, analysis: Analysis) -> ShownKey:
    prediction = analysis.prediction
    return case.fingerprint, prediction.model_name if prediction else "", prediction.window.start_s if prediction else 0
