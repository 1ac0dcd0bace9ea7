"""How fast critical results are acknowledged, for the owner of the Agreement page."""

import streamlit as st

from cardiov_core.reporting import statistics_rows
from cardiov_core.review import Store, alert_statistics
from cardiov_core.ui.frame.html import html_table


def show_alert_statistics(store: Store) -> None:
    """Show time to acknowledgement and the share that was late; nothing where no alert was ever opened."""
    statistics = alert_statistics(store)
    if statistics.n:
        st.subheader("Alerts for critical results")
        st.html(html_table(("What", "Value"), statistics_rows(statistics)))
