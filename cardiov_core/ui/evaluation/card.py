"""A model card on a page: every figure comes out of the card's JSON."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from cardiov_core.reporting import card_words
from cardiov_core.ui.frame.html import bullet_list, html_table
from cardiov_core.ui.frame.page import facts
from cardiov_core.weights import Figures, ModelCard, TrainingPart

_TOPICS = {
    "calibration": "Calibration",
    "sets": "Prediction sets",
    "warnings": "Warnings",
    "attention": "Attention maps",
    "reasons": "Reasons",
    "scope": "Out of scope",
    "untested": "Not tested on",
}
_AUC_NAMES = {"no": "AUC no risk", "low": "AUC low risk", "medium": "AUC medium risk", "high": "AUC high risk"}


def show_card(card: ModelCard) -> None:
    """Show what a grader is, what it was trained on, how well it did, and its limits."""
    stated, training = card.stated, card.stated.training
    st.subheader(f"Grader {card.name} {card.version}")
    st.write(stated.intended_use)
    contract = card.contract
    low_hz, high_hz = contract.band_hz
    facts(
        [
            ("Network", stated.title),
            (
                "Input",
                f"{len(contract.leads)} leads, {contract.duration_s:g} s at {contract.sampling_rate_hz:g} Hz, "
                f"band {low_hz:g}-{high_hz:g} Hz",
            ),
            ("Outputs", "; ".join(stated.output.meaning)),
            ("Training data", _training(training)),
            ("Records a level", _listed(training.records_a_level)),
            ("SHA-256 of the weights", card.sha256),
            ("Repeat the training", training.command or "not stated"),
        ]
    )
    metrics = stated.metrics
    if metrics.as_json():
        n = "not stated" if metrics.n is None else metrics.n
        st.markdown(f"**Validation: {metrics.kind or 'not stated'}, n = {n}**")
        table = metrics_table(metrics)
        # As HTML: a grid widget prints as an empty box.
        st.html(html_table(tuple(table.columns), table.to_numpy().tolist(), columns=" nn"))
    st.markdown("**What was measured of its probabilities, sets, maps and scope**")
    facts([(_TOPICS.get(topic, topic), text) for topic, text in card_words(card).items()])
    st.markdown("**Known limits**")
    st.html(bullet_list(stated.limitations))


def metrics_table(metrics: Figures) -> pd.DataFrame:
    """Return the card's figures as rows of measure, value and 95 % interval, in strings that keep their decimals."""
    intervals, auc = metrics.intervals, metrics.auc
    rows = [
        ("Mean absolute error (levels)", metrics.mae, intervals.mae),
        ("Accuracy", metrics.accuracy, intervals.accuracy),
        ("AUC, mean of the levels", auc.get("mean"), intervals.auc.get("mean")),
        *((title, auc.get(name), intervals.auc.get(name)) for name, title in _AUC_NAMES.items()),
    ]
    return pd.DataFrame(
        [(name, f"{value:.3f}", _interval(interval)) for name, value, interval in rows if value is not None],
        columns=["Measure", "Value", "95 % interval"],
    )


def _interval(interval: tuple[float, float] | None) -> str:
    return "not stated" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def _training(training: TrainingPart) -> str:
    if training.n_records is None:
        return "not stated"
    return (
        f"{training.dataset}: {training.n_records} records of {training.n_patients} patients, "
        f"folds {', '.join(map(str, training.folds))}, licence {training.licence_of_data}"
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.lower()} {count}" for name, count in counts.items()) or "not stated"
