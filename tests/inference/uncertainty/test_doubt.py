"""Warnings of doubtful levels: counted by hand on a small table."""

import numpy as np
import pytest

from cardiov_core.domain import Panel, Prediction, ReasonCode, Severity, Tally, Window
from cardiov_core.errors import LabelError
from cardiov_core.inference import disagreement_of, load_predictor
from cardiov_core.inference.panel import with_doubts
from cardiov_core.inference.uncertainty.doubt import (
    GradedOutOfFold,
    doubts_of,
    fit_doubt_limit,
    unsure,
    wrong_where_split,
)


def _says(level: int, p: tuple[float, float, float, float], name: str = "one") -> Prediction:
    return Prediction(Severity(level), p, (0.5, 0.4, 0.3), 0.0, name, "a" * 64, Window(0.0, 10.0))


def _graded(labels: list[int], levels: list[int], sure: list[float], first: int = 1) -> GradedOutOfFold:
    probabilities = np.array([[(1 - p) / 3] * 4 for p in sure])
    probabilities[np.arange(len(sure)), levels] = sure
    numbers = np.arange(first, first + len(sure))
    return GradedOutOfFold(numbers, np.array(labels), np.array(levels), probabilities, numbers.astype(str))


def test_doubt_is_that_another_level_holds_than_the_one_on_show() -> None:
    p = (0.5, 0.2, 0.3, 0.0)
    assert doubts_of([p, p], [0, 2]) == pytest.approx([0.5, 0.7])
    assert _says(2, p).doubt == pytest.approx(0.7)
    with pytest.raises(LabelError):
        doubts_of([p, p], [0])


def test_limit_leaves_out_all_but_the_most_doubtful_share() -> None:
    doubts = np.linspace(0.0, 1.0, 101)
    assert (doubts >= fit_doubt_limit(doubts, 0.25)).sum() == 26
    with pytest.raises(LabelError):
        fit_doubt_limit(np.array([]))


def test_a_doubtful_level_is_warned_of_with_what_was_counted() -> None:
    # Four doubtful records, three of them wrong; four sure ones, one of them wrong.
    rows = _graded([0, 1, 2, 3, 0, 1, 2, 3], [1, 1, 3, 0, 0, 1, 2, 2], [0.4, 0.4, 0.3, 0.4, 0.9, 0.9, 0.8, 0.9])
    found = unsure(_says(1, (0.3, 0.4, 0.2, 0.1)), 0.5, rows)
    assert found is not None
    assert found.code is ReasonCode.UNSURE
    assert "of 4 records" in found.text
    assert "75 of 100 were wrong" in found.text
    assert "of the others, 25 of 100" in found.text


@pytest.mark.parametrize(("p", "limit"), [((0.05, 0.9, 0.05, 0.0), 0.5), ((0.3, 0.4, 0.2, 0.1), None)])
def test_nothing_is_said_of_a_sure_level_or_without_a_limit(
    p: tuple[float, float, float, float], limit: float | None
) -> None:
    assert unsure(_says(1, p), limit, _graded([0, 1], [1, 1], [0.4, 0.9])) is None


def test_wrong_levels_are_counted_where_graders_differ_and_where_they_agree() -> None:
    mine = _graded([0, 1, 2, 3, 0], [1, 1, 2, 3, 0], [0.9] * 5)
    # Another order and one record less: they meet by number, not by row.
    other = GradedOutOfFold(
        np.array([4, 3, 2, 1]),
        np.array([3, 2, 1, 0]),
        np.array([3, 1, 1, 0]),
        np.full((4, 4), 0.25),
        np.array(list("dcba")),
    )
    assert wrong_where_split(mine, [other]) == (Tally(2, 1), Tally(2, 0))
    assert wrong_where_split(mine, []) is None
    assert wrong_where_split(mine, [_graded([0], [0], [0.9], first=77)]) is None


def test_disagreement_tells_how_often_the_grader_on_show_was_wrong() -> None:
    split = {"one": (Tally(40, 20), Tally(60, 6))}
    p = (0.25, 0.25, 0.25, 0.25)
    panel = Panel((_says(1, p), _says(3, p, "two")), where_split=split)
    found = disagreement_of(panel, "one")
    assert found is not None
    assert "one was wrong on 50 of 100 records (20 of 40); where they agreed, on 10." in found.text
    bare = disagreement_of(panel)
    assert bare is not None
    assert bare.text == "The graders disagree: one Low risk, two High risk."


def test_a_panel_whose_graders_agree_counts_nothing() -> None:
    grader = load_predictor()
    said = _says(1, (0.0, 1.0, 0.0, 0.0), grader.name)
    found = with_doubts(Panel((said,)), [grader])
    assert found.where_split == {}
    assert found.predictions == (said,)
