"""A tree and a cache give a training the same, and each record is read once."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets import LabelledRecords, PtbXl, whole_records
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, InputContract
from cardiov_core.errors import DatasetError

CONTRACT = InputContract(STANDARD_LEADS, 100.0, 1000, (0.5, 45.0), 3, "none")
TABLE = (
    "ecg_id,patient_id,age,sex,device,recording_date,scp_codes,strat_fold,filename_lr,filename_hr\n"
    "1,10,50,1,x,,{'NORM': 100.0},1,l/1,h/1\n2,11,60,0,x,,{'IMI': 100.0},2,l/2,h/2\n"
)


class _Counted(PtbXl):
    """Counts how often each record is read at each rate."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read_at: Counter[tuple[int, int]] = Counter()

    def record(self, ecg_id: int, sampling_rate_hz: int = 500) -> EcgRecord:  # type: ignore[override]
        self.read_at[ecg_id, sampling_rate_hz] += 1
        return generate("normal", seed=ecg_id, sampling_rate_hz=float(sampling_rate_hz))


def test_each_record_is_read_once_also_where_it_is_measured_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "ptbxl_database.csv").write_text(TABLE)
    tree = _Counted(tmp_path)
    seen: list[int] = []
    found = tree.prepared([1, 2], CONTRACT, lambda ecg_id, _record: seen.append(ecg_id))
    assert found.windows.shape == (2, 12, 1000)
    assert found.windows.dtype == np.float32
    assert found.rows is None
    assert seen == [1, 2]
    assert set(tree.read_at.values()) == {1}
    assert len({marks["fingerprint_500"] for marks in found.fingerprints}) == 2


def test_whole_records_are_those_of_a_tree(tmp_path: Path) -> None:
    (tmp_path / "ptbxl_database.csv").write_text(TABLE)
    tree: LabelledRecords = PtbXl(tmp_path)
    assert whole_records(tree) is tree

    class _Cache:
        source_name = "tree"

    with pytest.raises(DatasetError, match="cache of prepared windows") as caught:
        whole_records(_Cache())  # type: ignore[arg-type]
    assert "(tree)" in caught.value.hint
