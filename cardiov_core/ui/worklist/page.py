"""The Worklist page: the blind reader's start, the owner's table, the adjudicator's queue, and what the owner sets."""

import math
from collections.abc import Callable, Mapping

import streamlit as st

from cardiov_core.domain import CaseSource, CaseStatus, QualityVerdict, Reader, Role, Severity
from cardiov_core.errors import CardioVError
from cardiov_core.review import (
    QUADRANTS,
    CaseFilter,
    CaseOrder,
    CasePage,
    Store,
    adjudication_queue,
    assign,
    blind_queue,
    has_right_ones,
    list_cases,
    list_readers,
    list_studies,
    log_cases_seen,
    not_waiting,
    progress,
    study_progress,
)
from cardiov_core.ui.frame.access import signs_in
from cardiov_core.ui.frame.browser import scroll_to_row
from cardiov_core.ui.frame.html import place_words, plain, queue_words
from cardiov_core.ui.frame.navigation import CASE_PARAMETER, REVIEW_PAGE
from cardiov_core.ui.frame.page import guarded, show_error
from cardiov_core.ui.frame.review_session import review_state
from cardiov_core.ui.opening.demo import offer_demo
from cardiov_core.ui.review.preload import prepare_ahead
from cardiov_core.ui.review.reader import may
from cardiov_core.ui.worklist import table
from cardiov_core.ui.worklist.owner import people_and_rules, people_and_studies
from cardiov_core.ui.worklist.progress import CASES_VIEW, QUADRANT_KEY, VIEW_KEY, show_progress, take_corner

PAGE_ROWS = 50
_ANY = "any"
_ERRORS: Mapping[str, int] = {"1 or more": 1, "2 or more": 2, "3": 3}
_ORDERS: Mapping[str, CaseOrder] = {
    "priority": "priority",
    "error": "error",
    "disagreement": "disagreement",
    "level": "level",
    "record": "record",
    "newest": "newest",
}
STUDY_KEY, NEXT_KEY, OPEN_TABLE_KEY = "study", "next_case", "owner_open"
OPEN_KEY, QUEUE_OPEN_KEY, PICK_KEY = "worklist_open", "queue_open", "worklist_pick"


def show_worklist(store: Store, me: Reader) -> None:
    """Show what the reader may do, one view at a time; the view is kept in the URL."""
    views: dict[str, Callable[[Store, Reader, str], None]] = {}
    if may(me, Role.READER):
        views["Read"] = _start
    if may(me, Role.ADMINISTRATOR):
        views[CASES_VIEW] = _owner
        views["Progress"] = show_progress
    if may(me, Role.ADJUDICATOR):
        views["Adjudicate"] = _adjudicator
    if may(me, Role.ADMINISTRATOR):
        views["Study and people"] = people_and_studies
    if not views:
        st.info("You have no role in this review yet. An administrator of the review gives roles.")
        return
    take_corner()
    names = [study.name for study in list_studies(store)]
    if not names:
        _nothing_yet()
        # Roles and alerts are set before the first ECG arrives.
        if signs_in() and may(me, Role.ADMINISTRATOR):
            with guarded():
                people_and_rules(store, me)
        return
    with st.container(key="worklist_head", horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            list(views),
            # Set already where a corner of label and grade was clicked.
            default=None if VIEW_KEY in st.session_state else next(iter(views)),
            required=True,
            key=VIEW_KEY,
            bind="query-params",
            label_visibility="collapsed",
        )
        study = st.selectbox("Study", names, key=STUDY_KEY, bind="query-params", width=220) if names[1:] else names[0]
    with guarded():
        views[view or next(iter(views))](store, me, study)


def _nothing_yet() -> None:
    st.info("No case has come in yet.")
    st.markdown(
        "*Send to review* in the Log tab of the Analyse page brings one; `cardiov review import-cases` brings many."
    )
    offer_demo()


def _start(store: Store, me: Reader, study: str) -> None:
    """Show a blind reader how far they are, and the way to the next case; nothing of any case."""
    following = blind_queue(store, me.name, study)
    so_far = progress(store, me.name, study)
    done = so_far.read + so_far.skipped
    if following is None:
        st.info(f"No case waits for you. {queue_words(not_waiting(store, me.name, study))}")
        return
    st.progress(done / max(done + so_far.waiting, 1), place_words(so_far))
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Next case", key=NEXT_KEY, type="primary", shortcut="N"):
            _open(following.id)
        words = [f"{so_far.read} read", f"{so_far.skipped} skipped"]
        if so_far.drafts:
            words.append(f"{so_far.drafts} begun")
        st.markdown(", ".join(words), width="content")
    mixed = " Cases that the grader got right are mixed in, so that no case is known to be wrong."
    right = mixed if has_right_ones(store, study) else ""
    st.caption(f"You read each ECG before you see its label or the grader's level, in random order.{right}")
    prepare_ahead(store, following.id)


