"""The state of one browser session, typed, under a single key."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from cardiov_core.errors import CardioVError
from cardiov_core.ui.frame.remembered import recalled, remember

if TYPE_CHECKING:
    # The first screen is drawn before these rooms are loaded.
    from cardiov_core.domain import Analysis, Contributions, EcgRecord, Explanation, Severity
    from cardiov_core.inference import Grader
    from cardiov_core.io import Upload
    from cardiov_core.signals import Examination

_SESSION_KEY = "cardiov_session"
_MAX_OPENED = 20
"""Records that a session remembers for comparing: as many as somebody opens in one sitting."""


class Key(StrEnum):
    """Keys of the widgets that code or tests address."""

    DROP_ZONE = "drop_zone"
    SAMPLE = "sample"
    REAL_RECORD = "real_record"
    SAMPLING_RATE = "sampling_rate"
    UNITS = "units"
    RETRY = "retry"
    QUESTION = "which_record"
    OPEN_CHOSEN = "open_chosen"
    SWITCH = "switch_record"
    CLOSE = "close_record"
    EVIDENCE = "evidence"
    RESEARCHER = "researcher"
    OPEN_OTHER = "open_other"
    MORE = "more_tools"
    GRADER = "grader"
    QUEUE = "send_to_queue"
    QUEUE_SEND = "send_to_queue_now"
    ANYWAY = "analyse_anyway"
    CONFIRM_GAIN = "confirm_gain"
    WINDOW = "window_start"
    LAYOUT = "layout"
    SPEED = "speed"
    GAIN = "gain"
    FILTER = "filter"
    NOTCH = "notch"
    LEAD_ORDER = "lead_order"
    WAVES = "waves"
    OVERLAY = "overlay"
    OPACITY = "opacity"
    STAGE = "stage"
    TARGET = "target"
    DRAG = "drag"
    TRACE = "ecg"
    TABS = "tabs"
    STACK = "attention_stack"
    MEDIAN_BEAT = "median_beat"
    SHOWN_FINDING = "shown_finding"
    EARLIER_DROP = "earlier_drop_zone"
    EARLIER = "earlier_ecg"
    EARLIER_CHOICE = "which_is_earlier"
    SAME_PATIENT = "same_patient"
    TRACE_EARLIER = "ecg_earlier"
    TRACE_LATER = "ecg_later"
    DOWNLOAD = "download_json"


class Origin(StrEnum):
    """Where the open record came from."""

    UPLOAD = "uploaded"
    SYNTHETIC = "synthetic"
    PTB_XL = "PTB-XL"
    REVIEW = "review"


@dataclass(frozen=True, eq=False)
class Case:
    """The record that is open."""

    record: "EcgRecord"
    origin: Origin  # where it came from
    title: str  # what the page calls it
    cardiologist: "Severity | None" = None  # level of the cardiologist's statements, where they are known
    # What names it in the address of the page; None for an upload, which its fingerprint names.
    address: str | None = None
    known_since: datetime | None = None  # it was recorded before this, where the time of recording itself is not kept

    @cached_property
    def examination(self) -> "Examination":
        """The record's examination, one for all views of the page."""
        from cardiov_core.signals import Examination

        return Examination(self.record)

    @cached_property
    def fingerprint(self) -> str:
        """Hex digest of the samples: equal exactly where the network would be fed the same."""
        digest = hashlib.sha256(self.record.signal.tobytes())
        digest.update(f"{self.record.leads}{self.record.sampling_rate}".encode())
        return digest.hexdigest()[:16]


class AnalysisKey(NamedTuple):
    """What an analysis is of."""

    grader: str  # whose level is on show
    fingerprint: str  # of the record
    start_s: float  # start of the window, in seconds
    anyway: bool  # analysed against the quality gate's advice
    miss_costs: float | None = None  # by which the installation decides; None: by the graders' own costs

    @classmethod
    def of(cls, grader: "Grader", fingerprint: str, start_s: float, *, anyway: bool) -> "AnalysisKey":
        """Return the key of an analysis by a grader as it decides now."""
        return cls(grader.name, fingerprint, start_s, anyway, None if grader.own is None else grader.own.miss_costs)


