"""Which other ECGs can be put beside the open one: dropped ones, those at hand, and the patient's own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial

import streamlit as st

from cardiov_core.comparison import of_same_patient
from cardiov_core.domain import EcgRecord, how_many
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_uploads
from cardiov_core.reporting import age_and_sex, recording_time
from cardiov_core.review import KnownEcg, ecgs_of_patient, log_case_opened, store_begun, waveform_of
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.session import Case, Key, Origin, Session
from cardiov_core.ui.review.reader import current_reader


@dataclass(frozen=True)
class _Candidate:
    """A record that can be put beside the open one."""

    description: str  # what it is called
    load: Callable[[], Case]
    same_patient: bool = False  # whether it states the open record's patient


def choose_other(current: Session, case: Case) -> None:
    """Offer records that lie at hand, those of the same patient first, and a drop zone for others."""
    _take_chosen(current)
    candidates = _candidates(current, case)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        files = st.file_uploader(
            "Add an earlier or later ECG of the same patient",
            accept_multiple_files=True,
            key=f"{Key.EARLIER_DROP}_{current.n_other_uploads}",
        )
        if files:
            # Not as a callback: another click or key at the same moment ends one, and the files would be lost.
            _receive(current, tuple((file.name, file.getvalue()) for file in files))
            st.rerun()
    for upload in current.other_uploads:
        if upload.error is not None:
            show_error(upload.error, prefix=upload.name)
    same = sum(candidate.same_patient for candidate in candidates)
    if same:
        st.markdown(f"**{how_many(same, 'other ECG')} of this patient found.**")
    if not candidates:
        return

    def _choose() -> None:
        chosen = entered().get(Key.EARLIER)
        current.compare_with(None)
        current.other_chosen = None if chosen is None else candidates[chosen].load

    with right:
        st.selectbox(
            "Or one opened before" if not current.other_uploads else "ECG to compare with",
            range(len(candidates)),
            index=None,
            format_func=lambda i: candidates[i].description,
            key=Key.EARLIER,
            on_change=_choose,
            placeholder="Choose an ECG",
        )


def _take_chosen(current: Session) -> None:
    """Load the record that was chosen: here and not in a callback, which whatever comes at the same moment may end."""
    if current.other_chosen is None:
        return
    try:
        current.compare_with(current.other_chosen())
    except CardioVError as error:
        current.compare_with(None)
        current.other_failure = error


def _candidates(current: Session, case: Case) -> list[_Candidate]:
    """Return what is at hand: same patient first, then in the order of upload, session, data set and review."""
    candidates = [*_at_hand(current, case), *_of_ptbxl(case), *_of_review(case)]
    return sorted(candidates, key=lambda candidate: not candidate.same_patient)


def _at_hand(current: Session, case: Case) -> Iterator[_Candidate]:
    """Yield what was dropped here, the other records of the upload, and what was open before in this session."""
    cases = [
        Case(upload.record, Origin.UPLOAD, upload.name)
        for upload in (*current.other_uploads, *current.uploads)
        if upload.record is not None and upload.record is not case.record
    ]
    known = {each.fingerprint for each in cases} | {case.fingerprint}
    cases += [before for before in current.opened if before.fingerprint not in known]
    same = of_same_patient(case.record, ((index, each.record) for index, each in enumerate(cases)))
    for index, each in enumerate(cases):
        yield _Candidate(_describe(each.title, each.record), partial(_as_it_is, each), index in same)


def _as_it_is(case: Case) -> Case:
    return case


def _of_ptbxl(case: Case) -> Iterator[_Candidate]:
    dataset = resources.ptbxl() if case.origin is Origin.PTB_XL else None
    if dataset is None or case.record.patient_id is None:
        return
    table = dataset.table
    same = table.index[(table["patient_id"] == float(case.record.patient_id))]
    for ecg_id in (int(each) for each in same):
        title = f"PTB-XL {ecg_id:05d}"
        if title != case.title:

            def _load(ecg_id: int = ecg_id, title: str = title) -> Case:
                record = dataset.record(ecg_id, sampling_rate_hz=500)
                return Case(record, Origin.PTB_XL, title, dataset.label(ecg_id))

            recorded = str(table.loc[ecg_id]["recording_date"])
            yield _Candidate(f"{title}, same patient, recorded {recorded}", _load, same_patient=True)


def _of_review(case: Case) -> Iterator[_Candidate]:
    """Yield the patient's ECGs of the review's database, for readers who gave their name."""
    if case.record.patient_id is None or not store_begun():
        return
    try:
        store = resources.review_store()
        if current_reader(store) is None:
            st.caption("ECGs of this patient in the review are looked for once you have given your name there.")
            return
        known = ecgs_of_patient(store, case.record)
    except CardioVError as error:
        show_error(error, prefix="The review")
        return
    for ecg in known:
        came_in = ecg.came_in_at.astimezone(UTC)
        description = f"Review case {ecg.case_id}, same patient, came in {came_in:%Y-%m-%d %H:%M} UTC"
        yield _Candidate(description, partial(_from_review, ecg, case.record.patient_id), same_patient=True)


def _from_review(ecg: KnownEcg, patient_id: str) -> Case:
    store = resources.review_store()
    record = waveform_of(store, ecg.case_id)
    me = current_reader(store)
    if me is not None:
        log_case_opened(store, ecg.case_id, me.name)
    # The review keeps no patient: the checksum of the id is what the two share.
    known = replace(record, patient_id=patient_id)
    return Case(known, Origin.REVIEW, f"Review case {ecg.case_id}", known_since=ecg.came_in_at)


def _describe(name: str, record: EcgRecord) -> str:
    patient = f", patient {record.patient_id}" if record.patient_id else ""
    return f"{name} ({age_and_sex(record.age, record.sex)}{patient}, recorded {recording_time(record)})"


def _receive(current: Session, files: tuple[tuple[str, bytes], ...]) -> None:
    """Read dropped files; a single record is taken at once, several are offered for choice."""
    current.compare_with(None)
    current.other_uploads = read_uploads(files, apart=True)
    current.n_other_uploads += 1
    st.session_state[Key.EARLIER] = None
    records = [(upload.name, upload.record) for upload in current.other_uploads if upload.record is not None]
    if len(records) == 1:
        name, record = records[0]
        current.compare_with(Case(record, Origin.UPLOAD, name))
