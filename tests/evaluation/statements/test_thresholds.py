"""Answers from probabilities."""

import numpy as np
import pytest

from cardiov_core.errors import LabelError
from cardiov_core.evaluation.statements.hierarchy import members_of
from cardiov_core.evaluation.statements.multilabel import f_beta_g_beta, f_max, macro_auc
from cardiov_core.evaluation.statements.stratification import hidden_strata
from cardiov_core.evaluation.statements.thresholds import adaptive_answers, answers_above, best_thresholds


def test_the_best_class_answers_where_none_passes() -> None:
    """Test vectors of the benchmark's public code."""
    first = answers_above(np.array([[0.8, 0.4, 0.7], [0.5, 0.6, 0.4]]), [0.6, 0.5, 0.6])
    assert first.astype(int).tolist() == [[1, 0, 1], [0, 1, 0]]
    assert answers_above(np.array([[0.1, 0.2, 0.15]]), 0.5).astype(int).tolist() == [[0, 1, 0]]


def test_adaptive_rule_takes_those_near_the_best() -> None:
    scores = np.array([[0.6, 0.1, 0.59], [0.40, 0.375, 0.36], [0.09, 0.05, 0.01], [0.11, 0.09, 0.0]])
    assert adaptive_answers(scores).astype(int).tolist() == [[1, 0, 1], [1, 1, 0], [1, 0, 0], [1, 0, 0]]
    assert adaptive_answers(scores, sinus_rhythm=2)[2].astype(int).tolist() == [0, 0, 1]


def test_best_threshold_of_each_class() -> None:
    labels = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], dtype=bool)
    scores = np.array([[0.9, 0.1], [0.3, 0.2], [0.2, 0.3], [0.1, 0.4]])
    assert best_thresholds(labels, scores).tolist() == [0.3, 0.5]


def test_equal_scores_pass_together() -> None:
    labels = np.array([[1], [0], [0], [0]], dtype=bool)
    assert best_thresholds(labels, np.full((4, 1), 0.7)).tolist() == [0.7]
    assert f_max(np.array([[1, 0], [0, 1]], dtype=bool), np.full((2, 2), 0.5)) == pytest.approx(2 / 3)


def test_f_beta_leaves_out_classes_that_nobody_has_or_says() -> None:
    labels = np.array([[1, 0, 0], [1, 1, 0]], dtype=bool)
    answers = np.array([[1, 0, 0], [0, 1, 0]], dtype=bool)
    # Class 0: one hit of weight 1, one missed of weight 1/2; class 1: a hit.
    f, g = f_beta_g_beta(labels, answers)
    assert f == pytest.approx((5 / (5 + 4 * 0.5) + 1) / 2)
    assert g == pytest.approx((1 / (1 + 2 * 0.5) + 1) / 2)


def test_nonsense_is_refused() -> None:
    empty = np.zeros((2, 2), dtype=bool)
    with pytest.raises(LabelError, match="no label"):
        f_max(empty, np.zeros((2, 2)))
    with pytest.raises(LabelError, match="do not belong together"):
        macro_auc(empty, np.zeros((2, 3)))
    with pytest.raises(LabelError, match="nothing to split"):
        hidden_strata(empty, np.zeros((2, 2)), 0)
    with pytest.raises(LabelError, match="no statement"):
        members_of("subclass", ["XYZ"])


def test_numbers_of_classes() -> None:
    from cardiov_core.datasets.ptbxl.statement_classes import statement_classes

    classes = statement_classes()
    kinds = [sum(getattr(one, kind) for one in classes.values()) for kind in ("diagnostic", "form", "rhythm")]
    assert (len(classes), kinds) == (71, [44, 19, 12])
    assert sum(one.diagnostic and one.form for one in classes.values()) == 4
    assert len(members_of("subclass", list(classes))) == 23
    assert list(members_of("superclass", list(classes))) == ["CD", "HYP", "MI", "NORM", "STTC"]
