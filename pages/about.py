"""About: what CardioV is and is not, its grader, the table behind the level, and what the level cannot see."""

import streamlit as st

from cardiov_core.statements import STATEMENTS
from cardiov_core.ui.evaluation.card import show_card
from cardiov_core.ui.frame.html import bullet_list, html_table
from cardiov_core.ui.frame.page import page
from cardiov_core.version import installed_version
from cardiov_core.weights import list_cards

PURPOSE = """
CardioV opens a 12-lead ECG, draws it as on ECG paper and estimates its **critical value**: 0 no, 1 low, 2 medium or
3 high risk. It shows how probable each level is, what the signal quality allows, and which stretch of the signal the
network looked at.

It is made for cardiologists, clinicians and researchers who study automatic triage of ECGs. It is research software:
it has no approval as a medical device, it makes no diagnosis, and no decision about a patient may rest on it. Files
that you open are read on the server that runs CardioV, through a temporary folder that is removed once they are read;
they stay in its memory until you open another ECG or begin another batch, at most an hour after you last used the page.
"""

BLIND_SPOTS = (
    "ST elevation as such counts as low risk by the paper's table: only statements of infarction count as high. Where "
    "the rules find ST elevation in neighbouring leads, the level on show is raised to high, and says so; an infarct "
    "that stays below their limits, or that a wide QRS hides, is not seen.",
    "An old infarct counts like a new one: the table does not tell them apart.",
    "Ventricular tachycardia, hyperkalaemia and the Brugada pattern are not among the 71 statements, so no grader "
    "learned that they are dangerous. A wide-complex tachycardia that the rules find raises the level; tall T waves "
    "and a Brugada pattern are told among the findings, and the level stays.",
    "Critical results raise the level by limits of one ECG: what lies just within them does not, and what could not be "
    "measured raises nothing.",
    "The level of a record follows its most likely statement. PTB-XL gives rhythm statements no likelihood, so that "
    "atrial fibrillation beside a graded statement did not count in training.",
    "The level speaks of one ECG of ten seconds, not of a patient: it knows no symptoms, history or earlier ECG. What "
    "changed since an earlier one is told on the Compare tab and does not move the level.",
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
    st.header("Models")
    for card in list_cards():
        show_card(card)
    st.header("Statements and their levels")
    st.write(
        f"The {len(STATEMENTS)} ECG statements that the level rests on, each with its critical value, "
        "by the table of the paper named below."
    )
    st.html(html_table(("Level", "Risk", "Code", "Statement"), statement_rows()))
    st.header("Sources and licences")
    st.html(bullet_list(SOURCES))
    st.write(f"Version: {installed_version()}")


with page():
    show()
