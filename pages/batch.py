"""Batch: drop many records, get one list with the most urgent first."""

from cardiov_core.ui.batch import page as batch
from cardiov_core.ui.batch.state import batch_state
from cardiov_core.ui.frame.page import page

with page():
    job = batch_state().job
    if job is None:
        batch.drop_zones()
    else:
        batch.show_progress(job)
        batch.show_list(job)
        batch.show_bad_files(job)
