"""What an alarm would mean in another place: predictive values at a prevalence that the reader states."""

import numpy as np
import pandas as pd
import streamlit as st

from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.evaluation import (
    OPERATING_POINTS,
    Interval,
    ShippedEvaluation,
    alarm_at,
    bootstrap_intervals,
    confusion_matrix,
    graded_of,
)
from cardiov_core.reporting import ALARM_WORDS, figure_at, limits, percent
from cardiov_core.ui.frame.html import html_table
from cardiov_core.ui.sign_in.idle_clock import fragment

ALARM_KEY, PREVALENCE_KEY = "performance_alarm", "performance_prevalence"

_SAME_PERCENT = 0.05
_HEADS = ("Of this alarm", "At the prevalence of these records", "At the stated prevalence")


@fragment
def show_alarm(evaluation: ShippedEvaluation) -> None:
    """Show sensitivity, specificity and predictive values of one alarm; its controls rerun this part alone."""
    left, right = st.columns(2)
    with left:
        point = st.segmented_control(
            "An alarm is given at",
            list(OPERATING_POINTS),
            key=ALARM_KEY,
            default="high",
            required=True,
            format_func=ALARM_WORDS.__getitem__,
        )
    of_data = evaluation.figures.operating_points[point]
    if of_data.prevalence in {0.0, 1.0}:
        st.write("All of these records lie on one side of it: it has no predictive values.")
        return
    with right:
        stated = st.number_input(
            "Prevalence where it would be used, %",
            min_value=0.1,
            max_value=99.9,
            value=round(100 * of_data.prevalence, 1),
            step=0.5,
            format="%.1f",
            key=f"{PREVALENCE_KEY}_{point}",
            width=260,
        )
    own_intervals = evaluation.figures.intervals.operating_points[point]
    values, intervals = _predictive_values(
        evaluation.predictions,
        point,
        stated / 100,
        evaluation.figures.n_resamples,
        evaluation.figures.model.sha256,
    )
    # One prevalence has one interval: that of these records is shown once, as they were drawn.
    elsewhere = abs(stated - round(100 * of_data.prevalence, 1)) > _SAME_PERCENT
    rows = []
    for name, title in (("sensitivity", "Sensitivity"), ("specificity", "Specificity"), ("ppv", "PPV"), ("npv", "NPV")):
        own = f"{percent(figure_at(of_data, name))} ({limits(own_intervals[name], as_percent=True)})"
        if name in values:
            interval = intervals[name]
            there = None if np.isnan(interval.low) else interval
            value = None if np.isnan(values[name]) else values[name]
            rows.append((title, own, f"{percent(value)} ({limits(there, as_percent=True)})"))
        else:
            rows.append((title, own, "taken to be the same"))
    st.html(html_table(_HEADS, rows) if elsewhere else html_table(_HEADS[:2], [row[:2] for row in rows]))
    st.caption(
        f"Prevalence of these records: {percent(of_data.prevalence)}. In brackets: 95\u2009% intervals by patient. At "
        "another prevalence the values follow by Bayes' theorem, if the ill there are as ill as these."
    )


@st.cache_data(show_spinner=False, max_entries=64)
def _predictive_values(
    _predictions: pd.DataFrame, point: str, prevalence: float, n_resamples: int, sha256: str
) -> tuple[dict[str, float], dict[str, Interval]]:
    """Return PPV and NPV at a prevalence, and their intervals; `sha256` tells one evaluation from another."""
    graded = graded_of(_predictions)

    def values(labels: IntArray, levels: IntArray) -> Float64Array:
        alarm = alarm_at(confusion_matrix(labels, levels), OPERATING_POINTS[point])
        return np.array(alarm.predictive_values_at(prevalence))

    limits = bootstrap_intervals(values, graded.labels, graded.levels, groups=graded.patients, n_resamples=n_resamples)
    predictive = values(graded.labels, graded.levels)
    return dict(zip(("ppv", "npv"), map(float, predictive), strict=True)), dict(
        zip(("ppv", "npv"), limits, strict=True)
    )
