"""The tab that puts an earlier ECG of the same patient beside the open one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from html import escape

import streamlit as st

from cardiov_core.domain import Analysis, EcgRecord
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_uploads
from cardiov_core.reporting import PaperOptions, ecg_figure
from cardiov_core.reporting.trace.sheet import WINDOW_S
from cardiov_core.reporting.words.comparison import Identity, changes, check_identity, interval_words, recorded_first
from cardiov_core.reporting.words.record import age_and_sex, recording_time
from cardiov_core.ui.analyze.result import analysis_of, analysis_of_other
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import html_table, quality_chip
from cardiov_core.ui.frame.page import box, dark_theme, show_error
from cardiov_core.ui.frame.session import Case, Key, Origin, Session, session
from cardiov_core.ui.frame.styles import level_shape

_HALF_WIDTH_PX = 590.0
_HEADS = ("Measurement", "Earlier", "Later", "Difference")
_QUESTIONS: dict[Identity, str] = {
    "contradicting": "The two ECGs contradict each other on whose they are. Do they belong to one patient?",
    "cannot be checked": "Whether both ECGs belong to one patient cannot be checked. Do they?",
}
_CHART_CONFIG = {"displaylogo": False, "scrollZoom": False}


@dataclass(frozen=True)
class _Candidate:
    """A record that can be put beside the open one: what it is called, and how it is opened."""

    description: str
    load: Callable[[], Case]


@dataclass(frozen=True)
class _Side:
    """One of the two ECGs."""

    case: Case
    analysis: Analysis


def compare_tab(case: Case, paper: PaperOptions, *, waves: bool) -> None:
    """Ask for another ECG of the patient and compare the two."""
    current = session()
    _choose(current, case)
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
    sides = (other_side, open_side) if earlier is other else (open_side, other_side)
    _show(*sides, paper, waves=waves)


def _choose(current: Session, case: Case) -> None:
    """Offer records that lie at hand, and a drop zone for others."""
    candidates = _candidates(current, case)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        key = f"{Key.EARLIER_DROP}_{current.n_other_uploads}"
        st.file_uploader(
            "Add an earlier or later ECG of the same patient",
            accept_multiple_files=True,
            key=key,
            on_change=partial(_receive, current, key),
        )
    for upload in current.other_uploads:
        if upload.error is not None:
            show_error(upload.error, prefix=upload.name)
    if not candidates:
        return

    def _open() -> None:
        chosen = st.session_state[Key.EARLIER]
        current.compare_with(None)
        if chosen is None:
            return
        try:
            current.compare_with(candidates[chosen].load())
        except CardioVError as error:
            current.other_failure = error

    with right:
        st.selectbox(
            "Or one that lies at hand" if not current.other_uploads else "ECG to compare with",
            range(len(candidates)),
            index=None,
            format_func=lambda i: candidates[i].description,
            key=Key.EARLIER,
            on_change=_open,
            placeholder="Choose an ECG",
        )


def _candidates(current: Session, case: Case) -> list[_Candidate]:
    """Return what was dropped here, the other records of the open upload, and PTB-XL's of the same patient."""
    uploads = [*current.other_uploads, *current.uploads]
    candidates = [
        _Candidate(_describe(upload.name, upload.record), partial(Case, upload.record, Origin.UPLOAD, upload.name))
        for upload in uploads
        if upload.record is not None and upload.record is not case.record
    ]
    dataset = resources.ptbxl() if case.origin is Origin.PTB_XL else None
    if dataset is None or case.record.patient_id is None:
        return candidates
    table = dataset.table
    same = table.index[(table["patient_id"] == float(case.record.patient_id))]
    for ecg_id in (int(each) for each in same):
        title = f"PTB-XL {ecg_id:05d}"
        if title != case.title:

            def _load(ecg_id: int = ecg_id, title: str = title) -> Case:
                record = dataset.record(ecg_id, sampling_rate_hz=500)
                return Case(record, Origin.PTB_XL, title, dataset.label(ecg_id))

            recorded = str(table.loc[ecg_id]["recording_date"])
            candidates.append(_Candidate(f"{title}, same patient, recorded {recorded}", _load))
    return candidates


