"""A confusion matrix whose cells can be chosen, by click or from a list."""

from functools import partial

import streamlit as st

from cardiov_core.domain import Severity
from cardiov_core.evaluation import Comparison
from cardiov_core.reporting import confusion_figure
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.page import dark_theme

_CHART_CONFIG = {"displaylogo": False, "displayModeBar": False}


def confusion_chart(comparison: Comparison, alternative: str, *, chart_key: str, cell_key: str) -> None:
    """Draw a confusion matrix; a click on a cell chooses it in the list of `choose_cell`."""
    st.plotly_chart(
        confusion_figure(comparison, dark=dark_theme()),
        key=chart_key,
        theme=None,
        config=_CHART_CONFIG,
        alt=alternative,
        on_select=partial(_take_cell, _clicked(cell_key), chart_key),
        selection_mode="points",
    )


def choose_cell(comparison: Comparison, *, cell_key: str, names: tuple[str, str]) -> tuple[int, int] | None:
    """Offer the filled cells as a list, since a figure cannot be clicked from the keyboard; return row and column."""
    n_levels = len(Severity)
    filled = [
        row * n_levels + column
        for row in range(n_levels)
        for column in range(n_levels)
        if comparison.cells[row][column].count
    ]
    clicked = _clicked(cell_key)
    if clicked:
        st.session_state[cell_key] = clicked[-1]
        clicked.clear()
    if st.session_state.get(cell_key) not in filled:
        st.session_state[cell_key] = None
    cell: int | None = st.selectbox(
        "Cell",
        filled,
        index=None,
        key=cell_key,
        format_func=partial(_cell_words, comparison, names),
        placeholder="A cell",
        label_visibility="collapsed",
    )
    return None if cell is None else divmod(cell, n_levels)


def _clicked(cell_key: str) -> list[int]:
    """Return the cells that were clicked and are not in the list yet."""
    clicked: list[int] = st.session_state.setdefault(f"{cell_key}_clicked", [])
    return clicked


def _take_cell(clicked: list[int], chart_key: str) -> None:
    points = entered().get(chart_key, {}).get("selection", {}).get("points")
    if points:
        clicked.append(int(points[0]["customdata"]))


def _cell_words(comparison: Comparison, names: tuple[str, str], cell: int) -> str:
    row, column = divmod(cell, len(Severity))
    first, second = names
    return f"{first} {row}, {second} {column}: {comparison.cells[row][column].count}"
