"""What an installation decides by, on both databases, with every change in the audit."""

from pathlib import Path

import pytest

from cardiov_core import review
from cardiov_core.domain import EventKind
from cardiov_core.errors import NotAllowedError
from cardiov_core.inference import load_predictor
from cardiov_core.inference.uncertainty.decision import OwnDecision
from cardiov_core.review import Store


def test_the_graders_decide_until_an_administrator_says_otherwise(store: Store) -> None:
    assert review.own_decision_of(store) is None
    review.set_own_decision(store, OwnDecision(4.0), "Ada")
    assert review.own_decision_of(store) == OwnDecision(4.0)
    review.set_own_decision(store, OwnDecision(2.0), "Ada")
    review.set_own_decision(store, None, "Ada")
    assert review.own_decision_of(store) is None
    changes = [event for event in review.events_of(store) if event.kind is EventKind.SETTINGS_CHANGED]
    assert [
        (event.who, event.before["decision"]["miss_costs"], event.after["decision"]["miss_costs"]) for event in changes
    ] == [
        ("Ada", None, 4.0),
        ("Ada", 4.0, 2.0),
        ("Ada", 2.0, None),
    ]


def test_nobody_else_may_and_nothing_is_written(store: Store) -> None:
    review.ensure_reader(store, "Eve", identity="issuer|1")
    with pytest.raises(NotAllowedError, match="administrator"):
        review.set_own_decision(store, OwnDecision(4.0), "Eve")
    assert review.own_decision_of(store) is None


def test_graders_decide_as_the_installation_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "own.db"
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(database))
    grader = load_predictor()
    assert review.installation_decision() is None
    assert not database.exists(), "asking begins no review"
    store = review.open_store()
    review.ensure_reader(store, "Ada")
    review.set_own_decision(store, OwnDecision(8.0), "Ada")
    store.close()
    (own,) = review.deciding([grader])
    assert own.own == OwnDecision(8.0)
    assert [one.own for one in review.deciding([grader], "shipped")] == [None]
    assert [one.own for one in review.deciding([own], "paper")] == [None]
