"""What the study's owner sees of a case below the trace: label, grade, reads, history; asked for by a click."""

import io
import json
from dataclasses import replace
from datetime import UTC
from functools import partial

import streamlit as st

from cardiov_core.domain import Analysis, Case, Event, Prediction, Quality, Read, Reader, Reason, Window, stored
from cardiov_core.errors import CardioVError
from cardiov_core.review import (
    Store,
    delete_waveform,
    events_of,
    log_cases_seen,
    reads_of,
    sign_offs_of,
)
from cardiov_core.signals import assess_quality, find_findings
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import html_table, plain
from cardiov_core.ui.frame.page import facts, guarded, show_error
from cardiov_core.ui.frame.review_session import ReviewState, review_state
from cardiov_core.ui.review.preload import prepared
from cardiov_core.ui.review.reveal import CONFIDENCE_WORDS, VERDICT_WORDS

SHOW_KEY, DELETE_KEY, DELETE_REASON_KEY = "owner_show", "owner_delete", "owner_delete_reason"
_NETWORK_INPUT_S = 10.0


def owner_part(store: Store, me: Reader, case: Case, *, seen: bool) -> None:
    """Offer label, grade, reads and history of a case; showing them is noted, and makes a later read unblinded."""
    with st.expander("For the study's owner"), guarded():
        if not (seen or case.id in review_state().opened_by_owner):
            st.write("Label, grade, reads and history. Once you have seen them, your own read would be unblinded.")
            st.button("Show them", key=SHOW_KEY, on_click=partial(_show, review_state(), store, me, case))
            return
        facts(_facts(case))
        reads = reads_of(store, case.id)
        if reads:
            heads = ("Reader", "Level", "Confidence", "Kind", "After the reveal", "Verdict", "What decided", "When")
            st.html(html_table(heads, [_read_row(read) for read in reads], caption="Reads"))
        history = ("When", "Who", "What", "Before", "After")
        st.html(html_table(history, [_event_row(event) for event in events_of(store, case.id)], caption="History"))
        _report(store, case)
        if not case.waveform_deleted:
            _offer_deletion(store, me, case)


def _show(state: ReviewState, store: Store, me: Reader, case: Case) -> None:
    try:
        log_cases_seen(store, [case], me.name, where="case")
    except CardioVError as error:
        state.failure = error
    else:
        state.opened_by_owner.add(case.id)


def _facts(case: Case) -> list[tuple[str, str]]:
    number = case.reference.ecg_id
    return [
        ("Record", f"{case.record_id}{f' ({case.reference.dataset} {number})' if number else ''}"),
        ("Study, source", f"{case.study}, {case.source.value}"),
        ("Label", "none" if case.label is None else f"{int(case.label)} {case.label.title}"),
        ("Grader's level", "withheld" if case.level is None else f"{int(case.level)} {case.level.title}"),
        ("Grader", f"{case.model_name}, SHA-256 {case.model_sha256}" if case.model_name else "none"),
        ("Quality", " ".join((f"{case.quality_verdict.value}.", *case.quality_reasons))),
        ("Why it is here", " ".join(case.reasons) or "not stated"),
        ("Status", case.status.value),
        ("Given to", ", ".join(case.assigned_to) or "anybody"),
        ("Came in", f"{case.created_at.astimezone(UTC):%d %b %Y %H:%M} UTC"),
    ]


def _read_row(read: Read) -> tuple[str, ...]:
    revised = "" if read.revised_level is None else f"{'changed to' if read.switched else 'kept'} {read.revised_level}"
    decided = "; ".join(part for part in (", ".join(read.reasons), read.text) if part)
    verdict = "" if read.verdict is None else VERDICT_WORDS[read.verdict]
    when = f"{read.committed_at:%d %b %Y %H:%M} UTC"
    level = f"{int(read.level)} {read.level.title}"
    return read.reader, level, CONFIDENCE_WORDS[read.confidence], read.kind.value, revised, verdict, decided, when


def _event_row(event: Event) -> tuple[str, ...]:
    return (
        f"{event.at:%d %b %Y %H:%M:%S} UTC",
        event.who,
        event.kind.value,
        _words(dict(event.before)),
        _words(dict(event.after)),
    )


def _words(values: dict[str, object]) -> str:
    hidden = ("model", "model_sha256", "probabilities")
    return ", ".join(f"{name} {json.dumps(value)}" for name, value in values.items() if name not in hidden)


def _report(store: Store, case: Case) -> None:
    """Offer the report of a signed case, which says 'confirmed' with the name."""
    signatures = sign_offs_of(store, case.id)
    if not signatures or case.waveform_deleted:
        return
    if case.model_sha256 and case.model_sha256 != resources.predictor(case.model_name).card.sha256:
        st.caption("Other weights graded this case than those in use, so that no report of it can be made here.")
        return
    st.download_button(
        f"Download the report, confirmed by {plain(signatures[-1].by)} (PDF)",
        key="owner_report",
        data=partial(confirmed_report, store, case),
        file_name=f"{case.record_id}-cardiov.pdf",
        mime="application/pdf",
        on_click="ignore",
    )


def confirmed_report(store: Store, case: Case) -> bytes:
    """Return a signed case's report as PDF, with the grade that the case came with."""
    from cardiov_core.reporting import write_pdf

    loaded = prepared(store, case.id)
    record = replace(loaded.record, record_id=case.record_id)
    quality = assess_quality(record)
    analysis = Analysis(
        record,
        quality,
        _prediction(case, record.duration_s),
        withheld=_withheld(case, quality),
        measurements=loaded.measured,
        findings=find_findings(record, loaded.measured, quality),
    )
    last = sign_offs_of(store, case.id)[-1]
    buffer = io.BytesIO()
    write_pdf(analysis, resources.predictor(case.model_name).card, buffer, sign_off=last)
    return buffer.getvalue()


def _withheld(case: Case, quality: Quality) -> tuple[Reason, ...]:
    if case.level is not None:
        return ()
    return stored(case.quality_reasons) or quality.reasons


def _prediction(case: Case, duration_s: float) -> Prediction | None:
    if case.level is None or case.probabilities is None or case.exceedance is None:
        return None
    no, low, medium, high = case.probabilities
    above_no, above_low, above_medium = case.exceedance
    return Prediction(
        severity=case.level,
        probabilities=(no, low, medium, high),
        exceedance=(above_no, above_low, above_medium),
        rank_violation=case.rank_violation,
        model_name=case.model_name,
        model_sha256=case.model_sha256,
        window=Window(0.0, min(duration_s, _NETWORK_INPUT_S)),
        out_of_fold=case.out_of_fold,
        prediction_set=case.prediction_set,
    )


def _offer_deletion(store: Store, me: Reader, case: Case) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input(
            "Delete the waveform for good: why", key=f"{DELETE_REASON_KEY}_{case.id}", width=420, max_chars=400
        )
        wanted = st.button("Delete the waveform", key=DELETE_KEY, disabled=not reason.strip())
    if wanted:
        try:
            delete_waveform(store, case.id, me.name, reason)
        except CardioVError as error:
            show_error(error)
        else:
            st.rerun()