def _describe(name: str, record: EcgRecord) -> str:
    patient = f", patient {record.patient_id}" if record.patient_id else ""
    return f"{name} ({age_and_sex(record.age, record.sex)}{patient}, recorded {recording_time(record)})"


def _receive(current: Session, key: str) -> None:
    """Read dropped files; a single record is taken at once, several are offered for choice."""
    files = st.session_state[key]
    if not files:
        return
    current.compare_with(None)
    current.other_uploads = read_uploads(tuple((file.name, file.getvalue()) for file in files))
    current.n_other_uploads += 1
    st.session_state[Key.EARLIER] = None
    records = [(upload.name, upload.record) for upload in current.other_uploads if upload.record is not None]
    if len(records) == 1:
        name, record = records[0]
        current.compare_with(Case(record, Origin.UPLOAD, name))


def _one_patient(current: Session, first: EcgRecord, second: EcgRecord) -> bool:
    """Ask where the records do not prove to be of one patient; never a guess."""
    check = check_identity(first, second)
    if check.identity == "same patient":
        return True
    if current.same_patient:
        st.caption(f"Compared on the reader's word that both are of one patient. {' '.join(check.reasons)}")
        return True
    box(_QUESTIONS[check.identity], check.reasons, calm=True)

    def _confirm() -> None:
        current.same_patient = True

    st.button("Yes, compare them", key=Key.SAME_PATIENT, on_click=_confirm)
    return False


def _earlier(case: Case, other: Case) -> Case | None:
    """Return the earlier of the two; where the times do not say it, the reader does."""
    first = recorded_first(case.record, other.record)
    if first is not None:
        return case if first is case.record else other
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


def _show(earlier: _Side, later: _Side, paper: PaperOptions, *, waves: bool) -> None:
    """Show both traces on one scale, and what changed."""
    shown_s = min(WINDOW_S, max(side.case.record.duration_s for side in (earlier, later)))
    times = (earlier.case.record.recorded_at, later.case.record.recorded_at)
    apart = f" (after {interval_words(times[0], times[1])})" if times[0] and times[1] else ""
    columns = st.columns(2)
    for column, side, title, key in zip(
        columns, (earlier, later), ("Earlier", f"Later{apart}"), (Key.TRACE_EARLIER, Key.TRACE_LATER), strict=True
    ):
        with column, st.container(key=f"half_{key}"):
            st.html(_head(title, side))
            st.plotly_chart(
                _trace(side, paper, shown_s, waves=waves),
                key=key,
                theme=None,
                config=_CHART_CONFIG,
                alt=f"{title} ECG {side.case.title}",
            )
    before, after = earlier.analysis.measurements, later.analysis.measurements
    if before is None or after is None:
        st.write("One of the ECGs could not be measured: there are no differences to show.")
        return
    rows = [(change.name, change.earlier, change.now, change.difference) for change in changes(before, after)]
    st.html(html_table(_HEADS, rows))
    st.caption("Difference: later minus earlier, of the numbers on show; axes the shorter way round.")


def _trace(side: _Side, paper: PaperOptions, shown_s: float, *, waves: bool) -> object:
    prediction = side.analysis.prediction
    start_s = prediction.window.start_s if prediction is not None else 0.0
    return ecg_figure(
        side.case.record,
        replace(paper, start_s=start_s),
        dark=dark_theme(),
        boundaries=side.analysis.measurements if waves else None,
        width_px=_HALF_WIDTH_PX,
        paper_s=shown_s,
    )


def _head(title: str, side: _Side) -> str:
    record, prediction = side.case.record, side.analysis.prediction
    level = (
        f'<span class="cv-inline">{level_shape(prediction.severity)} {prediction.severity.title}</span>'
        if prediction is not None
        else "<span>Level withheld</span>"
    )
    return (
        f'<div class="cv-side"><b>{escape(title)}:</b> {escape(side.case.title)}<br>'
        f"{escape(age_and_sex(record.age, record.sex))}, recorded {escape(recording_time(record))}<br>"
        f"{level} {quality_chip(side.analysis.quality)}</div>"
    )
