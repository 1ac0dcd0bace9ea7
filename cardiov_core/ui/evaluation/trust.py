"""How far levels, sets and statements of a grader were to be trusted out of fold: counts, each with its interval."""

import streamlit as st

from cardiov_core.domain import Tally
from cardiov_core.inference import wrong_where_split
from cardiov_core.reporting import (
    SET_HEADS,
    STATEMENT_HEADS,
    WARNING_HEADS,
    set_rows,
    statement_rows,
    warning_caption,
    warning_rows,
)
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import html_table
from cardiov_core.weights import ModelCard, StatementHead, load_statement_head


def show_sets(card: ModelCard) -> None:
    """Show how many prediction sets held the level, a level at a time, and those that name one level alone."""
    rows = set_rows(card)
    if rows:
        st.subheader("Prediction sets")
        st.html(html_table(SET_HEADS, rows, columns="tnnn"))
        st.caption(
            "Ninety per cent are wanted of the records of each level. Sets that name one level are counted alone "
            "and need not reach it. Limits and calibration were fitted without the record's group of patients."
        )


def show_warnings(card: ModelCard) -> None:
    """Show how often levels were wrong that the pages warn of, and how often the others."""
    rows = warning_rows(card, _split(card.name))
    if rows:
        st.subheader("Warnings")
        st.html(html_table(WARNING_HEADS, rows, columns="tnnn"))
        st.caption(warning_caption(card))


def show_statements() -> None:
    """Show how well each likely statement is predicted."""
    head = _statement_head()
    if head is None:
        return
    low, high = head.card.macro_auc_interval
    st.subheader("Likely statements")
    with st.expander(
        f"{sum(one.shown for one in head.card.statements)} statements that are shown, and those that never are"
    ):
        st.html(html_table(STATEMENT_HEADS, statement_rows(head.card), columns="ttnnnnt"))
    st.caption(
        f"Out of fold on {head.card.n_records} records, whichever grader is shown. Mean AUC of those that are shown: "
        f"{head.card.macro_auc:.3f} ({low:.3f} to {high:.3f})."
    )


def _split(name: str) -> tuple[Tally, Tally] | None:
    """Return how often a grader was wrong where the shipped graders differ and where they agree, all as shipped."""
    graded = {each.name: each.by_own(None).graded_out_of_fold for each in resources.graders().values()}
    mine = graded.pop(name, None)
    others = [one for one in graded.values() if one is not None]
    return None if mine is None else wrong_where_split(mine, others)


@st.cache_resource(show_spinner=False)
def _statement_head() -> StatementHead | None:
    return load_statement_head()
