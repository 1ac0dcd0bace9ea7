"""The tab that puts another ECG of the same patient beside the open one, and says what changed."""

from dataclasses import dataclass, replace
from html import escape

import streamlit as st

from cardiov_core.comparison import (
    Identity,
    SerialComparison,
    came_before,
    check_identity,
    compare_ecgs,
    recorded_first,
)
from cardiov_core.domain import Analysis, EcgRecord
from cardiov_core.reporting import (
    LEAD_CHANGE_HEADS,
    SHOWN_BY_DEFAULT,
    WINDOW_S,
    ComparedRow,
    EcgDrawing,
    PaperOptions,
    age_and_sex,
    compared_rows,
    ecg_drawing,
    identity_words,
    interval_words,
    lead_change_rows,
    lead_gap_words,
    recording_time,
    summary_words,
)
from cardiov_core.ui.analyze.earlier import choose_other
from cardiov_core.ui.analyze.findings import quality_chip
from cardiov_core.ui.analyze.log import note_grade_shown
from cardiov_core.ui.analyze.result import analysis_of, analysis_of_other
from cardiov_core.ui.frame.html import bullet_list, html_table, plain
from cardiov_core.ui.frame.page import box, dark_theme, show_error
from cardiov_core.ui.frame.session import Case, Key, Session, session
from cardiov_core.ui.frame.styles import level_shape
from cardiov_core.ui.trace.paper import draw_paper

_HEADS = ("What", "Earlier", "Later", "Difference", "Outcome")
_QUESTIONS: dict[Identity, str] = {
    "contradicting": "The two ECGs contradict each other on whose they are. Do they belong to one patient?",
    "cannot be checked": "Whether both ECGs belong to one patient cannot be checked. Do they?",
}


@dataclass(frozen=True)
class _Side:
    """One of the two ECGs."""

    case: Case
    analysis: Analysis


def compare_tab(case: Case, paper: PaperOptions) -> None:
    """Ask for another ECG of the patient and compare the two."""
    current = session()
    choose_other(current, case)
    if current.other_failure is not None:
        show_error(current.other_failure)
    other = current.other
    if other is None:
        return
    if other.fingerprint == case.fingerprint:
        st.warning("Both are the same recording: there is nothing to compare.")
        return
    if not _one_patient(current, case.record, other.record):
        return
    earlier = _earlier(case, other)
    if earlier is None:
        return
    open_side, other_side = _Side(case, analysis_of(case)), _Side(other, analysis_of_other(other))
    # Who sees this level and reads that ECG later, reads it unblinded.
    note_grade_shown(other, other_side.analysis)
    sides = (other_side, open_side) if earlier is other else (open_side, other_side)
    _show(*sides, paper)


def _one_patient(current: Session, first: EcgRecord, second: EcgRecord) -> bool:
    """Ask where the records do not prove to be of one patient; never a guess."""
    check = check_identity(first, second)
    if check.identity == "same patient":
        return True
    reasons = identity_words(check, first, second)
    if current.same_patient:
        st.caption(f"Compared on the reader's word that both are of one patient. {' '.join(reasons)}")
        return True
    box(_QUESTIONS[check.identity], reasons, calm=True)

    def _confirm() -> None:
        current.same_patient = True

    st.button("Yes, compare them", key=Key.SAME_PATIENT, on_click=_confirm)
    return False


def _earlier(case: Case, other: Case) -> Case | None:
    """Return the earlier of the two; where the times do not say it, the reader does."""
    first = recorded_first(case.record, other.record)
    if first is not None:
        return case if first is case.record else other
    for one, then in ((other, case), (case, other)):
        if one.known_since is not None and came_before(then.record.recorded_at, one.known_since):
            return one
    st.write("The times of recording do not tell which ECG is the earlier one.")
    choices = (other, case)
    chosen = st.radio(
        "Which is the earlier ECG?",
        range(2),
        index=None,
        format_func=lambda i: f"{choices[i].title}, recorded {recording_time(choices[i].record)}",
        key=f"{Key.EARLIER_CHOICE}_{other.fingerprint}",
    )
    return None if chosen is None else choices[chosen]


def _show(earlier: _Side, later: _Side, paper: PaperOptions) -> None:
    """Say what changed, show both traces on one scale, and list what was compared."""
    comparison = compare_ecgs(earlier.analysis, later.analysis)
    st.html(f'<div class="cv-serial">{bullet_list(summary_words(comparison))}</div>')
    shown_s = min(WINDOW_S, max(side.case.record.duration_s for side in (earlier, later)))
    times = (earlier.case.record.recorded_at, later.case.record.recorded_at)
    apart = f" (after {interval_words(times[0], times[1])})" if times[0] and times[1] else ""
    columns = st.columns(2)
    for column, side, title, key in zip(
        columns, (earlier, later), ("Earlier", f"Later{apart}"), (Key.TRACE_EARLIER, Key.TRACE_LATER), strict=True
    ):
        with column, st.container(key=f"half_{key}"):
            st.html(_head(title, side))
            drawing = _trace(side, paper, shown_s)
            draw_paper(drawing, key=key, alternative=f"{title} ECG {side.case.title}")
    by_lead = html_table(LEAD_CHANGE_HEADS, lead_change_rows(comparison), columns="tnnn", narrow=True)
    st.html(f'<div class="cv-fit">{by_lead}</div>')
    gaps = lead_gap_words(comparison)
    if gaps:
        st.caption("  \n".join(plain(words) for words in gaps))
    _show_items(comparison)


def _show_items(comparison: SerialComparison) -> None:
    """List what is new, gone and changed; what is unchanged or not compared is folded."""
    changed = compared_rows(comparison, *SHOWN_BY_DEFAULT)
    # The table above has the leads side by side; their limits are here for who wants them.
    whole, by_lead = [row for row in changed if not row.lead], [row for row in changed if row.lead]
    if whole:
        st.html(html_table(_HEADS, [_cells(row) for row in whole]))
    for title, rows in (
        ("Changed in single leads", by_lead),
        ("Not compared", compared_rows(comparison, "not compared")),
        ("Unchanged", compared_rows(comparison, "unchanged")),
    ):
        if rows:
            with st.expander(f"{title} ({len(rows)})"):
                st.html(html_table(_HEADS, [_cells(row) for row in rows]))
    st.caption(
        "A difference is a change where it is larger than ECGs of one person differ by without one: measured on the "
        "halves of single records and on ECGs a few days apart. It says nothing of the reason."
    )


def _cells(row: ComparedRow) -> tuple[str, str, str, str, str]:
    return row.name, row.earlier, row.later, row.change, row.outcome


def _trace(side: _Side, paper: PaperOptions, shown_s: float) -> EcgDrawing:
    prediction = side.analysis.prediction
    start_s = prediction.window.start_s if prediction is not None else 0.0
    return ecg_drawing(
        side.case.record,
        replace(paper, start_s=start_s),
        dark=dark_theme(),
        boundaries=side.analysis.measurements,
        paper_s=shown_s,
    )


def _head(title: str, side: _Side) -> str:
    record, prediction = side.case.record, side.analysis.prediction
    level = (
        f'<span class="cv-inline">{level_shape(prediction.severity)} Level {int(prediction.severity)}</span>'
        if prediction is not None
        else "<span>Level withheld</span>"
    )
    return (
        f'<div class="cv-side"><b>{escape(title)}:</b> {escape(side.case.title)}<br>'
        f"{escape(age_and_sex(record.age, record.sex))}, recorded {escape(recording_time(record))}<br>"
        f"{level} {quality_chip(side.analysis.quality)}</div>"
    )
