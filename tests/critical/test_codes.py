"""Every finding that a rule set names is one that somebody looks for."""

import pytest

from cardiov_core.critical import RULE_SETS, load_rule_set
from cardiov_core.signals.findings.catalogue import ROWS


@pytest.mark.parametrize("name", RULE_SETS)
def test_rules_name_findings_that_exist(name: str) -> None:
    known = set(ROWS)
    assert {code for rule in load_rule_set(name).rules for code in rule.findings} <= known
