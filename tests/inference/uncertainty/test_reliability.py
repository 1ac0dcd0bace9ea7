"""Counts of labels where a grader said the same, on a table made here."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from cardiov_core.domain import Prediction, Severity, Window
from cardiov_core.inference import load_predictor
from cardiov_core.inference.uncertainty.doubt import GradedOutOfFold
from cardiov_core.inference.uncertainty.reliability import ENOUGH, reliability_of
from cardiov_core.nets import build_net
from cardiov_core.weights import load_card, out_of_fold_table, save


def _table(rows: list[tuple[float, int, int, str]]) -> pd.DataFrame:
    """Probability (the rest is spread), graded level, label, patient -> an out-of-fold table."""
    found = []
    for number, (share, level, label, patient) in enumerate(rows, start=1):
        p = np.full(4, (1 - share) / 3)
        p[level] = share
        e = p[::-1].cumsum()[::-1][1:]
        found.append((number, patient, 1, label, *p, *e, f"{number:016x}", f"{number + 5000:016x}"))
    columns = ["ecg_id", "patient_id", "fold", "label", *(f"p{i}" for i in range(4)), *(f"e{i}" for i in range(3))]
    return pd.DataFrame(found, columns=[*columns, "fingerprint_500", "fingerprint_100"])


@pytest.fixture
def graded(tiny_card: dict[str, Any], tmp_path: Path) -> Callable[[pd.DataFrame | None], GradedOutOfFold | None]:
    def _make(table: pd.DataFrame | None) -> GradedOutOfFold | None:
        torch.manual_seed(0)
        net = build_net("cardiov-compact", **tiny_card["architecture"]["kwargs"])
        return load_predictor(save(net, tiny_card, tmp_path / "graders", out_of_fold=table)).graded_out_of_fold

    return _make


def _says(level: int, share: float) -> Prediction:
    p = np.full(4, (1 - share) / 3)
    p[level] = share
    return Prediction(
        Severity(level),
        (float(p[0]), float(p[1]), float(p[2]), float(p[3])),
        (0.5, 0.4, 0.3),
        0.0,
        "tiny",
        "a" * 64,
        Window(0.0, 10.0),
    )


def test_it_counts_what_was_labelled_so_higher_and_high(graded: Callable[..., GradedOutOfFold]) -> None:
    rows = [(0.52, 1, label, f"p{label}{index}") for label, n in enumerate((3, 15, 4, 2)) for index in range(n)]
    # Another level, and the same level with quite another probability: neither counts.
    rows += [(0.52, 2, 2, "x")] * 30 + [(0.95, 1, 3, "y")] * 30
    found = reliability_of(graded(_table(rows)), _says(1, 0.52))
    assert found is not None
    assert found.band == (45, 60)
    assert found.labels == (3, 15, 4, 2)
    assert (found.n, found.right, found.higher, found.lower) == (24, 15, 6, 3)


def test_a_band_with_few_records_is_widened_until_there_are_enough(graded: Callable[..., GradedOutOfFold]) -> None:
    rows = [(0.40 + 0.01 * index, 1, 1, f"p{index}") for index in range(40)]
    found = reliability_of(graded(_table(rows)), _says(1, 0.52))
    assert found is not None
    assert found.band == (40, 65)
    assert found.n == 25 >= ENOUGH
    few = reliability_of(graded(_table(rows[:5])), _says(1, 0.52))
    assert few is not None
    assert few.band == (0, 100)
    assert few.n == 5


def test_probability_one_is_inside_the_last_band(graded: Callable[..., GradedOutOfFold]) -> None:
    found = reliability_of(graded(_table([(1.0, 0, 0, f"p{i}") for i in range(25)])), _says(0, 1.0))
    assert found is not None
    assert found.band == (95, 100)
    assert found.n == 25


def test_the_patients_own_records_do_not_count(graded: Callable[..., GradedOutOfFold]) -> None:
    rows = [(0.5, 1, 1, "mine"), (0.5, 1, 3, "mine")] + [(0.5, 1, 1, f"p{index}") for index in range(30)]
    found = reliability_of(graded(_table(rows)), _says(1, 0.5), without_patients=("mine",))
    assert found is not None
    assert found.labels == (0, 30, 0, 0)


def test_nothing_is_counted_without_a_table_or_without_that_level(graded: Callable[..., GradedOutOfFold]) -> None:
    assert reliability_of(graded(None), _says(1, 0.5)) is None
    assert reliability_of(graded(_table([(0.5, 0, 0, "p")])), _says(3, 0.5)) is None


def test_a_level_that_costs_chose_is_counted_as_such(graded: Callable[..., GradedOutOfFold]) -> None:
    # Level 2 is on show although 1 is the more probable one: of such records those count that show 2.
    rows = _table([(0.55, 1, 2, f"p{index}") for index in range(30)])
    shown = GradedOutOfFold(
        ecg_ids=rows["ecg_id"].to_numpy(),
        labels=rows["label"].to_numpy(),
        levels=np.full(30, 2),
        probabilities=rows[["p0", "p1", "p2", "p3"]].to_numpy(),
        patients=rows["patient_id"].to_numpy(str),
    )
    found = reliability_of(shown, replace(_says(1, 0.55), severity=Severity.MEDIUM_RISK))
    assert found is not None
    assert (found.level, found.band, found.labels) == (Severity.MEDIUM_RISK, (10, 20), (0, 0, 30, 0))


def test_shipped_tables_count_as_many_records_as_a_plain_loop(weights_folder: Path) -> None:
    for path in sorted(weights_folder.glob("*.json")):
        card = load_card(path)
        table = out_of_fold_table(card)
        if table is None:
            continue
        found = reliability_of(load_predictor(path).graded_out_of_fold, replace(_says(1, 0.55), model_name=card.name))
        assert found is not None
        n = 0
        for level, p1 in table[["decided", "p1"]].to_numpy():
            if level == 1 and found.band[0] <= 100 * p1 < found.band[1]:
                n += 1
        assert found.n == n >= ENOUGH