def _owner(store: Store, me: Reader, study: str) -> None:
    state = review_state()
    if may(me, Role.READER) and not state.owner_view:
        st.write(
            "The table shows labels and levels. It is for the study's owner: cases that it shows you, you will read "
            "unblinded."
        )

        def _agree() -> None:
            state.owner_view = True

        st.button("Show the table", key=OPEN_TABLE_KEY, on_click=_agree)
        return
    wanted = _filters(study)
    order = _ORDERS[st.session_state.get("sort", "priority")]
    page = list_cases(store, wanted, order=order, offset=PAGE_ROWS * (_asked_page() - 1), limit=PAGE_ROWS)
    pages = max(math.ceil(page.total / PAGE_ROWS), 1)
    if _asked_page() > pages:
        # A filter left fewer pages than there were.
        st.session_state["page"] = pages
        page = list_cases(store, wanted, order=order, offset=PAGE_ROWS * (pages - 1), limit=PAGE_ROWS)
    log_cases_seen(store, page.cases, me.name)
    table.show_counts(page, study_progress(store, study))
    if not page.cases:
        st.info("No case is as you asked for.")
        return
    chosen = table.case_table(page.cases, OPEN_KEY)
    scroll_to_row(table.TABLE_KEY, state.worklist_row, table.ROW_HEIGHT_PX)
    _below_the_table(store, me, page, chosen, pages)
    opened = st.session_state.get(OPEN_KEY)
    if opened is not None:
        _open_from_table(page, table.clicked(page.cases, opened["row"], opened["label"]))


def _filters(study: str) -> CaseFilter:
    """Show the filters, which are kept in the URL, and return what they say."""
    with st.container(key="worklist_filters", horizontal=True, gap="xsmall", vertical_alignment="bottom"):
        search = st.text_input("Record", key="record", bind="query-params", placeholder="Part of its name", width=150)
        error = _choice("Error", "error", list(_ERRORS), 104)
        corner = _choice("Label and grade", QUADRANT_KEY, list(QUADRANTS), 130)
        of_label, of_grade = (None, None) if corner is None else QUADRANTS[corner]
        level = _choice("Level", "level", [each.title for each in _side(of_grade) or Severity], 128)
        quality = _choice("Quality", "quality", [each.value for each in QualityVerdict], 130)
        status = _choice("Status", "status", [each.value for each in CaseStatus], 130)
        source = _choice("Source", "source", [each.value for each in CaseSource], 104)
        assigned = _choice("Readers", "readers", ["differ"], 90)
        graders = _choice("Graders", "graders", ["differ"], 90)
        st.selectbox("Sort by", list(_ORDERS), key="sort", bind="query-params", width=130)
    return CaseFilter(
        study=study,
        label=_side(of_label),
        status=() if status is None else (CaseStatus(status),),
        source=() if source is None else (CaseSource(source),),
        quality=() if quality is None else (QualityVerdict(quality),),
        level=tuple(each for each in Severity if each.title == level) or _side(of_grade),
        min_error=None if error is None else _ERRORS[error],
        disagree=assigned is not None,
        graders_disagree=graders is not None,
        search=search or "",
    )


def _side(high: bool | None) -> tuple[Severity, ...]:
    """Return the levels of one side of medium risk; nothing, which is all, where no side is wanted."""
    return () if high is None else tuple(each for each in Severity if (each >= Severity.MEDIUM_RISK) is high)


def _choice(label: str, key: str, options: list[str], width: int) -> str | None:
    chosen = st.selectbox(label, [_ANY, *options], key=key, bind="query-params", width=width)
    return None if chosen == _ANY else chosen


def _asked_page() -> int:
    # The widget stands below the table; when a deep link opens it has not read the address yet.
    asked = str(st.session_state.get("page") or st.query_params.get("page") or 1)
    return max(int(asked), 1) if asked.isdecimal() else 1


def _below_the_table(store: Store, me: Reader, page: CasePage, chosen: list[int], pages: int) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if pages > 1:
            st.number_input(f"Page of {pages}", 1, pages, key="page", bind="query-params", width=130)
        by_name = {f"{case.record_id} ({case.id})": case.id for case in page.cases}
        # A canvas table cannot be clicked from the keyboard.
        picked = st.selectbox(
            "Open a case of this page",
            list(by_name),
            index=None,
            key=PICK_KEY,
            placeholder="Type a record",
            width=230,
        )
        names = [reader.name for reader in list_readers(store) if Role.READER in reader.roles]
        to = st.selectbox("Give the ticked cases to", names, index=None, placeholder="A reader", width=200)
        if st.button(f"Assign {len(chosen)}", disabled=not chosen or to is None) and to is not None:
            try:
                assign(store, [page.cases[row].id for row in chosen], to, me.name)
            except CardioVError as error:
                show_error(error)
            else:
                st.rerun()
    if picked is not None:
        _open_from_table(page, by_name[picked])


def _adjudicator(store: Store, me: Reader, study: str) -> None:
    waiting = [case for case in adjudication_queue(store, me.name) if case.study == study]
    if not waiting:
        st.success("No case waits for a decision of yours.")
        st.caption("Cases come here when their readers differ; those that you have read yourself go to somebody else.")
        return
    words = "1 case waits" if len(waiting) == 1 else f"{len(waiting)} cases wait"
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Decide the next", key=NEXT_KEY, type="primary", shortcut="N"):
            _open(waiting[0].id)
        st.markdown(f"{plain(words)} for a decision, the widest gap first.", width="content")
    table.queue_table(waiting, QUEUE_OPEN_KEY)
    opened = st.session_state.get(QUEUE_OPEN_KEY)
    if opened is not None:
        _open(waiting[int(opened["row"])].id)
    prepare_ahead(store, waiting[0].id)


def _open_from_table(page: CasePage, case_id: str) -> None:
    """Open a case of the table, and note where the table stood: Back leads there."""
    state = review_state()
    state.worklist_address = st.query_params.to_dict()
    state.worklist_row = next(place for place, case in enumerate(page.cases) if case.id == case_id)
    _open(case_id)


def _open(case_id: str) -> None:
    review_state().failure = None
    st.switch_page(REVIEW_PAGE, query_params={CASE_PARAMETER: case_id})