@dataclass
class Session:
    """What a browser session holds."""

    files: tuple[tuple[str, bytes], ...] = ()  # names and bytes of the last upload
    unread: bool = False  # True from the upload until its files were read
    # What the reader stated for files that do not say it themselves.
    sampling_rate_hz: float | None = None
    units: str | None = None
    uploads: "tuple[Upload, ...]" = ()  # what the upload turned out to hold
    case: Case | None = None  # the open record
    before: "Session | None" = None  # this session as it was when the last files came, until they are read
    analyse_anyway: bool = False  # the reader asked for a level that the quality gate withholds
    window_start_s: float = 0.0  # start of the analysed window in seconds
    failure: CardioVError | None = None  # why the last record that was picked could not be opened
    n_uploads: int = 0  # makes a fresh drop zone after each upload
    opened: tuple[Case, ...] = ()  # what was open in this session, the last one at the end
    other: Case | None = None  # the record that the open one is compared with
    other_chosen: Callable[[], Case] | None = None  # loads the record that was chosen for it
    other_uploads: "tuple[Upload, ...]" = ()  # what was dropped for comparison
    other_failure: CardioVError | None = None  # why the record to compare with could not be opened
    n_other_uploads: int = 0  # makes a fresh drop zone after each upload for comparison
    same_patient: bool = False  # the reader said that both records are of one patient
    grader: str | None = None  # whose level the reader wants to see; None: the default grader's. Other records keep it
    lit: str | None = None  # code of the finding that is lit on the trace
    researcher: bool = False  # graders are called by their names
    batch_row: str | None = None  # name of the row of the batch that is open
    tour: int | None = None  # step of the tour that is on show
    # Results for the records on show, so that display controls never rerun the network.
    analyses: "dict[AnalysisKey, Analysis]" = field(default_factory=dict)
    explanations: "dict[tuple[AnalysisKey, int | str], Explanation | Contributions]" = field(default_factory=dict)

    def receive(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Take new files; they are read on the page, where a spinner can say so."""
        before = self.before
        if self.case is not None:
            before = replace(self, analyses=dict(self.analyses), explanations=dict(self.explanations))
        self.close()
        self.before = before
        self.files = tuple(files)
        self.unread = True
        self.n_uploads += 1

    def reopen(self) -> None:
        """Show what was open before the last files came, of which none could be read; why they could not stays said."""
        if self.before is None:
            return
        kept = [upload for upload in self.before.uploads if upload.record is not None]
        stays = {"uploads": (*kept, *self.uploads), "n_uploads": self.n_uploads}
        vars(self).update(vars(self.before) | stays)

    def open(self, case: Case) -> None:
        """Show a record, with its first window and no results yet."""
        self.case = case
        before = [each for each in self.opened if each.fingerprint != case.fingerprint]
        self.opened = (*before, case)[-_MAX_OPENED:]
        self.analyse_anyway = False
        self.window_start_s = 0.0
        self.failure = None
        self._forget_results()

    def open_analysed(
        self, case: Case, files: Sequence[tuple[str, bytes]], grader: "Grader", analysis: "Analysis | None"
    ) -> None:
        """Show an uploaded record that was read before, with its analysis where there is one."""
        from cardiov_core.io import Upload

        self.close()
        self.files = tuple(files)
        self.uploads = (Upload(case.title, case.record, None),)
        self.open(case)
        if analysis is not None:
            self.analyses[AnalysisKey.of(grader, case.fingerprint, 0.0, anyway=False)] = analysis

    def compare_with(self, other: Case | None) -> None:
        """Put another record beside the open one; the question whose it is begins anew."""
        self.other = other
        self.other_chosen = None
        self.other_failure = None
        self.same_patient = False

    def close(self) -> None:
        """Forget the record and the upload it came from."""
        self.case = None
        self.before = None
        self.batch_row = None
        self.tour = None
        self.files = ()
        self.unread = False
        self.uploads = ()
        self.sampling_rate_hz = None
        self.units = None
        self.failure = None
        self.analyse_anyway = False
        self._forget_results()

    def _forget_results(self) -> None:
        self.lit = None
        self.compare_with(None)
        self.other_uploads = ()
        self.analyses.clear()
        self.explanations.clear()


def recall_session(wanted: Callable[[Session], bool]) -> bool:
    """Take over what another tab of this browser held, or this one before a reload; tell whether there was such."""
    known = recalled(_SESSION_KEY, Session, wanted)
    if known is None:
        return False
    st.session_state[_SESSION_KEY] = known
    remember(_SESSION_KEY, known)
    return True


def session() -> Session:
    """Return this browser session's state, made on first use."""
    if _SESSION_KEY not in st.session_state:
        st.session_state[_SESSION_KEY] = recalled(_SESSION_KEY, Session) or Session()
        remember(_SESSION_KEY, st.session_state[_SESSION_KEY])
    current: Session = st.session_state[_SESSION_KEY]
    return current
