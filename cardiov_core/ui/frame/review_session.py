"""What a browser session knows of its reader: kept in memory on the server, never in the URL and never logged."""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import streamlit as st

from cardiov_core.errors import CardioVError
from cardiov_core.ui.frame.remembered import forget_remembered, recalled, remember

if TYPE_CHECKING:
    # The first screen is drawn before these rooms are loaded.
    from cardiov_core.domain import Contributions, Draft, Explanation, Role, Severity
    from cardiov_core.review import DemoStudy, ShownGrade

_STATE_KEY = "cardiov_review"
# Grades that a session was shown before anybody gave a name; as many as a long batch has.
_MAX_UNNAMED = 5000

ShownKey = tuple[str, str, float]
"""Fingerprint of the record, grader, start of the window in seconds."""


class Way(StrEnum):
    """What a button asks for that only the next page can do."""

    SIGN_IN = "sign in"
    OUT = "sign out, or let the reader go"


@dataclass
class ReviewState:
    """What a browser session holds of the review."""

    name: str | None = None  # the reader's; None until asked
    identity: str | None = None  # who signed in; None where nobody signs in
    roles: "frozenset[Role]" = frozenset()  # as the database said when this page began
    failure: CardioVError | None = None  # why the last step could not be done
    # What was entered for each case: also where the database could not be written.
    drafts: "dict[str, Draft]" = field(default_factory=dict)
    unsaved: set[str] = field(default_factory=set)  # cases whose draft the database does not have
    opened: set[str] = field(default_factory=set)  # cases whose opening stands in the audit
    opened_by_owner: set[str] = field(default_factory=set)  # cases of which this reader asked for the owner's view
    history: list[str] = field(default_factory=list)  # cases in the order in which they were opened
    went_on: set[str] = field(default_factory=set)  # read cases whose reader asked for what comes after the commit
    # (case, target) -> where the network looked.
    explanations: "dict[tuple[str, int | str], Explanation | Contributions]" = field(default_factory=dict)
    owner_view: bool = False  # the reader opened the table with labels and levels
    corner: str | None = None  # corner of label and grade that was clicked; the Worklist shows its cases next
    way: Way | None = None  # in or out, as a button of the page before asked
    # View and filters of the Worklist when a case was opened from it: where Back leads.
    worklist_address: dict[str, str] = field(default_factory=dict)
    worklist_row: int | None = None  # row of that case
    shown: set[ShownKey] = field(default_factory=set)  # grades of the Analyse page that stand in the audit
    # Grades that were shown before the reader had a name.
    unnamed: "deque[ShownGrade]" = field(default_factory=lambda: deque(maxlen=_MAX_UNNAMED))
    opinions: dict[ShownKey, str] = field(default_factory=dict)  # what was logged on the Analyse page, in a sentence
    disagreement_wanted: ShownKey | None = None  # grade with which the reader disagrees; logged with the reason next
    alerts: dict[str, str] = field(default_factory=dict)  # fingerprint of a record -> the case whose alert it opened
    # What was chosen in forms that are no draft of a read, by form; None: indeterminate.
    notes: "dict[str, Severity | None]" = field(default_factory=dict)
    save_wanted: str | None = None  # case whose read is to be saved as soon as what was entered with it is taken
    incomplete: str | None = None  # case whose read could not be saved because something is missing
    demo_wanted: bool = False  # a demo study was asked for and is not filled yet
    demo: "DemoStudy | None" = None  # what Worklist, Review and Agreement show instead of the review
    before_demo: "ReviewState | None" = None  # what this session held of the review before


def review_state() -> ReviewState:
    """Return this browser session's review, made on first use."""
    if _STATE_KEY not in st.session_state:
        st.session_state[_STATE_KEY] = recalled(_STATE_KEY, ReviewState) or ReviewState()
        remember(_STATE_KEY, st.session_state[_STATE_KEY])
    state: ReviewState = st.session_state[_STATE_KEY]
    return state


def ask_way(state: ReviewState, way: Way) -> None:
    """Note that somebody wants in or out; the page does it, since another click may end a callback half-way."""
    state.way = way


def forget_reader() -> None:
    """Begin anew, for another reader at the same screen."""
    before = review_state()
    forget_remembered(_STATE_KEY)
    _hold(ReviewState(demo=before.demo, before_demo=before.before_demo))


def enter_demo(demo: "DemoStudy") -> None:
    """Show a demo study; what this session holds of the review waits meanwhile."""
    before = review_state()
    _hold(
        ReviewState(
            demo.presenter,
            before.identity,
            demo=demo,
            before_demo=before,
            # What was shown on the other pages counts there, demo or not.
            shown=before.shown,
            unnamed=before.unnamed,
            opinions=before.opinions,
            alerts=before.alerts,
        )
    )


def leave_demo() -> None:
    """Remove the demo study and go back to the review."""
    state = review_state()
    if state.demo is not None:
        state.demo.remove()
        _hold(state.before_demo or ReviewState())


def _hold(state: ReviewState) -> None:
    st.session_state[_STATE_KEY] = state
    remember(_STATE_KEY, state)
