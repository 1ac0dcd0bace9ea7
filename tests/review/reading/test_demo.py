from pathlib import Path

import pytest

from cardiov_core import review
from cardiov_core.domain import CaseStatus
from cardiov_core.inference import load_predictor
from cardiov_core.review import N_DEMO_CASES, DemoStudy
from cardiov_core.review.reading.demo import DEMO_STUDY


@pytest.mark.slow
def test_a_demo_study_fills_worklist_and_agreement_and_leaves_nothing_behind(weights_folder) -> None:
    demo = DemoStudy("Eva")
    assert [*demo.fill(load_predictor())][-1] == N_DEMO_CASES
    page = review.list_cases(demo.store, limit=N_DEMO_CASES)
    assert page.total == N_DEMO_CASES
    assert review.blind_queue(demo.store, "Eva", DEMO_STUDY) is not None, "some are left for the presenter"
    assert page.by_status[CaseStatus.TO_ADJUDICATE] > 0, "and some to decide"
    reads, cases = review.study_reads(demo.store, DEMO_STUDY)
    assert len({read.case_id for read in reads}) >= 20, "as many as a number of agreement needs"
    assert len(cases) == len({read.case_id for read in reads}), "those that were read"
    file = Path(str(demo.store.engine.url.database))
    assert file.is_file()
    demo.remove()
    assert not file.parent.exists()
