"""Counts of sets, warnings and statements as rows: those of the card, with their intervals."""

from pathlib import Path
from typing import Any

import pytest

from cardiov_core.domain import Severity, Tally
from cardiov_core.reporting import set_rows, statement_rows, warning_caption, warning_rows
from cardiov_core.reporting.words.model_card import card_words
from cardiov_core.reporting.words.uncertainty import lone_set_words, set_words
from cardiov_core.weights import ModelCard, StatementCard
from cardiov_core.weights.cards.card import checked_card

MEASURED = {
    "n": 400,
    "held": 364,
    "coverage": 0.91,
    "interval": [0.88, 0.94],
    "mean_size": 1.9,
    "a_level": {"High risk": {"n": 40, "held": 36, "interval": [0.77, 0.96]}},
    "alone": {"Low risk": {"n": 128, "held": 82, "interval": [0.55, 0.72]}, "Medium risk": {"n": 0, "held": 0}},
}
WARNED = {"kind": "nested", "n": 400, "warned": 100, "wrong_warned": 66, "wrong_others": 57, "auc": 0.822}


@pytest.fixture
def card(tiny_card: dict[str, Any]) -> ModelCard:
    parts = {
        "conformal": {"limit": 0.1, "limits": [0.4, 0.2, 0.1, 0.1], "measured": MEASURED},
        "doubt": {"limit": 0.461, "share": 0.25, "measured": WARNED},
    }
    raw = {**tiny_card, "schema_version": 1, "sha256": "a" * 64, "n_parameters": 0, "out_of_fold": None, **parts}
    return checked_card(raw, Path("tiny.json"))


def test_sets_are_counted_in_all_of_each_level_and_alone(card: ModelCard) -> None:
    rows = {row[0]: row[1:] for row in set_rows(card)}
    assert list(rows) == ["all records", "records at high risk", "that name low risk alone"]
    assert rows["that name low risk alone"] == ("128", "64.1\u2009%", "55.0 to 72.0\u2009%")


def test_a_set_of_one_level_claims_what_was_counted_of_such_sets(card: ModelCard) -> None:
    low, medium = [Severity.LOW_RISK], [Severity.MEDIUM_RISK]
    assert set_words(low, card) == "Only level 1, low risk: 82 of 128 sets that named low risk alone held the level"
    assert "coverage" in set_words(medium, card), "none was counted"
    assert "coverage" in set_words([*low, *medium], card)
    assert set_words(low, card, promised=False).startswith("Without a promise")
    assert lone_set_words([*low, *medium], card) == ""


def test_the_card_says_both_and_claims_nothing_it_has_not_counted(card: ModelCard) -> None:
    words = card_words(card)
    assert "Sets of one level alone held it: low risk 82 of 128." in words["sets"]
    assert "nothing is claimed a level" not in words["sets"]
    assert words["warnings"] == "Of 100 levels that it warns of, 66 were wrong; of 300 others, 57."


def test_warnings_are_beside_the_levels_without_one(card: ModelCard) -> None:
    rows = warning_rows(card, (Tally(50, 25), Tally(0, 0)))
    assert [row[1:3] for row in rows] == [
        ("100", "66.0\u2009%"),
        ("300", "19.0\u2009%"),
        ("50", "50.0\u2009%"),
        ("0", "-"),
    ]
    assert "0.822" in warning_caption(card)


def test_a_card_without_counts_has_no_rows(tiny_card: dict[str, Any]) -> None:
    raw = {**tiny_card, "schema_version": 1, "sha256": "a" * 64, "n_parameters": 0, "out_of_fold": None}
    bare = checked_card(raw, Path("tiny.json"))
    assert set_rows(bare) == warning_rows(bare, None) == []
    assert warning_caption(bare) == ""


def test_statements_that_are_told_come_first_by_their_auc() -> None:
    def one(code: str, auc: float, shown: bool) -> dict[str, object]:
        figures = {"slope": 1.0, "offset": 0.0, "n": 30, "auc_interval": [0.5, 0.9], "brier": 0.1}
        return {"code": code, "auc": auc, "shown": shown, **figures}

    found = StatementCard.of(
        {
            "schema_version": 1,
            "sha256": "a" * 64,
            "measurements": [],
            "statements": [one("NORM", 0.7, True), one("IMI", 0.95, False), one("AFIB", 0.9, True)],
            "macro_auc": 0.8,
            "macro_auc_interval": [0.7, 0.9],
            "n_records": 100,
        }
    )
    rows = statement_rows(found)
    assert [(row[1], row[-1]) for row in rows] == [("AFIB", "yes"), ("NORM", "yes"), ("IMI", "never")]
    assert rows[0][2:5] == ("30", "0.900", "0.500 to 0.900")
