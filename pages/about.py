"""About: what CardioV is and is not, its grader, the table behind the level, and what the level cannot see."""

import streamlit as st

from cardiov_core.statements import STATEMENTS
from cardiov_core.ui.evaluation.card import show_card
from cardiov_core.ui.frame.html import bullet_list, html_table
from cardiov_core.ui.frame.page import page
from cardiov_core.version import installed_version
from cardiov_core.weights import list_cards

PURPOSE = """
CardioV draws a 12-lead ECG on ECG paper and estimates its **critical value**: 0 no, 1 low, 2 medium or 3 high risk. It
is research software for those who study triage: no medical device, no diagnosis, and no decision about a patient may
rest on it.

Files are read on the server that runs CardioV and held in its memory until you open another ECG or begin another batch,
at most an hour after you last used the page.
"""

BLIND_SPOTS = (
    "ST elevation as such is low risk by the paper's table. Where the rules find it in neighbouring leads, the level "
    "is raised to high, and says so; an infarct below their limits or hidden by a wide QRS is not seen.",
    "An old infarct counts like a new one.",
    "Ventricular tachycardia, hyperkalaemia and the Brugada pattern are not among the 71 statements. A wide-complex "
    "tachycardia raises the level by rule; tall T waves and a Brugada pattern are findings, and the level stays.",
    "Critical results go by limits of one ECG: what lies just within them, or was not measured, raises nothing.",
    "The level follows the most likely statement; PTB-XL gives rhythm statements no likelihood, so that atrial "
    "fibrillation beside a graded statement did not count in training.",
    "The level is of one ECG of ten seconds: it knows no symptoms, history or earlier ECG.",
)

SOURCES = (
    "Method: Wei G, Di X, Zhang W, et al. Estimating critical values from electrocardiogram using a deep ordinal "
    "convolutional neural network. BMC Med Inform Decis Mak 22, 295 (2022).",
    "Training data: Wagner P, Strodthoff N, Bousseljot RD, et al. PTB-XL, a large publicly available "
    "electrocardiography dataset. Sci Data 7, 154 (2020). Licence CC BY 4.0, from PhysioNet.",
    "CardioV itself: Apache License 2.0.",
)


def statement_rows() -> list[tuple[str, str, str, str]]:
    """Return the 71 statements with their levels, gravest first."""
    rows = sorted(STATEMENTS.values(), key=lambda statement: (-statement.critical_value, statement.code))
    return [(str(int(row.critical_value)), row.critical_value.title, row.code, row.description) for row in rows]


def show() -> None:
    """Show the page."""
    st.title("About CardioV")
    st.markdown(PURPOSE)
    st.header("What the level cannot see")
    st.html(bullet_list(BLIND_SPOTS))
    st.header("Graders")
    for card in list_cards():
        with st.expander(f"{card.name} {card.version}"):
            show_card(card)
    st.header("Statements and their levels")
    with st.expander(f"The {len(STATEMENTS)} ECG statements that the level rests on, by the paper's table"):
        st.html(html_table(("Level", "Risk", "Code", "Statement"), statement_rows()))
    st.header("Sources and licences")
    st.html(bullet_list(SOURCES))
    st.write(f"Version: {installed_version()}")


with page():
    show()
