"""What all sessions share: the grader, the data sets and the review's database, each loaded once a server."""

import streamlit as st

from cardiov_core.datasets import PtbXl, find_ptbxl
from cardiov_core.inference import Predictor, load_predictor
from cardiov_core.review import Store, open_store


@st.cache_resource(show_spinner="Loading the model ...")
def predictor() -> Predictor:
    """Return the default grader.

    Returns
    -------
    Predictor
        Shared by all sessions; it guards its own state against two of them at once.

    Raises
    ------
    WeightsError
        If its files cannot be used.
    """
    return load_predictor()


@st.cache_resource(show_spinner="Looking for PTB-XL ...")
def ptbxl() -> PtbXl | None:
    """Return PTB-XL where it lies on this server, else None.

    Raises
    ------
    DatasetError
        If its table cannot be read.
    """
    return find_ptbxl()


@st.cache_resource(show_spinner=False)
def review_store() -> Store:
    """Return the review's database, made and brought up to date on first use.

    Returns
    -------
    Store
        Shared by all sessions.

    Raises
    ------
    ReviewError
        If it cannot be opened; the next call tries again.
    ConfigurationError
        If its address is not one.
    """
    return open_store()
