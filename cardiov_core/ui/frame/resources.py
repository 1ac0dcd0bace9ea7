"""What all sessions share: the grader, the data sets and the review's database, each loaded once a server."""

import logging
from collections.abc import Mapping

import streamlit as st

from cardiov_core.datasets import PtbXl, find_ptbxl
from cardiov_core.errors import CardioVError
from cardiov_core.inference import Grader, OwnDecision, load_predictor, other_graders
from cardiov_core.review import Store, open_store, own_decision_of, store_begun

_logger = logging.getLogger(__name__)


def graders() -> Mapping[str, Grader]:
    """Return every grader that can be used by its name, the default one first, shared by all sessions.

    They give levels by the installation's own decision where it has one.
    """
    own = own_decision()
    return _deciding(None if own is None else own.miss_costs)


def own_decision() -> OwnDecision | None:
    """Return what this installation decides by; None: by the graders' own costs."""
    try:
        return own_decision_of(review_store()) if store_begun() else None
    except CardioVError as error:
        _logger.warning("The graders' own decision is in force: %s", type(error).__name__)
        return None


@st.cache_resource(show_spinner="Loading the grader ...")
def _loaded() -> Mapping[str, Grader]:
    default = load_predictor()
    return {default.name: default} | {other.name: other for other in other_graders(default)}


@st.cache_resource(show_spinner=False, max_entries=4)
def _deciding(miss_costs: float | None) -> Mapping[str, Grader]:
    own = None if miss_costs is None else OwnDecision(miss_costs)
    return _loaded() if own is None else {name: grader.by_own(own) for name, grader in _loaded().items()}


def predictor(name: str | None = None) -> Grader:
    """Return a grader; the default one where there is none of that name any more."""
    known = graders()
    return known[name] if name is not None and name in known else next(iter(known.values()))


@st.cache_resource(show_spinner="Looking for PTB-XL ...")
def ptbxl() -> PtbXl | None:
    """Return PTB-XL where it lies on this server, else None."""
    return find_ptbxl()


@st.cache_resource(show_spinner=False)
def review_store() -> Store:
    """Return the review's database, made and brought up to date on first use."""
    return open_store()
