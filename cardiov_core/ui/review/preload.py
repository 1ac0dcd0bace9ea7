"""Traces of the review, read and measured once and ahead of time: the next case is there when it is asked for."""

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import streamlit as st

from cardiov_core.domain import EcgRecord, Measurements
from cardiov_core.review import Store, get_case, waveform_of
from cardiov_core.signals import Examination

# A ten-second ECG is a quarter of a megabyte; a reader goes back a few cases, not many.
_KEPT = 24


@dataclass(frozen=True, eq=False)
class Prepared:
    """A case's trace as the review shows it."""

    examination: Examination  # of the record that is named after the case; nothing of it tells of label or model

    @property
    def record(self) -> EcgRecord:
        """The record itself."""
        return self.examination.record

    @property
    def measured(self) -> Measurements:
        """What was measured on it."""
        return self.examination.measurements


class _Loader:
    """Prepares cases in one thread of its own, shared by all sessions."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cardiov-review")
        self._kept: OrderedDict[str, Future[Prepared]] = OrderedDict()
        self._lock = Lock()

    def ask(self, store: Store, case_id: str) -> "Future[Prepared]":
        with self._lock:
            future = self._kept.get(case_id)
            if future is None or (future.done() and future.exception() is not None):
                future = self._kept[case_id] = self._pool.submit(_prepare, store, case_id)
            self._kept.move_to_end(case_id)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return future

    def forget(self, case_id: str) -> None:
        with self._lock:
            self._kept.pop(case_id, None)


def prepared(store: Store, case_id: str) -> Prepared:
    """Return a case's trace with its measurements; of a deleted waveform nothing is kept here either."""
    if get_case(store, case_id).waveform_deleted:
        _loader().forget(case_id)
    return _loader().ask(store, case_id).result()


def prepare_ahead(store: Store, case_id: str) -> None:
    """Begin to prepare a case that is likely to be opened next."""
    _loader().ask(store, case_id)


@st.cache_resource(show_spinner=False)
def _loader() -> _Loader:
    return _Loader()


def _prepare(store: Store, case_id: str) -> Prepared:
    examination = Examination(waveform_of(store, case_id))
    # Now, in the loader's thread, and not when the reader waits for it.
    _ = examination.measurements
    return Prepared(examination)
