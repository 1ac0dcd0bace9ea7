"""Worklist: the next case to read, the owner's table, the adjudicator's queue."""

from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.page import page
from cardiov_core.ui.review import reader
from cardiov_core.ui.worklist import alerts
from cardiov_core.ui.worklist import page as worklist

with page():
    store = resources.review_store()
    me = reader.current_reader(store)
    if me is None:
        reader.ask_reader(store, "Read ECGs that the grader may have got wrong. Who reads?")
    else:
        alerts.show_alerts(store, me)
        worklist.show_worklist(store, me)
