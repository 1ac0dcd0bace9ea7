"""What all sessions share: the graders, the data sets and the review's database, each loaded once a server.

Graders are loaded in a thread of their own, beside the first screen.
"""

import gc
import logging
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import streamlit as st

from cardiov_core.errors import CardioVError
from cardiov_core.ui.frame.navigation import page_title
from cardiov_core.ui.frame.review_session import review_state

if TYPE_CHECKING:
    from cardiov_core.datasets import PtbXl
    from cardiov_core.inference import Grader, OwnDecision
    from cardiov_core.review import Store

DEMO_PAGES = frozenset({"Worklist", "Review", "Agreement"})
"""Pages that show a demo study. What the others show is noted in the review's own audit, demo or not."""

_begun = Event()
# How many modules were loaded when the collector was spared them.
_spared = [0]
_logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Begin to load the graders, unless that has begun."""
    # Here, so that words and drop zone do not wait for it.
    from cardiov_core.computing import collect_rarely

    collect_rarely()
    _loading()


def loaded() -> bool:
    """Tell whether the graders are there, without waiting for them or beginning to load them."""
    return _begun.is_set() and _loading().done()


def spare_the_collector() -> None:
    """Take what was loaded since the last call out of the garbage collector's sight.

    Streamlit looks through all objects after each run of a page or of a part of it: with the libraries of the graders
    among them that is a quarter of a second of every click.
    """
    loaded_now = len(sys.modules)
    if loaded_now > _spared[0]:
        _spared[0] = loaded_now
        gc.collect()
        gc.freeze()


def graders() -> "Mapping[str, Grader]":
    """Return every grader that can be used by its name, the default one first, shared by all sessions.

    They give levels by the installation's own decision where it has one.
    """
    own = own_decision()
    return _deciding(None if own is None else own.miss_costs)


def own_decision() -> "OwnDecision | None":
    """Return what this installation decides by; None: by the graders' own costs."""
    from cardiov_core.review import own_decision_of, store_begun

    try:
        return own_decision_of(_review_store()) if store_begun() else None
    except CardioVError as error:
        _logger.warning("The graders' own decision is in force: %s", type(error).__name__)
        return None


def predictor(name: str | None = None) -> "Grader":
    """Return a grader; the default one where there is none of that name any more."""
    known = graders()
    return known[name] if name is not None and name in known else next(iter(known.values()))


@st.cache_resource(show_spinner="Looking for PTB-XL ...")
def ptbxl() -> "PtbXl | None":
    """Return PTB-XL where it lies on this server, else None."""
    from cardiov_core.datasets import find_ptbxl

    return find_ptbxl()


def review_store() -> "Store":
    """Return the review's database, made and brought up to date on first use; that of a demo study on its pages."""
    demo = review_state().demo
    return _review_store() if demo is None or page_title() not in DEMO_PAGES else demo.store


@st.cache_resource(show_spinner=False)
def _review_store() -> "Store":
    from cardiov_core.review import open_store

    return open_store()


@st.cache_resource(show_spinner=False, max_entries=4)
def _deciding(miss_costs: float | None) -> "Mapping[str, Grader]":
    known = _awaited()
    if miss_costs is None:
        return known
    from cardiov_core.inference import OwnDecision

    own = OwnDecision(miss_costs)
    return {name: grader.by_own(own) for name, grader in known.items()}


def _awaited() -> "Mapping[str, Grader]":
    loading = _loading()
    try:
        return loading.result()
    except Exception:
        # The next page tries again: weights may have come meanwhile.
        _loading.clear()
        raise


@st.cache_resource(show_spinner=False)
def _loading() -> "Future[Mapping[str, Grader]]":
    _begun.set()
    pool = ThreadPoolExecutor(1, thread_name_prefix="cardiov-load")
    loading = pool.submit(_load)
    pool.shutdown(wait=False)
    return loading


def _load() -> "Mapping[str, Grader]":
    from cardiov_core.computing import prefer_kept, set_threads
    from cardiov_core.inference import load_predictor, other_graders
    from cardiov_core.io import can_read_apart, reader, sweep
    from cardiov_core.signals import make_delineator_ready

    set_threads()
    prefer_kept()
    default = load_predictor()
    # So that the first analysis does not wait for it.
    default.make_ready()
    make_delineator_ready()
    if n_swept := sweep():
        _logger.warning("%d temporary folders of a server that crashed were removed.", n_swept)
    if can_read_apart():
        # So that the first upload does not wait for it.
        reader().start()
    known = {default.name: default} | {other.name: other for other in other_graders(default)}
    spare_the_collector()
    return known
