"""Batch: drop many records, get one list with the most urgent first."""

from cardiov_core.ui import batch, components
from cardiov_core.ui.batch_state import batch_state

with components.page():
    job = batch_state().job
    if job is None:
        batch.drop_zones()
    else:
        batch.show_progress(job)
        batch.show_list(job)
        batch.show_bad_files(job)
