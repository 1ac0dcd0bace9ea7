"""Training detectors on made-up numbers: what is written is what was learned, out of fold."""

import json
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.errors import DatasetError
from cardiov_core.training.findings.train_findings import N_FOLDS, TASKS, Rows, train_findings
from cardiov_core.weights.findings import load_findings

N = 400


def _rows(groups: np.ndarray | None = None) -> Rows:
    """One number tells every finding: 'sign' above 1 with the rhythms, 'V1_q_mv' above 1 with the others."""
    rng = np.random.default_rng(0)
    numbers, codes = [], []
    for index in range(N):
        ill = index % 4 == 0
        shift = 3.0 if ill else 0.0
        numbers.append(
            {
                "sign": shift + 0.3 * rng.standard_normal(),
                "V1_q_mv": shift + 0.3 * rng.standard_normal(),
                "qrs_ms": 90.0,
                "qrs_axis_deg": 30.0,
                "t_axis_deg": 20.0,
            }
        )
        codes.append(frozenset({task.labels[0] for task in TASKS.values()}) if ill else frozenset({"NORM"}))
    chosen = np.arange(N) // 4 % N_FOLDS if groups is None else groups
    return Rows(numbers, codes, chosen, [f"{index:016x}" for index in range(N)])


def test_what_is_learned_is_found_again_out_of_fold(tmp_path: Path) -> None:
    rows = _rows()
    card = json.loads(train_findings(rows, tmp_path).read_text(encoding="utf-8"))
    weights = load_findings(tmp_path)
    assert weights is not None
    assert set(weights.detectors) == set(TASKS)
    for code, detector in weights.detectors.items():
        assert card["detectors"][code]["out_of_fold"]["auc"] > 0.99
        ill, well = (detector.probability(rows.numbers[index], fold=0) for index in (0, 1))
        assert well <= detector.limit < ill
    assert weights.fold_of["0" * 16] == 0
    assert sum(len(marks) for marks in card["folds"]) == N


def test_all_groups_are_needed(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="folds 1 to 9"):
        train_findings(_rows(np.zeros(N, dtype=np.int64)), tmp_path)


def test_a_number_that_only_some_have_is_a_split_that_a_file_takes(tmp_path: Path) -> None:
    rows = _rows()
    for numbers, codes in zip(rows.numbers, rows.codes, strict=True):
        if "NORM" in codes:
            numbers["sign"] = numbers["V1_q_mv"] = float("nan")
    train_findings(rows, tmp_path)
    weights = load_findings(tmp_path)
    assert weights is not None
    for detector in weights.detectors.values():
        ill, well = (detector.probability(rows.numbers[index], fold=0) for index in (0, 1))
        assert ill > 0.9 > 0.1 > well
