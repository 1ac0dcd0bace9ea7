"""Rules beside a network, and how unsure an ensemble is."""

import numpy as np
import pytest

from cardiov_core.datasets.labels.tasks import task_of
from cardiov_core.errors import LabelError
from cardiov_core.evaluation.statements.rules import (
    FINDINGS_OF,
    FINDINGS_OF_STATEMENT,
    answers_with_rules,
    rules_of,
)
from cardiov_core.evaluation.statements.spread import spread_by_likelihood
from cardiov_core.signals.findings.catalogue import ROWS

NAMES = list(task_of("cinc2021").outputs)
RULES = rules_of(task_of("cinc2021"))


def test_every_rule_is_a_finding_and_every_class_is_scored() -> None:
    assert set(FINDINGS_OF) <= set(NAMES)
    assert set(FINDINGS_OF_STATEMENT) <= set(task_of("all").outputs)
    for rules in (FINDINGS_OF, FINDINGS_OF_STATEMENT):
        assert {code for codes in rules.values() for code in codes} <= set(ROWS)
    assert [name for name, codes in zip(NAMES, RULES, strict=True) if codes] == [
        name for name in NAMES if name in FINDINGS_OF
    ]


def test_a_rule_overrides_or_joins() -> None:
    answers = np.zeros((2, len(NAMES)), dtype=bool)
    answers[:, NAMES.index("LAD")] = True
    answers[0, NAMES.index("AF")] = True
    findings = [{"right_axis_deviation", "atrial_fibrillation"}, {"left_axis_deviation"}]
    by_rule = answers_with_rules(answers, findings, RULES)
    assert by_rule[0, NAMES.index("RAD")]
    assert not by_rule[0, NAMES.index("LAD")]
    assert by_rule[1, NAMES.index("LAD")]
    # Classes without a rule stay the network's.
    assert by_rule[:, NAMES.index("AF")].tolist() == [True, False]
    joined = answers_with_rules(answers, findings, RULES, "join")
    assert joined[0, [NAMES.index("LAD"), NAMES.index("RAD")]].all()
    with pytest.raises(LabelError, match="do not fit"):
        answers_with_rules(answers, findings[:1], RULES)


def test_spread_falls_where_members_agree() -> None:
    outputs = np.array([[[0.9, 0.2]], [[0.9, 0.6]]])
    assert spread_by_likelihood(outputs, np.array([[100.0, 15.0]])) == {
        15.0: (pytest.approx(0.2), 1),
        100.0: (pytest.approx(0.0), 1),
    }
    with pytest.raises(LabelError, match="no spread"):
        spread_by_likelihood(outputs[:1], np.array([[100.0, np.nan]]))
