"""The shipped evaluations, typed: every figure that is read of them is there, and nothing is changed."""

import json
from pathlib import Path

import pytest

from cardiov_core.evaluation.study.evaluation_document import EvaluationDocument


def test_shipped_evaluations_lose_nothing_that_is_read(repository: Path) -> None:
    paths = sorted((repository / "weights" / "evaluations").glob("*/metrics.json"))
    if not paths:
        pytest.skip("this working tree has no shipped weights: make weights")
    for path in paths:
        document = json.loads(path.read_text(encoding="utf-8"))
        told = EvaluationDocument.of(document).as_json()
        other, own = told.pop("other_label_rule"), document.pop("other_label_rule")
        assert isinstance(other, dict)
        assert other["mae"] == own["mae"]
        if "paper_decision" in document:
            by_paper, stated = told.pop("paper_decision"), document.pop("paper_decision")
            assert isinstance(by_paper, dict)
            assert (by_paper["mae"], by_paper["confusion"]) == (stated["mae"], stated["confusion"])
        assert {name: document[name] for name in told} == told
