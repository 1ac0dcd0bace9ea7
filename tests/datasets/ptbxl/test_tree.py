"""PTB-XL as a data set: a small copy written by the test, and the real subset where it is at hand."""

import dataclasses
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets import PtbXl, data_root, find_ptbxl, ptbxl_ecg_id_of
from cardiov_core.domain import STANDARD_LEADS, Severity
from cardiov_core.errors import DatasetError
from tests.wfdb_files import PTBXL_HEAD, write_wfdb

HEADER = (
    f"{PTBXL_HEAD}\n"
    "1,15709.0,56.0,1,CS-12   E,1984-11-09 09:17:34,\"{'NORM': 100.0, 'LVOLT': 0.0}\",3,"
    "records100/00000/00001_lr,records500/00000/00001_hr\n"
)
SECOND = (
    "2,15710.0,300.0,0,AT-6 C,1985-01-02 10:00:00,\"{'IMI': 50.0, 'SR': 0.0}\",10,"
    "records100/00000/00002_lr,records500/00000/00002_hr\n"
    "3,15710.0,,0,,,\"{'AFIB': 0.0}\",10,records100/00000/00003_lr,records500/00000/00003_hr\n"
)


def write_record(root: Path, ecg_id: int, rate: int, *, gain: int = 1000, name: str | None = None) -> None:
    """Write a WFDB record of 10 s whose samples depend on `ecg_id` alone."""
    stem = name or f"{ecg_id:05d}_{'hr' if rate == 500 else 'lr'}"
    samples = np.random.default_rng(ecg_id).integers(-900, 900, (10 * rate, 12)).astype("<i2")
    upper = [lead.upper() for lead in STANDARD_LEADS]
    write_wfdb(root / f"records{rate}" / "00000", stem, samples, rate, leads=upper, gain=f"{gain}(0)/mV")


@pytest.fixture
def small(tmp_path: Path) -> PtbXl:
    """Three rows, of which records 1 and 2 exist."""
    (tmp_path / "ptbxl_database.csv").write_text(HEADER + SECOND, encoding="utf-8")
    for ecg_id in (1, 2):
        for rate in (500, 100):
            write_record(tmp_path, ecg_id, rate)
    return PtbXl(tmp_path)


def test_table_has_statements_and_labels(small: PtbXl) -> None:
    assert small.table.index.tolist() == [1, 2, 3]
    assert small.table["label"].tolist() == [0, 3, 2]
    assert small.scp_codes(1) == {"NORM": 100.0, "LVOLT": 0.0}
    assert small.label(1) is Severity.NO_RISK
    assert small.label(1, "most_severe") is Severity.LOW_RISK


def test_record_gets_age_sex_and_time_from_the_table(small: PtbXl) -> None:
    record = small.record(1)
    assert (record.sampling_rate, record.n_samples) == (500, 5000)
    assert (record.age, record.sex, record.patient_id, record.device) == (56.0, "female", "15709", "CS-12 E")
    assert record.recorded_at == datetime(1984, 11, 9, 9, 17, 34)
    low = small.record(2, 100)
    assert (low.sampling_rate, low.n_samples) == (100, 1000)
    assert (low.age, low.sex) == (300.0, "male")


def test_folds(small: PtbXl) -> None:
    assert small.ecg_ids([3]) == [1]
    assert small.ecg_ids(range(1, 11)) == [1, 2, 3]
    assert small.ecg_ids([4]) == []


def test_missing_parts_are_named(small: PtbXl, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="record 3"):
        small.record(3)
    with pytest.raises(DatasetError, match="record 99"):
        small.label(99)
    with pytest.raises(DatasetError, match="250 Hz"):
        small.record(1, 250)  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match="ptbxl_database"):
        PtbXl(tmp_path / "records500")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [("strat_fold", "fold", "strat_fold"), ("'IMI'", "'XYZ'", "XYZ"), ("{'IMI': 50.0", "{'IMI': ", "record 2")],
)
def test_a_wrong_table_is_a_dataset_error(tmp_path: Path, old: str, new: str, named: str) -> None:
    (tmp_path / "ptbxl_database.csv").write_text((HEADER + SECOND).replace(old, new), encoding="utf-8")
    with pytest.raises(DatasetError, match=named):
        _ = PtbXl(tmp_path).table


def test_a_ptbxl_record_is_known_by_its_samples(small: PtbXl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_DATA", str(small.root))
    record = small.record(1)
    assert ptbxl_ecg_id_of(record) == 1
    assert ptbxl_ecg_id_of(small.record(2, 100)) == 2
    assert ptbxl_ecg_id_of(dataclasses.replace(record, record_id="HR00001", signal=record.signal * 5)) == 1
    assert ptbxl_ecg_id_of(dataclasses.replace(record, record_id="00002_hr")) is None
    assert ptbxl_ecg_id_of(dataclasses.replace(record, record_id="mine")) is None
    assert ptbxl_ecg_id_of(dataclasses.replace(record, signal=-record.signal)) is None
    assert ptbxl_ecg_id_of(dataclasses.replace(record, record_id="00099_hr")) is None


def test_data_root_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_DATA", str(tmp_path))
    assert data_root() == tmp_path
    assert find_ptbxl() is None
    (tmp_path / "ptb-xl-subset").mkdir()
    (tmp_path / "ptb-xl-subset" / "ptbxl_database.csv").write_text(HEADER, encoding="utf-8")
    found = find_ptbxl()
    assert found is not None
    assert found.root == tmp_path / "ptb-xl-subset"
    monkeypatch.setenv("CARDIOV_DATA", str(tmp_path / "absent"))
    assert data_root() is None
    assert find_ptbxl() is None


@pytest.fixture
def subset() -> PtbXl:
    """Return the real subset, or skip."""
    root = data_root()
    if root is None or not (root / "ptb-xl-subset").is_dir():
        pytest.skip("ptb-xl-subset is not on this computer (CARDIOV_DATA)")
    return PtbXl(root / "ptb-xl-subset")


@pytest.mark.dataset
def test_real_subset_has_each_patient_in_one_fold(subset: PtbXl) -> None:
    assert len(subset.ecg_ids(range(1, 10))) == 434
    assert subset.table["patient_id"].nunique() == 407
    assert (subset.table.groupby("patient_id")["strat_fold"].nunique() == 1).all()


@pytest.mark.dataset
def test_real_record_five(subset: PtbXl) -> None:
    record = subset.record(5)
    assert record.leads == STANDARD_LEADS
    assert record.signal.shape == (12, 5000)
    assert (record.age, record.sex, record.patient_id) == (19.0, "female", "17448")
    assert ptbxl_ecg_id_of(record) == 5
    assert subset.record(5, 100).signal.shape == (12, 1000)
