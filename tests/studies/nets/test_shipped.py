"""Comparisons beside the weights come back as they were put there."""

from pathlib import Path

import pytest

from cardiov_core.errors import WeightsError
from cardiov_core.studies.nets.shipped import ship_comparison, shipped_comparisons
from cardiov_core.studies.nets.table import COMPARISON_HEADS, ComparisonTable, NetRow, comparison_rows

ROW = NetRow("gru", 711_495, 299.7, 10.0, None, (2, 3), 3, 0.8, 0.79, 0.81, 0.0, 0.0, 0.0, None)
TABLE = ComparisonTable("rhythm", "macro AUC", (ROW,), 2000, 1900, 1000, 3.0)


def test_a_comparison_comes_back_whole(tmp_path: Path) -> None:
    assert shipped_comparisons(tmp_path) == ()
    assert ship_comparison(TABLE, tmp_path).name == "rhythm.json"
    assert shipped_comparisons(tmp_path) == (TABLE,)
    (row,) = comparison_rows(TABLE)
    assert len(row) == len(COMPARISON_HEADS)
    assert row[:6] == ("gru", "711,495", "299.7", "10", "-", "2-3")


def test_a_damaged_comparison_is_told(tmp_path: Path) -> None:
    ship_comparison(TABLE, tmp_path).write_text('{"task": "rhythm"}')
    with pytest.raises(WeightsError, match=r"rhythm\.json is no comparison"):
        shipped_comparisons(tmp_path)
