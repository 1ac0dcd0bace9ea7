"""Weights of the finding detectors: what is saved is what is opened, and what is damaged is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.errors import WeightsIntegrityError, WeightsMismatchError
from cardiov_core.weights.findings import (
    Detector,
    FindingsTable,
    NewFindingsCard,
    join_trees,
    load_figures,
    load_findings,
    save_figures,
    save_findings,
)


def _tree(threshold: float, low: float, high: float) -> dict[str, np.ndarray]:
    """One question on the first column: up to the threshold `low`, above `high`; a missing value goes to the left."""
    return {
        "feature": np.array([0, -1, -1]),
        "threshold": np.array([threshold, 0.0, 0.0]),
        "missing_left": np.array([True, False, False]),
        "left": np.array([1, 1, 2]),
        "right": np.array([2, 1, 2]),
        "value": np.array([0.0, low, high]),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    trees = join_trees([_tree(1.0, -2.0, 2.0), _tree(3.0, -1.0, 1.0)], base=0.5)
    detector = Detector(("x", "y"), 0.4, (2.0, -1.0), (trees, join_trees([_tree(1.0, 0.0, 0.0)], base=0.0)))
    save_findings({"af": detector}, NewFindingsCard(folds=(("aa",), ("bb",))), tmp_path)
    return tmp_path


@pytest.mark.parametrize(("x", "log_odds"), [(0.5, -2.5), (1.0, -2.5), (2.0, 1.5), (4.0, 3.5), (float("nan"), -2.5)])
def test_trees_add_up(folder: Path, x: float, log_odds: float) -> None:
    weights = load_findings(folder)
    assert weights is not None
    detector = weights.detectors["af"]
    assert detector.folds[0].log_odds(np.array([x, 0.0])) == pytest.approx(log_odds)
    # The calibration is 2 * log odds - 1; without a fold the mean of both folds counts.
    assert detector.probability({"x": x}, fold=0) == pytest.approx(1 / (1 + np.exp(-(2 * log_odds - 1))))
    assert detector.probability({"x": x}) == pytest.approx(1 / (1 + np.exp(-(log_odds - 1))))
    assert weights.fold_of == {"aa": 0, "bb": 1}


def test_damaged_weights_are_refused(folder: Path) -> None:
    card = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    del card["detectors"]["af"]["limit"]
    (folder / "findings.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(WeightsMismatchError, match="do not fit"):
        load_findings(folder)
    with (folder / "findings.safetensors").open("ab") as file:
        file.write(b" ")
    with pytest.raises(WeightsIntegrityError):
        load_findings(folder)


def test_no_weights_are_no_error(tmp_path: Path) -> None:
    assert load_findings(tmp_path) is None
    assert load_figures(tmp_path) == FindingsTable()
    save_figures(FindingsTable(findings={}), tmp_path)
    assert load_figures(tmp_path).as_json() == {"findings": {}}


def test_the_shipped_detectors_open_and_reach_their_floors() -> None:
    weights = load_findings()
    assert weights is not None
    reached = {code: part.out_of_fold for code, part in weights.card.detectors.items()}
    for code, sensitivity, specificity in (
        ("atrial_fibrillation", 0.93, 0.98),
        ("ventricular_premature_beats", 0.80, 0.98),
        ("infarct_pattern", 0.26, 0.95),
    ):
        figures = reached[code]
        assert figures is not None
        assert figures.sensitivity >= sensitivity
        assert figures.specificity >= specificity


def test_every_finding_on_show_keeps_its_specificity() -> None:
    from cardiov_core.signals.findings import ROWS

    shipped = load_figures().findings
    for code, row in ROWS.items():
        if row.shown:
            assert (shipped[code].specificity or 0.0) >= (0.98 if row.critical else 0.95), code
