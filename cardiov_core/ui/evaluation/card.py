"""A model card on a page: every figure comes out of the card's JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cardiov_core.reporting.words.model_card import honesty_words
from cardiov_core.ui.frame.html import bullet_list
from cardiov_core.ui.frame.page import facts
from cardiov_core.weights import ModelCard

_TOPICS = {
    "calibration": "Calibration",
    "sets": "Prediction sets",
    "attention": "Attention maps",
    "reasons": "Reasons",
    "scope": "Out of scope",
    "untested": "Not tested on",
}
_AUC_NAMES = {"no": "AUC no risk", "low": "AUC low risk", "medium": "AUC medium risk", "high": "AUC high risk"}


def show_card(card: ModelCard) -> None:
    """Show what a grader is, what it was trained on, how well it did, and its limits.

    Parameters
    ----------
    card : ModelCard
        As it lies beside the weights.
    """
    raw = card.raw
    training: Mapping[str, Any] = raw.get("training", {})
    st.subheader(f"Model {card.name} {card.version}")
    st.write(raw.get("intended_use", ""))
    contract = card.contract
    low_hz, high_hz = contract.band_hz
    facts(
        [
            ("Network", str(raw.get("title", card.name))),
            (
                "Input",
                f"{len(contract.leads)} leads, {contract.duration_s:g} s at {contract.sampling_rate_hz:g} Hz, "
                f"band {low_hz:g}-{high_hz:g} Hz",
            ),
            ("Outputs", "; ".join(raw.get("output", {}).get("meaning", []))),
            ("Training data", _training(training)),
            ("Records a level", _listed(training.get("records_a_level", {}))),
            ("SHA-256 of the weights", card.sha256),
            ("Repeat the training", str(training.get("command", "not stated"))),
        ]
    )
    metrics: Mapping[str, Any] = raw.get("metrics", {})
    if metrics:
        st.markdown(f"**Validation: {metrics.get('kind', 'not stated')}, n = {metrics.get('n', 'not stated')}**")
        st.dataframe(metrics_table(metrics), hide_index=True, width="content")
    st.markdown("**Honesty: what was measured of its probabilities, sets, maps and scope**")
    facts([(_TOPICS.get(topic, topic), text) for topic, text in honesty_words(card).items()])
    st.markdown("**Known limits**")
    st.html(bullet_list(raw.get("limitations", [])))


def metrics_table(metrics: Mapping[str, Any]) -> pd.DataFrame:
    """Return the card's figures as rows of measure, value and 95 % interval.

    Parameters
    ----------
    metrics : mapping
        ``mae``, ``accuracy``, ``auc`` {no, low, medium, high, mean} and ``intervals`` by the same names.

    Returns
    -------
    pandas.DataFrame
        Strings, so that every figure shows the decimals that the card has intervals for.
    """
    intervals: Mapping[str, Any] = metrics.get("intervals", {})
    auc: Mapping[str, Any] = metrics.get("auc", {})
    auc_intervals: Mapping[str, Any] = intervals.get("auc", {})
    rows = [("Mean absolute error (levels)", metrics.get("mae"), intervals.get("mae"))]
    rows.append(("Accuracy", metrics.get("accuracy"), intervals.get("accuracy")))
    rows.append(("AUC, mean of the levels", auc.get("mean"), auc_intervals.get("mean")))
    rows += [(title, auc.get(name), auc_intervals.get(name)) for name, title in _AUC_NAMES.items()]
    return pd.DataFrame(
        [(name, f"{value:.3f}", _interval(interval)) for name, value, interval in rows if value is not None],
        columns=["Measure", "Value", "95 % interval"],
    )


def _interval(interval: Mapping[str, float] | Sequence[float] | None) -> str:
    if not interval:
        return "not stated"
    low, high = (interval["low"], interval["high"]) if isinstance(interval, Mapping) else interval
    return f"{low:.3f} to {high:.3f}"


def _training(training: Mapping[str, Any]) -> str:
    if not training:
        return "not stated"
    folds = ", ".join(str(fold) for fold in training.get("folds", []))
    return (
        f"{training.get('dataset')}: {training.get('n_records')} records of {training.get('n_patients')} patients, "
        f"folds {folds}, licence {training.get('licence_of_data')}"
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.lower()} {count}" for name, count in counts.items()) or "not stated"
