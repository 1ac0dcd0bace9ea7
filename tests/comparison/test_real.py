"""Repeated ECGs of PTB-XL's patients: what is known of them is what the comparison says."""

from pathlib import Path

import pytest

from cardiov_core.comparison import check_identity, compare_ecgs, recorded_first
from cardiov_core.datasets import PtbXl, find_ptbxl
from cardiov_core.domain import EcgRecord
from tests.comparison.hearts import examined

pytestmark = pytest.mark.dataset


@pytest.fixture(scope="module")
def ptbxl(data_folder: Path) -> PtbXl:
    dataset = find_ptbxl()
    if dataset is None:
        pytest.skip("no PTB-XL among the real records")
    return dataset


def _pair(dataset: PtbXl, first: int, second: int) -> tuple[EcgRecord, EcgRecord]:
    one, other = dataset.record(first), dataset.record(second)
    assert check_identity(one, other).identity == "same patient"
    return one, other


def test_two_normal_ecgs_of_half_an_hour_have_no_new_finding(ptbxl: PtbXl) -> None:
    first, second = _pair(ptbxl, 55, 56)
    assert recorded_first(second, first) is first
    comparison = compare_ecgs(examined(first), examined(second))
    shown = {finding.code for finding in comparison.later.findings if finding.shown}
    assert [item.code for item in comparison.of("new", "gone") if item.code in shown] == []
    rhythm = next(item for item in comparison.items if item.code == "rhythm")
    assert (rhythm.state, rhythm.later) == ("unchanged", "sinus_rhythm")


def test_a_flutter_that_ended_is_gone_and_the_rhythm_has_changed(ptbxl: PtbXl) -> None:
    """Stated as flutter, two days later as sinus rhythm."""
    first, second = _pair(ptbxl, 23, 26)
    comparison = compare_ecgs(examined(first), examined(second))
    states = {item.code: item.state for item in comparison.items if not item.lead}
    assert states["atrial_flutter"] == "gone"
    assert states["rhythm"] == "changed"
