"""Why a record has its label; records and likelihoods as in PTB-XL's table."""

import pytest

from cardiov_core.datasets.ptbxl import find_ptbxl
from cardiov_core.datasets.ptbxl.label_provenance import label_provenance
from cardiov_core.domain import Severity
from cardiov_core.errors import LabelError
from cardiov_core.statements import label_of


def test_an_overruled_rhythm_is_told_as_present_not_graded() -> None:
    told = label_provenance({"IRBBB": 80.0, "AFIB": 0.0, "SR": 0.0})
    assert told.level is Severity.LOW_RISK
    assert told.sentences == (
        "Low risk: the most likely statement is IRBBB (incomplete right bundle branch block), 80 %.",
        "Overruled: AFIB (atrial fibrillation), 0 %: present, not graded. Its level is Medium risk.",
        "By the most severe statement the label would be Medium risk, from AFIB.",
    )


def test_the_gravest_overruled_statement_comes_first_and_ties_say_so() -> None:
    told = label_provenance({"NORM": 50.0, "PVC": 50.0, "LMI": 15.0, "IMI": 35.0})
    assert [one.statement.code for one in told.overruled] == ["IMI", "LMI", "PVC"]
    assert "less likely" in told.sentences[1]
    assert "as likely, but stated later" in told.sentences[3]


def test_a_corrected_label_counts_and_the_statements_stay_in_sight() -> None:
    told = label_provenance({"NORM": 100.0, "SR": 0.0}, corrected=Severity.HIGH_RISK)
    assert told.level is Severity.HIGH_RISK
    assert told.sentences[0].startswith("No risk: the most likely statement is NORM")
    assert told.sentences[1] == "By the most severe statement the label would be the same."
    assert told.sentences[-1] == "Corrected by cardiologists to High risk, which counts instead."


def test_under_the_most_severe_rule_nothing_graver_can_be_overruled() -> None:
    told = label_provenance({"IRBBB": 80.0, "AFIB": 0.0}, rule="most_severe")
    assert told.overruled == ()
    assert told.sentences == (
        "Medium risk: the most severe statement is AFIB (atrial fibrillation), 0 %.",
        "By the most likely statement the label would be Low risk, from IRBBB.",
    )


@pytest.mark.parametrize("codes", [{}, {"NOPE": 100.0}, {"NORM": 200.0}])
def test_what_has_no_label_has_no_provenance(codes: dict[str, float]) -> None:
    with pytest.raises(LabelError):
        label_provenance(codes)


@pytest.mark.dataset
def test_every_label_of_ptb_xl_is_explained_as_the_rules_give_it(data_folder, monkeypatch) -> None:
    monkeypatch.setenv("CARDIOV_DATA", str(data_folder))
    dataset = find_ptbxl()
    assert dataset is not None
    for ecg_id in dataset.table.index:
        codes = dataset.scp_codes(int(ecg_id))
        told = label_provenance(codes)
        assert told.level == label_of(codes)
        assert told.by_other_rule.level == label_of(codes, "most_severe")
        gravest = max(one.level for one in (told.deciding, *told.overruled))
        assert gravest == told.by_other_rule.level
