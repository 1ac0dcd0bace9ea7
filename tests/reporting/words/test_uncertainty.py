"""Words for the uncertainty of a level."""

from pathlib import Path
from typing import Any

import pytest

from cardiov_core.domain import Contribution, Contributions, Severity, Window
from cardiov_core.inference.uncertainty.reliability import Reliability
from cardiov_core.reporting.words import uncertainty
from cardiov_core.reporting.words.levels import THIN_SPACE
from cardiov_core.weights.cards.card import checked_card


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ((1, 2), "With 90 % coverage: Low or Medium risk"),
        ((0, 1, 2), "With 90 % coverage: No, Low or Medium risk"),
        ((3,), "With 90 % coverage: only High risk"),
        ((0, 1, 2, 3), "With 90 % coverage: all four levels; the grader cannot tell"),
    ],
)
def test_a_set_in_words(levels: tuple[int, ...], words: str) -> None:
    assert uncertainty.set_words([Severity(level) for level in levels]).replace(THIN_SPACE, " ") == words


def _card(tiny_card: dict[str, Any], **more: Any) -> Any:
    raw = {**tiny_card, "schema_version": 1, "sha256": "a" * 64, "n_parameters": 0, "out_of_fold": None, **more}
    return checked_card(raw, Path("tiny.json"))


def test_the_meaning_tells_what_was_measured_and_claims_no_level(tiny_card: dict[str, Any]) -> None:
    measured = {
        "n": 434,
        "held": 396,
        "coverage": 0.912,
        "interval": [0.88, 0.94],
        "mean_size": 1.7,
        "a_level": {"High risk": {"n": 43, "held": 29}},
    }
    words = uncertainty.set_meaning(_card(tiny_card, conformal={"limit": 0.1, "measured": measured}))
    assert "396 of 434 sets held the level, of high-risk ECGs 29 of 43." in words
    assert "not for each level" in words
    for_each = uncertainty.set_meaning(_card(tiny_card, conformal={"limit": 0.1, "limits": [0.4, 0.2, 0.1, 0.1]}))
    assert "90 of 100 ECGs of each level" in for_each
    assert "not for each level" not in for_each
    assert "cross-validation" not in uncertainty.set_meaning(_card(tiny_card))


@pytest.mark.parametrize(
    ("level", "labels", "words"),
    [
        (1, (5, 20, 7, 2), "20 were of this level, 9 were higher (2 of them high risk) and 5 were lower."),
        (0, (30, 0, 0, 0), "30 were of this level and 0 were higher."),
        (0, (30, 3, 0, 1), "30 were of this level and 4 were higher (1 of them high risk)."),
        (2, (1, 2, 20, 4), "20 were of this level, 4 were high risk and 3 were lower."),
        (3, (1, 2, 3, 20), "20 were of this level and 6 were lower."),
    ],
)
def test_counts_in_words(level: int, labels: tuple[int, int, int, int], words: str) -> None:
    found = Reliability(Severity(level), (45, 60), sum(labels), labels)
    said = uncertainty.reliability_words(found).replace(THIN_SPACE, " ")
    assert said == (
        f"Of {sum(labels)} ECGs with this output in cross-validation ({Severity(level).title} with 45 to 60 %), {words}"
    )


def test_few_records_are_said_to_be_few() -> None:
    assert uncertainty.reliability_words(Reliability(Severity(3), (25, 100), 6, (1, 2, 1, 2))).endswith("little.")


def test_no_sentence_reassures() -> None:
    said = [uncertainty.set_words([level]) for level in Severity]
    said += [uncertainty.reliability_words(Reliability(level, (90, 100), 200, (200, 0, 0, 0))) for level in Severity]
    for words in said:
        assert not any(word in words.lower() for word in ("healthy", "normal", "safe", "rule out", "reliable"))


def test_reasons_are_told_with_their_points() -> None:
    reason = Contribution(
        "ST", "lateral leads", "V5", "ST level", -0.12, "mV", 0.124, "ST -0.12 mV in V5 supports Medium"
    )
    against = Contribution("T", "", None, "x", None, "", -0.056, "T 0.3 mV argues against Medium")
    reasons = Contributions("measurements", "level 2", (reason, against), 0.2, Window(0, 10))
    assert uncertainty.reason_rows(reasons) == [(reason.statement, "+12"), (against.statement, "-6")]
    assert uncertainty.reasons_line(reasons, 1) == f"{reason.statement} (+12)."
    assert "Nothing" in uncertainty.reasons_line(Contributions("m", "level 2", (), 0.2, Window(0, 10)))
