"""The address of the open ECG: a reload shows it again, and a sample's address can be passed on."""

from typing import TYPE_CHECKING

import streamlit as st

from cardiov_core.datasets import CONDITIONS, generate
from cardiov_core.errors import CardioVError
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.navigation import began_at_analyze
from cardiov_core.ui.frame.session import Case, Origin, Session, recall_session, session

if TYPE_CHECKING:
    # The first screen is drawn before this room is loaded.
    from cardiov_core.datasets import PtbXl

PARAMETER = "ecg"
"""Names the open ECG in the address of the Analyse page: a sample, a record of PTB-XL, or a fingerprint."""

_TOLD_KEY = "cardiov_told_address"
_SAMPLE, _PTB_XL = "sample-", "ptb-xl-"


def open_addressed() -> None:
    """Open the ECG that the address names, unless the page itself put it there."""
    asked, written = st.query_params.get(PARAMETER), st.session_state.get(_TOLD_KEY)
    fresh = _TOLD_KEY not in st.session_state
    if fresh and asked is None and began_at_analyze() and not session().unread:
        # Who comes to the first page without an address wants to open something; a file dropped meanwhile is that.
        session().close()
    if asked is None or asked == written or asked == _address(session().case):
        return
    try:
        _open(session(), asked)
    except CardioVError as error:
        session().failure = error


def arrived() -> None:
    """Note that the first screen is reached: what is opened from now on was not left open before."""
    st.session_state.setdefault(_TOLD_KEY, None)


def show_address() -> None:
    """Put the open ECG into the address; nothing there where none is open."""
    address = _address(session().case)
    st.session_state[_TOLD_KEY] = address
    if address is None:
        st.query_params.pop(PARAMETER, None)
    elif st.query_params.get(PARAMETER) != address:
        st.query_params[PARAMETER] = address


def open_sample(current: Session, key: str) -> None:
    """Open a synthetic sample.

    `key`: of `CONDITIONS`.
    """
    condition = CONDITIONS[key]
    current.close()
    current.open(Case(generate(key), Origin.SYNTHETIC, f"{condition.title} (synthetic)", address=f"{_SAMPLE}{key}"))


def open_ptbxl(current: Session, dataset: "PtbXl | None", ecg_id: int) -> None:
    """Open a record of PTB-XL; where it cannot be read, the page says why."""
    current.close()
    if dataset is None:
        return
    try:
        record, label = dataset.record(ecg_id, sampling_rate_hz=500), dataset.label(ecg_id)
    except CardioVError as error:
        current.failure = error
        return
    current.open(Case(record, Origin.PTB_XL, f"PTB-XL {ecg_id:05d}", label, address=f"{_PTB_XL}{ecg_id}"))


def _open(current: Session, asked: str) -> None:
    number = asked.removeprefix(_PTB_XL)
    if asked.removeprefix(_SAMPLE) in CONDITIONS and asked.startswith(_SAMPLE):
        open_sample(current, asked.removeprefix(_SAMPLE))
    elif asked.startswith(_PTB_XL) and number.isdecimal():
        open_ptbxl(current, resources.ptbxl(), int(number))
    elif not recall_session(lambda known: _address(known.case) == asked):
        current.close()
        current.failure = CardioVError(
            "This address is of an ECG that is not open here any more.", "Open its file again."
        )


def _address(case: Case | None) -> str | None:
    if case is None:
        return None
    return case.address or case.fingerprint
