"""Networks beside each other on one task, on the Performance page."""

import streamlit as st

from cardiov_core.studies import COMPARISON_HEADS, ComparisonTable, comparison_rows, shipped_comparisons
from cardiov_core.ui.frame.html import html_table

_LITTLE_S = 240.0
"""Seconds of a thread under which no network of convolutions comes near the end of its training."""


def show_comparisons() -> None:
    """Show each comparison that comes with CardioV, with how little data and time it stands on."""
    tables = shipped_comparisons()
    if not tables:
        return
    st.subheader("Networks beside each other")
    for table in tables:
        with st.expander(f"Task {table.task}: {len(table.rows)} networks, {table.figure}"):
            st.html(html_table(COMPARISON_HEADS, comparison_rows(table), columns="tnnnnntnnnn"))
        st.caption(_stands_on(table))


def _stands_on(table: ComparisonTable) -> str:
    little = ": far too little to call a network good or bad" if table.budget_s < _LITTLE_S else ""
    return (
        f"{table.n} records of {table.n_patients} patients, out of fold; {table.budget_s:g} seconds of one thread a "
        f"network and group{little}. Published figures are of 21,837 records and full trainings."
    )
