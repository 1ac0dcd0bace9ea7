"""Counts of a PTB-XL tree: a small one written by the test, and the real subset."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl, read_labels
from cardiov_core.datasets.description import PAPER, describe
from cardiov_core.errors import DatasetError

TABLE = """ecg_id,patient_id,age,sex,device,recording_date,scp_codes,strat_fold,filename_lr,filename_hr
1,11,64.0,0,,,"{'NORM': 100.0, 'SR': 0.0}",1,l/1,h/1
2,11,65.0,0,,,"{'NORM': 80.0, 'AFIB': 0.0}",1,l/2,h/2
3,12,300.0,1,,,"{'IMI': 50.0, 'AMI': 15.0}",9,l/3,h/3
4,13,,1,,,"{'LAFB': 100.0, 'LVH': 100.0}",10,l/4,h/4
"""
STATEMENTS = """,description,diagnostic,form,rhythm,diagnostic_class
NORM,normal,1.0,,,NORM
IMI,inferior,1.0,,,MI
AMI,anterior,1.0,,,MI
LAFB,block,1.0,,,CD
LVH,left,1.0,,,HYP
SR,sinus,,,1.0,
AFIB,fibrillation,,,1.0,
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "ptbxl_database.csv").write_text(TABLE)
    (tmp_path / "scp_statements.csv").write_text(STATEMENTS)
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / "1.hea").write_text("1 12 500 5000\n")
    (tmp_path / "h" / "2.hea").write_text("2 12 500 6250\n")
    (tmp_path / "h" / "3.hea").write_text("torn")
    return tmp_path


def test_counts(tree: Path) -> None:
    found = describe(PtbXl(tree))
    assert (found.n_records, found.n_patients) == (4, 3)
    # A record counts once a class, whatever the likelihood; both infarctions of record 3 are one.
    assert found.classes == {"NORM": 2, "MI": 1, "STTC": 0, "CD": 1, "HYP": 1}
    assert found.durations_s == {"10": 1, "12.5": 1, "not there": 1, "unreadable": 1}
    assert found.sexes == {"male": 2, "female": 2}
    # 300 stands for any age over 89: it is neither a mean nor a greatest age.
    assert (found.age_mean, found.age_min, found.age_max) == (64.5, 64.0, 65.0)
    assert (found.n_under_65, found.n_from_65, found.n_over_89_masked, found.n_age_unknown) == (1, 2, 1, 1)


def test_levels_under_both_rules(tree: Path) -> None:
    found = describe(PtbXl(tree))
    by_likelihood, by_severity = found.levels["highest_likelihood"], found.levels["most_severe"]
    assert by_likelihood == {"1-8": (2, 0, 0, 0), "9": (0, 0, 0, 1), "10": (0, 1, 0, 0), "all": (2, 1, 0, 1)}
    assert by_severity == {"1-8": (1, 0, 1, 0), "9": (0, 0, 0, 1), "10": (0, 0, 1, 0), "all": (1, 0, 2, 1)}
    assert found.n_graded_differently == {"1-8": 1, "9": 0, "10": 1, "all": 2}


@pytest.mark.parametrize(("rule", "levels"), [("highest_likelihood", (0, 0, 3, 1)), ("most_severe", (0, 2, 3, 2))])
def test_labels_of_a_rule_train_and_evaluate(tree: Path, tmp_path: Path, rule: str, levels: tuple[int, ...]) -> None:
    out = tmp_path / "levels.csv"
    shown = CliRunner().invoke(main, ["data", "labels", "--data", str(tree), "--rule", rule, "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    assert tuple(map(int, read_labels(out).levels.values())) == levels
    nowhere = CliRunner().invoke(main, ["data", "labels", "--data", str(tree), "--out", str(tmp_path / "no" / "a.csv")])
    assert nowhere.exit_code == 1
    assert "a.csv" in nowhere.output


def test_a_tree_without_statements_and_one_with_a_wrong_table(tree: Path) -> None:
    (tree / "scp_statements.csv").write_text("code\nNORM\n")
    with pytest.raises(DatasetError, match=r"scp_statements\.csv cannot be read"):
        describe(PtbXl(tree))
    (tree / "scp_statements.csv").unlink()
    assert describe(PtbXl(tree)).classes is None
    shown = CliRunner().invoke(main, ["data", "describe", "--data", str(tree)])
    assert shown.exit_code == 0, shown.output
    assert "need scp_statements.csv" in shown.stdout


def test_the_papers_own_counts_agree_with_one_another() -> None:
    assert sum(PAPER.levels) == PAPER.n_records == sum(PAPER.sexes.values())


@pytest.mark.dataset
def test_the_subset(data_folder: Path) -> None:
    """434 records in folds 1-9, 74 of them graded differently by the two rules."""
    result = CliRunner().invoke(main, ["data", "describe", "--data", str(data_folder), "--json"])
    found = json.loads(result.stdout)
    assert found["n_records"] == 434
    assert found["levels"]["highest_likelihood"]["all"] == [257, 84, 50, 43]
    assert found["levels"]["most_severe"]["all"] == [220, 92, 54, 68]
    assert found["n_graded_differently"]["all"] == 74
    assert found["durations_s"] == {"10": 434}
    shown = CliRunner().invoke(main, ["data", "describe", "--data", str(data_folder)])
    assert any(
        line.split() == ["Graded", "differently", "by", "the", "two", "60", "14", "0", "74"]
        for line in shown.stdout.splitlines()
    )


def test_first_numbers_stand_beside_the_rest(tree: Path) -> None:
    assert describe(PtbXl(tree)).parts == ()
    path = tree / "ptbxl_database.csv"
    rows = path.read_text().replace("sex,device", "sex,site,validated_by,validated_by_human,device").splitlines()
    own = {"1": "0.0,,True,CS-12   E,1984-11-09 09:17:34", "2": "0.0,1.0,True,CS-12   E,1985-01-01 00:00:00"}
    found = [rows[0]]
    for row in rows[1:]:
        number, patient, age, sex, _, _, rest = row.split(",", 6)
        told = own.get(number, "2.0,,False,CS100    3,1996-01-01 00:00:00")
        found.append(",".join([number if number in own else str(500 + int(number)), patient, age, sex, told, rest]))
    path.write_text("\n".join(found) + "\n")
    first, rest_of_them = describe(PtbXl(tree)).parts
    assert (first.n_records, rest_of_them.n_records) == (2, 2)
    assert (first.years, rest_of_them.years) == ((1984, 1985), (1996, 1996))
    assert (first.n_validated_by_human, rest_of_them.n_validated_by_human) == (2, 0)
    assert (first.devices, rest_of_them.devices) == ({"CS-12 E": 2}, {"CS100 3": 2})
    assert first.annotators == {"1": 1, "not stated": 1}
    # 300 stands for any age over 89, and counts as 90.
    assert (first.age_median, rest_of_them.age_median) == (64.5, 90.0)
    said = CliRunner().invoke(main, ["data", "describe", "--data", str(tree)]).output
    assert "NUMBERS 1 TO 500: 2 records" in said
    assert "by a human      0 % validated" in said
