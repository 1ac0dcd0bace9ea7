"""The decision: what another cost of a miss would do to 1,000 patients, and the setting of this installation."""

from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from cardiov_core.domain import Float64Array, Role
from cardiov_core.errors import CardioVError
from cardiov_core.evaluation import (
    P_COLUMNS,
    Interval,
    ShippedEvaluation,
    WardOutcome,
    graded_of,
    ward_intervals,
    ward_outcome,
)
from cardiov_core.inference import OwnDecision
from cardiov_core.reporting import WARD_CAPTION, percent, ward_figure, ward_rows
from cardiov_core.review import Store, set_own_decision
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import html_table, plain
from cardiov_core.ui.frame.page import dark_theme, guarded, notice, show_error
from cardiov_core.ui.frame.review_session import ReviewState, review_state
from cardiov_core.ui.review.reader import ask_reader, current_reader
from cardiov_core.ui.sign_in.idle_clock import fragment

MISS_KEY, WARD_KEY = "decision_miss", "decision_prevalence"
OWN_KEY, SHIPPED_KEY, CHART_KEY = "decision_own", "decision_shipped", "decision_chart"

MISS_COSTS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
"""Offered on the slider."""

_FIRST = 2.0
_HEADS = ("Of 1,000 patients", "As shipped", "With this cost", "Most probable level (the paper's)")

Levels = npt.NDArray[np.int64]


@fragment
def show_decision(evaluation: ShippedEvaluation) -> None:
    """Show the sliders and what they come to; they rerun this part alone."""
    own = resources.own_decision()
    if own is not None:
        notice(own.words)
    predictions = evaluation.predictions
    graded = graded_of(predictions)
    share = float((graded.labels >= 2).mean())
    if share in {0.0, 1.0}:
        st.write("All of these records lie on one side of medium risk: nothing can be decided on them.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        cost = st.select_slider(
            "A miss costs as much as so many false alarms",
            MISS_COSTS,
            value=_FIRST if own is None or own.miss_costs not in MISS_COSTS else own.miss_costs,
            format_func=_times,
            key=MISS_KEY,
            help="A miss is a level too low, a false alarm one too high; two levels count twice.",
        )
    with right:
        prevalence = st.slider(
            "Patients of the ward at medium or high risk, %",
            1,
            99,
            round(100 * share),
            key=WARD_KEY,
            help=f"{percent(share)} of the records that were evaluated.",
        )
    sha256, n_resamples = evaluation.figures.model.sha256, evaluation.figures.n_resamples
    decided = partial(_decided, predictions)
    compared = [
        _outcome(decided(which), predictions, prevalence / 100, n_resamples, (sha256, which))
        for which in ("shipped", cost, "paper")
    ]
    st.html(html_table(_HEADS, ward_rows(compared), columns="tnnn"))
    path = [(_times(each), ward_outcome(graded.labels, decided(each), prevalence / 100)) for each in MISS_COSTS]
    names = ("as shipped", "with this cost", "most probable")
    figure = ward_figure(path, [(name, one) for name, (one, _) in zip(names, compared, strict=True)], dark=dark_theme())
    st.plotly_chart(
        figure, key=CHART_KEY, theme=None, alt="Missed patients against false alarms for every cost of a miss"
    )
    st.caption(f"{WARD_CAPTION} The line runs through all costs of the slider.")
    _own_setting(own, cost)


def _decided(predictions: pd.DataFrame, which: float | str) -> Levels:
    """Return the levels as shipped, by the paper's rule, or by a cost of a miss."""
    if which == "shipped":
        return np.asarray(predictions["level"].to_numpy(dtype=np.int64))
    probabilities: Float64Array = predictions[list(P_COLUMNS)].to_numpy(dtype=np.float64)
    if which == "paper":
        return np.asarray(probabilities.argmax(axis=1), dtype=np.int64)
    return OwnDecision(float(which)).costs.decide(probabilities)


@st.cache_data(show_spinner=False, max_entries=64)
def _outcome(
    levels: Levels,
    _predictions: pd.DataFrame,
    prevalence: float,
    n_resamples: int,
    key: tuple[str, float | str],
) -> tuple[WardOutcome, dict[str, Interval]]:
    """Return what levels come to, with intervals; `key` tells one evaluation and decision from another."""
    graded = graded_of(_predictions)
    outcome = ward_outcome(graded.labels, levels, prevalence)
    return outcome, ward_intervals(graded.labels, levels, prevalence, graded.patients, n_resamples)


def _own_setting(own: OwnDecision | None, cost: float) -> None:
    """Let an administrator make the cost on show the installation's own, or go back."""
    with st.expander("Decide so in this installation", expanded=own is not None), guarded():
        st.write(
            "Pages, batches, reports and the command line then give levels by this cost, and say so. Every change "
            "stands in the audit of the review, and takes the role of an administrator."
        )
        store = resources.review_store()
        me = current_reader(store)
        if me is None:
            ask_reader(store, "Who decides?", place="_decision")
            return
        failure = review_state().failure
        if failure is not None:
            show_error(failure)
        if Role.ADMINISTRATOR not in me.roles:
            st.write(f"{plain(me.name)} is no administrator.")
            return
        with st.container(horizontal=True):
            st.button(
                f"A miss counts {_times(cost)}: decide so from now on",
                key=OWN_KEY,
                type="primary",
                on_click=partial(_set, review_state(), store, OwnDecision(cost), me.name),
            )
            if own is not None:
                back = partial(_set, review_state(), store, None, me.name)
                st.button("Back to the graders' own costs", key=SHIPPED_KEY, on_click=back)


# Takes the session's state along: to look for it when another click comes at the same moment would end the callback.
def _set(state: ReviewState, store: Store, wanted: OwnDecision | None, by: str) -> None:
    state.failure = None
    try:
        set_own_decision(store, wanted, by)
    except CardioVError as error:
        state.failure = error


def _times(cost: float) -> str:
    return f"{cost:g} times"
