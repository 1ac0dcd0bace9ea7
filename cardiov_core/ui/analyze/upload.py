"""Ways to open a record: drop zone, synthetic samples, real records, and the questions an upload may raise."""

from functools import partial

import streamlit as st

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import EcgRecord
from cardiov_core.errors import MissingMetadataError
from cardiov_core.io import Upload, read_uploads
from cardiov_core.reporting import age_and_sex
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.page import guarded, show_error
from cardiov_core.ui.frame.reading_questions import ask_reading
from cardiov_core.ui.frame.session import Case, Key, Origin, Session, session
from cardiov_core.ui.opening.address import open_ptbxl


def read_pending() -> None:
    """Read files that were just dropped; one record is opened, several raise a question."""
    current = session()
    if not current.unread:
        return
    current.unread = False
    with st.spinner("Reading the files ..."):
        current.uploads = read_uploads(
            current.files, sampling_rate=current.sampling_rate_hz, units=current.units, apart=True
        )
    records = _records(current)
    if len(records) == 1 or _one_stated_patient(records):
        _open_upload(current, records[0])
    elif not records and not any(isinstance(upload.error, MissingMetadataError) for upload in current.uploads):
        current.reopen()
    current.before = None


def show_rejected() -> None:
    """Show one line for each file that could not be read, and ask for what a file does not say."""
    current = session()
    missing: set[str] = set()
    refused = [(upload.name, upload.error) for upload in current.uploads if upload.error is not None]
    if refused:
        # Below its key the paper of an open ECG leaves room for a line.
        with st.container(key="refused"):
            for name, error in refused:
                show_error(error, prefix=name)
    for _, error in refused:
        if isinstance(error, MissingMetadataError):
            missing.update(error.fields)
    if current.failure is not None:
        show_error(current.failure)
    if missing & {"sampling_rate", "units"}:
        _ask_metadata(current, missing)


def ask_which_record() -> None:
    """Ask which record of an upload to open where it holds several; never a guess."""
    current = session()
    records = _records(current)
    if current.case is not None or len(records) < 2:
        return
    patients = {record.patient_id for _, record in records}
    whose = "that do not all say whose they are" if None in patients else f"of {len(patients)} patients"
    st.warning(f"This upload holds {len(records)} records {whose}. Which one do you want to open?")
    chosen = st.radio(
        "Record",
        range(len(records)),
        format_func=lambda i: _describe(*records[i]),
        index=None,
        key=Key.QUESTION,
    )
    st.button(
        "Open record",
        key=Key.OPEN_CHOSEN,
        type="primary",
        disabled=chosen is None,
        on_click=partial(_open_upload, current, records[chosen or 0]),
    )


def switch_record() -> None:
    """Offer the other records of the same upload while one of them is open."""
    current = session()
    records = _records(current)
    if current.case is None or len(records) < 2:
        return
    names = [upload.name for upload, _ in records]

    def _switch() -> None:
        place = entered().get(Key.SWITCH)
        if place is not None:
            _open_upload(current, records[place])

    st.selectbox(
        "Record of this upload",
        range(len(records)),
        index=names.index(current.case.title) if current.case.title in names else 0,
        format_func=lambda i: _describe(*records[i]),
        key=Key.SWITCH,
        on_change=_switch,
        label_visibility="collapsed",
    )


def offer_real_records() -> None:
    """Offer the records of PTB-XL, where it lies on this server."""
    with guarded():
        dataset = resources.ptbxl()
        if dataset is not None:
            _real_records(session(), dataset)


def reread_with_gain(current: Session, case: Case, factor: float) -> None:
    """Open an uploaded record again with a gain factor that the reader confirmed."""
    again = read_uploads(
        current.files,
        sampling_rate=current.sampling_rate_hz,
        units=current.units,
        gain_factor=factor,
        apart=True,
    )
    for upload in again:
        if upload.name == case.title and upload.record is not None:
            current.open(Case(upload.record, case.origin, case.title, case.cardiologist))


def _records(current: Session) -> list[tuple[Upload, EcgRecord]]:
    return [(upload, upload.record) for upload in current.uploads if upload.record is not None]


def _one_stated_patient(records: list[tuple[Upload, EcgRecord]]) -> bool:
    patients = {record.patient_id for _, record in records}
    return len(patients) == 1 and None not in patients


def _open_upload(current: Session, read: tuple[Upload, EcgRecord]) -> None:
    upload, record = read
    current.open(Case(record, Origin.UPLOAD, upload.name))


def _describe(upload: Upload, record: EcgRecord) -> str:
    recorded = f", {record.recorded_at:%d %b %Y}" if record.recorded_at else ""
    patient = f", patient {record.patient_id}" if record.patient_id else ""
    return f"{upload.name} ({age_and_sex(record.age, record.sex)}{patient}{recorded}, {record.duration_s:.0f} s)"


def _ask_metadata(current: Session, missing: set[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rate, units, complete = ask_reading(missing, rate_key=Key.SAMPLING_RATE, units_key=Key.UNITS)

        def _retry() -> None:
            current.sampling_rate_hz = rate or current.sampling_rate_hz
            current.units = units or current.units
            current.unread = True

        st.button("Read again", key=Key.RETRY, type="primary", disabled=not complete, on_click=_retry)


def _real_records(current: Session, dataset: PtbXl) -> None:
    names = _record_names(dataset)

    def _open() -> None:
        chosen = entered().get(Key.REAL_RECORD)
        current.close()
        if chosen is not None:
            open_ptbxl(current, dataset, chosen)

    st.selectbox(
        "Or open a real record of PTB-XL, with its cardiologist's level",
        list(names),
        index=None,
        format_func=names.__getitem__,
        key=Key.REAL_RECORD,
        on_change=_open,
        placeholder="Type a number or a level",
        help="Where a record trained the grader, its level here is the out-of-fold prediction, and the page says so.",
    )


@st.cache_resource(show_spinner=False)
def _record_names(_dataset: PtbXl) -> dict[int, str]:
    """Return the records of the data set of this server by what the page calls them; the table is slow to walk."""
    table = _dataset.table
    names = {}
    for ecg_id, age, sex in zip(map(int, table.index), table["age"], table["sex"], strict=True):
        who = age_and_sex(age, "female" if sex else "male")
        names[ecg_id] = f"PTB-XL {ecg_id:05d} ({who}), cardiologist: level {_dataset.label(ecg_id).numbered}"
    return names
