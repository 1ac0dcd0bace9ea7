"""What all sessions share: the grader, the data sets and the review's database, each loaded once a server."""

from collections.abc import Mapping

import streamlit as st

from cardiov_core.datasets import PtbXl, find_ptbxl
from cardiov_core.inference import Grader, load_predictor, other_graders
from cardiov_core.review import Store, open_store


@st.cache_resource(show_spinner="Loading the grader ...")
def graders() -> Mapping[str, Grader]:
    """Return every grader that can be used by its name, the default one first, shared by all sessions."""
    default = load_predictor()
    return {default.name: default} | {other.name: other for other in other_graders(default)}


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
