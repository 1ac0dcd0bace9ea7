"""The plan of a run: from a folder or a list of records, in parts, each record once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cardiov_core.errors import DuplicateIdError, ManifestError, OutputError, RecordError
from cardiov_core.io import Place
from cardiov_core.scoring import Entry, list_entries
from cardiov_core.scoring.plan import is_manifest, read_plan, write_plan

Files = Callable[..., dict[str, bytes]]


def _manifest(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding=encoding, newline="")
    return path


def test_the_parts_of_a_plan_hold_each_record_once(tmp_path: Path, wfdb_files: Files) -> None:
    root = tmp_path / "records"
    root.mkdir()
    for name in "abcde":
        for file, content in wfdb_files(name).items():
            (root / file).write_bytes(content)
    (root / "notes.txt").write_text("hello")
    plan = write_plan(str(root), tmp_path / "plan.parquet", 2)
    assert (plan.n_records, plan.n_parts, plan.n_passed_over) == (5, 3, 1)
    assert read_plan(plan.path) == plan
    assert [plan.n_in(part) for part in range(3)] == [2, 2, 1]
    names = [[Path(entry.place.file).stem for entry in plan.entries([part])] for part in range(3)]
    assert names == [["a", "b"], ["c", "d"], ["e"]]
    assert list(plan.entries(range(3))) == list(list_entries(str(root)))[:5]


def test_a_list_names_ids_rates_and_units(tmp_path: Path) -> None:
    path = _manifest(tmp_path, "id;path;sampling_rate_hz;units\r\np1;a.csv;250;uV\r\np2;/b.csv;;\r\n", "utf-8-sig")
    assert is_manifest(str(path))
    first, second = list_entries(str(path))
    assert first == Entry(Place("a.csv", str(tmp_path / "a.csv")), "p1", 250.0, "uV")
    assert second == Entry(Place("/b.csv", "/b.csv"), "p2")


def test_bad_rows_have_their_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = _manifest(
        tmp_path, "path,id,sampling_rate_hz\na.csv,1,500\n,2,500\nc.csv,1,\nd.csv,4,fast\ne.csv,5,1,9\nf.csv,6\n"
    )
    plan = write_plan(str(path), tmp_path / "plan.parquet", 10)
    entries = list(plan.entries([0]))
    said = [None if entry.error is None else entry.error.message for entry in entries]
    assert said == [
        None,
        "Line 3 of list.csv names no file.",
        "Line 4 of list.csv has the id '1' of line 2.",
        "Line 5 of list.csv has the sampling rate 'fast'.",
        "Line 6 of list.csv has more values than columns.",
        None,
    ]
    assert isinstance(entries[2].error, DuplicateIdError)
    assert isinstance(entries[1].error, ManifestError)


def test_a_table_of_voltages_is_no_list(tmp_path: Path) -> None:
    assert not is_manifest(str(_manifest(tmp_path, "I,II,V1\n0.1,0.2,0.3\n")))
    assert not is_manifest(str(tmp_path / "absent.csv"))


def test_a_list_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"path\n\xff\xfe\x00\x81\n")
    with pytest.raises(ManifestError, match=r"list\.csv is no list of records"):
        write_plan(str(path), tmp_path / "plan.parquet", 10)
    assert not (tmp_path / "plan.parquet").exists()
    assert not list(tmp_path.glob(".*"))


def test_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordError, match="empty holds no ECG"):
        write_plan(str(tmp_path / "empty"), tmp_path / "plan.parquet", 10)


def test_a_damaged_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(OutputError, match=r"plan\.parquet cannot be read"):
        read_plan(tmp_path / "plan.parquet")
