"""Review: read one ECG without label and grade, then see them."""

from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.page import page
from cardiov_core.ui.review import case as review_case
from cardiov_core.ui.review import reader

with page():
    store = resources.review_store()
    me = reader.current_reader(store)
    if me is None:
        reader.ask_reader(store, "Read an ECG and give it a level. Who reads?")
    else:
        review_case.show_review(store, me)
