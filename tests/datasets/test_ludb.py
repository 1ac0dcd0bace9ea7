"""LUDB's reader: on a folder made by the test, and on the real records."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from cardiov_core.datasets import Ludb
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import DatasetError

# wfdb writes annotations through a pandas option that pandas 3.1 calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")

TABLE = (
    "ID,Sex,Age,Rhythms,Electric axis of the heart,Conduction abnormalities\n"
    '7,F,51,"Atrial fibrillation\nAberrant conduction",Electric axis of the heart: vertical,\n'
    "9,M,60,Sinus rhythm,,\n"
)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with one record, whose lead II has a whole QRS, a P wave without an end and a whole T wave."""
    (tmp_path / "ludb.csv").write_text(TABLE)
    folder = tmp_path / "data"
    folder.mkdir()
    signal = np.random.default_rng(0).normal(0, 0.1, (3000, 12))
    names = [lead.lower() for lead in STANDARD_LEADS]
    wfdb.wrsamp("7", 500, ["mV"] * 12, names, signal, fmt=["16"] * 12, write_dir=str(folder))
    for name in names:
        mark(folder, name, [100, 120, 140], "(N)")
    mark(folder, "ii", [100, 120, 140, 300, 320, 330, 350, 380], "(N)(p(t)")
    return tmp_path


def mark(folder: Path, lead: str, samples: list[int], symbols: str) -> None:
    """Write a lead's annotation file; wfdb itself refuses to write extensions with digits."""
    wfdb.wrann("7", "made", np.array(samples), list(symbols), fs=500, write_dir=str(folder))
    (folder / "7.made").replace(folder / f"7.{lead}")


def test_waves_are_read_with_their_times(made: Path) -> None:
    waves = Ludb(made).boundaries(7)
    assert tuple(waves) == STANDARD_LEADS
    assert [wave.kind for wave in waves["II"]] == ["qrs", "t"]
    first, last = waves["II"]
    assert (first.boundaries.onset_s, first.peak_s, first.boundaries.offset_s) == pytest.approx((0.2, 0.24, 0.28))
    assert last.boundaries.duration_ms == pytest.approx(100.0)
    assert [wave.kind for wave in waves["V6"]] == ["qrs"]


def test_table_fills_record_and_diagnoses(made: Path) -> None:
    ludb = Ludb(made)
    assert ludb.ids() == [7]  # record 9 has no files
    record = ludb.record(7)
    assert (record.age, record.sex, record.leads) == (51.0, "female", STANDARD_LEADS)
    assert ludb.rhythms(7) == ("Atrial fibrillation", "Aberrant conduction")
    assert ludb.diagnoses(7)[-1] == "Electric axis of the heart: vertical"


def test_what_is_not_there_is_named(made: Path, tmp_path: Path) -> None:
    ludb = Ludb(made)
    with pytest.raises(DatasetError, match="no record 8"):
        ludb.boundaries(8)
    with pytest.raises(DatasetError, match="record 9 cannot be read"):
        ludb.record(9)
    with pytest.raises(DatasetError, match=r"no ludb\.csv"):
        Ludb(tmp_path / "data")
    (made / "data" / "7.v2").unlink()
    with pytest.raises(DatasetError, match=r"7\.v2 of LUDB cannot be read"):
        ludb.boundaries(7)


@pytest.mark.dataset
def test_real_records(data_folder: Path) -> None:
    ludb = Ludb(data_folder / "ludb")
    assert len(ludb.ids()) == 100
    waves = ludb.boundaries(1)
    # Record 1's first marked complex in lead II: samples 644, 662, 682 of the published file.
    first = waves["II"][0]
    assert first.kind == "qrs"
    assert (first.boundaries.onset_s, first.peak_s, first.boundaries.offset_s) == pytest.approx((1.288, 1.324, 1.364))
    assert "Atrial fibrillation" in {rhythm for number in ludb.ids() for rhythm in ludb.rhythms(number)}
