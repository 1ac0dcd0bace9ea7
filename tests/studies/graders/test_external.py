"""Levels of other sources' diagnoses, by the table's own rule."""

from pathlib import Path

import pytest

from cardiov_core.datasets.ludb import Ludb
from cardiov_core.errors import DatasetError
from cardiov_core.inference import load_predictor
from cardiov_core.studies.graders.external import check_outside, level_by_patterns, outside_records, read_levels

TABLE = """source,pattern,critical_value
ludb,^incomplete left bundle,1
ludb,scar formation,3
ludb,left bundle,2
ludb,^sinus rhythm,0
snomed,426783006,0
snomed,164889003,2
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "levels.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_the_first_pattern_of_each_diagnosis_counts_and_the_gravest_diagnosis(table: Path) -> None:
    patterns = read_levels(table)["ludb"]
    assert level_by_patterns(["Sinus rhythm", "Incomplete left bundle branch block"], patterns) == 1
    assert level_by_patterns(["Complete left bundle branch block", "Sinus rhythm"], patterns) == 2
    assert level_by_patterns(["Scar formation: septal"], patterns) == 3
    assert level_by_patterns(["Electric axis: normal"], patterns) is None


def test_a_file_that_is_no_table_is_told(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    for path in (other, tmp_path / "absent.csv"):
        with pytest.raises(DatasetError, match="no table of diagnoses"):
            read_levels(path)


@pytest.mark.dataset
def test_real_records_get_the_levels_of_the_table(data_folder: Path) -> None:
    levels = read_levels(data_folder / "diagnosis-levels.csv")
    found = {record.record_id: level for record, level in outside_records(data_folder / "cinc-samples", levels)}
    assert set(found.values()) <= {0, 1, 2, 3}
    ludb = Ludb(data_folder / "ludb")
    assert sum(1 for _ in outside_records(data_folder / "ludb", levels)) <= len(ludb.ids())
    figures = check_outside(data_folder / "cinc-samples", levels, load_predictor("cardiov-compact"))
    assert figures.n + figures.n_withheld == len(found)
    assert sum(figures.n_per_level) == figures.n
    assert figures.observed == pytest.approx(sum(figures.n_per_level[2:]) / figures.n)
    assert 0 <= figures.calibration_error <= 1
    assert figures.held.n == figures.n
    assert figures.others.n <= figures.n <= figures.others.n + figures.warned.n + figures.flagged.n
