"""Rule sets: what ships is complete, wrong files are refused with the reason, an installation may change limits."""

import os
from pathlib import Path

import pytest

from cardiov_core.critical import RULE_SETS, critical_only_in, list_rule_sets, load_rule_set, with_limits
from cardiov_core.errors import ConfigurationError

RULE = """
[[rules]]
code = "slow"
title = "Slow"
findings = []
limits = { heart_rate_bpm = { below = 40 } }
addressee = "somebody"
within_minutes = 10
source = "a test"
"""
HEAD = 'title = "T"\nsource = "S"\nremark = "R"\n'


def test_the_default_set_comes_first_and_all_are_complete() -> None:
    sets = list_rule_sets()
    assert sets[0].name == "cardiov"
    assert {one.name for one in sets} == set(RULE_SETS) == {"cardiov", "wei-2022", "china-2017"}
    for one in sets:
        assert one.rules
        assert all(rule.source and rule.addressee and rule.within_minutes > 0 for rule in one.rules)


def test_table_2_of_the_paper_does_not_name_st_elevation_and_the_consensus_does() -> None:
    """Table 2 rates STE_ as low risk (Wei et al. 2022)."""
    paper, consensus = load_rule_set("wei-2022"), load_rule_set("china-2017")
    assert "st_elevation" in {rule.code for rule in critical_only_in(consensus, paper)}
    assert {rule.code for rule in critical_only_in(paper, consensus)} >= {"infarct_pattern", "wolff_parkinson_white"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "is no TOML"),
        (HEAD + "rules = []\n", "has no rules"),
        (HEAD + RULE + RULE, "two of one code"),
        (HEAD + RULE.replace('addressee = "somebody"\n', ""), "lacks addressee"),
        (HEAD + RULE.replace("below", "beneath"), "has a limit"),
        (HEAD + RULE.replace("heart_rate_bpm", "shoe_size"), "shoe_size, which nobody measures"),
        (HEAD + RULE.replace("limits = { heart_rate_bpm = { below = 40 } }", "limits = {}"), "neither a finding"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        load_rule_set(path)


def test_a_set_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no rule set 'mine'") as caught:
        load_rule_set("mine")
    assert "china-2017" in caught.value.hint


def test_an_installation_changes_a_limit_and_the_set_says_so() -> None:
    own = with_limits(load_rule_set(), {"severe_bradycardia": {"heart_rate_bpm": {"below": 35}}})
    (rule,) = [rule for rule in own.rules if rule.code == "severe_bradycardia"]
    assert rule.limits["heart_rate_bpm"].below == 35
    assert own.changed["severe_bradycardia"]["heart_rate_bpm"].below == 35
    assert not load_rule_set().changed


def test_only_a_limit_that_is_there_can_be_changed() -> None:
    with pytest.raises(ConfigurationError, match="no limit of 'p_ms'"):
        with_limits(load_rule_set(), {"severe_bradycardia": {"p_ms": {"below": 35}}})


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(HEAD + RULE)
    first = load_rule_set(own)
    assert load_rule_set(own) is first
    own.write_text(HEAD.replace('"T"', '"Another"') + RULE)
    os.utime(own, ns=(1, 1))
    assert load_rule_set(own).title == "Another"
