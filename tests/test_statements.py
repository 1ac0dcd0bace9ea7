"""Statements and labels against the paper's Table 2 and the counts of the real subset."""

from collections import Counter

import pytest

from cardiov_core.datasets import PtbXl, data_root
from cardiov_core.domain import Severity
from cardiov_core.errors import LabelError
from cardiov_core.statements import STATEMENTS, critical_value_of, deciding_statement, label_of


def test_71_statements_fall_into_levels_as_in_table_2() -> None:
    counts = Counter(statement.critical_value for statement in STATEMENTS.values())
    assert [counts[level] for level in Severity] == [3, 28, 26, 14]
    assert all(code == statement.code and statement.description for code, statement in STATEMENTS.items())


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("NORM", Severity.NO_RISK),
        ("NT_", Severity.NO_RISK),
        ("SR", Severity.NO_RISK),
        ("CRBBB", Severity.LOW_RISK),
        ("LAO/LAE", Severity.LOW_RISK),
        ("RAO/RAE", Severity.LOW_RISK),
        ("1AVB", Severity.LOW_RISK),
        ("STE_", Severity.LOW_RISK),
        ("PACE", Severity.LOW_RISK),
        ("CLBBB", Severity.MEDIUM_RISK),
        ("AFIB", Severity.MEDIUM_RISK),
        ("2AVB", Severity.MEDIUM_RISK),
        ("PRC(S)", Severity.MEDIUM_RISK),
        ("EL", Severity.MEDIUM_RISK),
        ("IMI", Severity.HIGH_RISK),
        ("3AVB", Severity.HIGH_RISK),
        ("INJAL", Severity.HIGH_RISK),
        ("LNGQT", Severity.HIGH_RISK),
        ("ANEUR", Severity.HIGH_RISK),
    ],
)
def test_critical_values_of_table_2(code: str, level: Severity) -> None:
    assert critical_value_of(code) is level


def test_highest_likelihood_decides() -> None:
    assert label_of({"NORM": 15.0, "IMI": 80.0, "AFIB": 0.0}) is Severity.HIGH_RISK
    assert deciding_statement({"NORM": 15.0, "IMI": 80.0}) == "IMI"


def test_ties_go_to_the_first_in_the_records_own_order() -> None:
    assert label_of({"LVH": 100.0, "IMI": 100.0}) is Severity.MEDIUM_RISK
    assert label_of({"IMI": 100.0, "LVH": 100.0}) is Severity.HIGH_RISK
    assert deciding_statement({"LAFB": 0.0, "SBRAD": 0.0, "SR": 0.0}, "most_severe") == "LAFB"


def test_most_severe_counts_ungraded_statements() -> None:
    codes = {"NORM": 100.0, "AFIB": 0.0}
    assert label_of(codes) is Severity.NO_RISK
    assert label_of(codes, "most_severe") is Severity.MEDIUM_RISK


@pytest.mark.parametrize(
    "codes", [{}, {"AF": 100.0}, {"NORM": 100.0, "norm": 0.0}, {"NORM": -1.0}, {"SR": float("nan")}, {"SR": 101.0}]
)
def test_records_without_a_valid_statement_have_no_label(codes: dict[str, float]) -> None:
    with pytest.raises(LabelError) as caught:
        label_of(codes)
    assert caught.value.hint


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(LabelError, match="worst"):
        label_of({"NORM": 100.0}, "worst")  # type: ignore[arg-type]


@pytest.mark.dataset
def test_labels_of_the_real_subset() -> None:
    root = data_root()
    if root is None or not (root / "ptb-xl-subset").is_dir():
        pytest.skip("ptb-xl-subset is not on this computer (CARDIOV_DATA)")
    ptbxl = PtbXl(root / "ptb-xl-subset")
    paper = Counter(label_of(ptbxl.scp_codes(ecg_id)) for ecg_id in ptbxl.table.index)
    gravest = Counter(ptbxl.label(ecg_id, "most_severe") for ecg_id in ptbxl.table.index)
    assert [paper[level] for level in Severity] == [257, 84, 50, 43]
    assert [gravest[level] for level in Severity] == [220, 92, 54, 68]
