"""The Statements view of the Performance page: likely statements, and the benchmark paper's analyses of networks."""

from collections.abc import Sequence

import streamlit as st

from cardiov_core.studies import (
    CLASS_HEADS,
    CLUSTER_HEADS,
    DETECTOR_HEADS,
    RULE_HEADS,
    SPREAD_HEADS,
    STATEMENT_FIGURE_HEADS,
    Cluster,
    StatementsCheck,
    class_rows,
    cluster_rows,
    clusters_words,
    detector_rows,
    rule_rows_upwards,
    shipped_statements_check,
    spread_rows,
    statement_figure_rows,
    statements_words,
)
from cardiov_core.ui.evaluation.cases import show_records
from cardiov_core.ui.evaluation.trust import show_statements
from cardiov_core.ui.frame.html import html_table
from cardiov_core.ui.sign_in.idle_clock import fragment

CLUSTER_KEY, CLUSTER_OPEN_KEY = "performance_cluster", "performance_cluster_open"
CLUSTER_PICK_KEY, CLUSTER_TABLE_KEY = "performance_cluster_pick", "performance_cluster_table"

_MOST_CLUSTERS = 16
_MAKE = "cardiov statements-check OOF... --data DIR --rules --ship"


def show_statement_view(grader: str) -> None:
    """Show the view; records open with the named grader in use."""
    show_statements()
    check = shipped_statements_check()
    st.subheader("Networks on statements")
    if check is None:
        st.write("Nothing was measured of networks on statements yet. This makes the figures:")
        st.code(_MAKE, language=None)
        return
    st.write(statements_words(check))
    with st.expander(f"{len(check.statements)} statements, the highest AUC first"):
        st.html(html_table(STATEMENT_FIGURE_HEADS, statement_figure_rows(check), columns="ttnnnnn"))
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Hierarchy")
        st.html(html_table(CLASS_HEADS, class_rows(check), columns="tnn"))
        st.caption("AUC of a class from the sum of its statements' probabilities, at most 1; set in: subclasses.")
    with right:
        st.html(html_table(RULE_HEADS, rule_rows_upwards(check), caption="Macro AUC of each level", columns="tnnn"))
        _spread(check)
        _detectors(check)
    _clusters(check.clusters, grader, clusters_words(check))


def _spread(check: StatementsCheck) -> None:
    if not check.spread:
        return
    st.subheader("Unsure where the cardiologist was")
    st.html(html_table(SPREAD_HEADS, spread_rows(check), columns="tnn"))
    st.caption(
        f"Mean standard deviation of {check.n_members} networks that differ in their seeds, over diagnostic "
        "statements to which the cardiologist gave a likelihood."
    )


def _detectors(check: StatementsCheck) -> None:
    if not check.detectors:
        return
    st.subheader("Rules beside the network")
    st.html(html_table(DETECTOR_HEADS, detector_rows(check), columns="ttnnnn"))
    st.caption("Findings of CardioV that assert a statement, in the network's place or beside it.")


@fragment
def _clusters(clusters: Sequence[Cluster], grader: str, words: str) -> None:
    """Show the clusters; one that is chosen lists its records."""
    if not clusters:
        return
    st.subheader("Hidden stratification")
    rows = cluster_rows(clusters)
    st.html(html_table(CLUSTER_HEADS, rows[:_MOST_CLUSTERS], columns="ttnnn"))
    left_out = len(rows) - _MOST_CLUSTERS
    st.caption(
        f"{words} {left_out} clusters with smaller gaps stand in the list below alone." if left_out > 0 else words
    )
    names = {f"{row[0]}, {row[1]}": cluster for row, cluster in zip(rows, clusters, strict=True)}
    chosen = st.selectbox("Records of a cluster", list(names), index=None, key=CLUSTER_KEY, placeholder="Choose one")
    if chosen is not None:
        show_records(
            names[chosen].ecg_ids,
            {},
            grader,
            open_key=CLUSTER_OPEN_KEY,
            pick_key=CLUSTER_PICK_KEY,
            table_key=CLUSTER_TABLE_KEY,
        )
