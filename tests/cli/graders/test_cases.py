"""``cardiov cases``: the list, the report beside it, and what is printed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.domain import Severity
from cardiov_core.evaluation.study.case_file import read_cases
from cardiov_core.evaluation.study.cases import FAR


def test_only_json_and_csv_are_lists() -> None:
    result = CliRunner().invoke(main, ["cases", "--data", "x", "--folds", "9", "--out", "cases.html"])
    assert result.exit_code == 2
    assert "choose .json or .csv" in result.stderr


@pytest.mark.dataset
def test_a_list_comes_with_its_report_and_counts_corrected_labels(data_folder: Path, tmp_path: Path) -> None:
    dataset = PtbXl(data_folder / "ptb-xl-subset")
    folds = dataset.table["strat_fold"].value_counts()
    fold = int(folds.index[-1])
    out = tmp_path / "new" / "cases.json"
    arguments = ["cases", "--data", str(data_folder), "--folds", str(fold), "--out", str(out)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    cases, errors = read_cases(out)
    assert not errors
    assert f"{folds.iloc[-1]} records graded, {len(cases)} of them wrongly" in result.stdout
    assert "rightly graded records" in result.stdout or "None of" in result.stdout
    page = out.with_suffix(".html").read_text(encoding="utf-8")
    assert page.count("<article") == sum(case.error >= FAR for case in cases)
    assert result.stdout.splitlines()[-2:] == [str(out.with_suffix(".html")), str(out)]

    # A reader agrees with the grade: the case is none any more.
    first = cases[0]
    labels = tmp_path / "labels.csv"
    labels.write_text(f"ecg_id,level,reader,time\n{first.ecg_id},{int(first.prediction.severity)},Anna,\n")
    result = CliRunner().invoke(main, [*arguments, "--labels", str(labels)])
    assert result.exit_code == 0, result.output
    left, _ = read_cases(out)
    assert {case.ecg_id for case in cases} - {case.ecg_id for case in left} == {first.ecg_id}
    assert first.label is Severity(dataset.label(int(first.ecg_id)))
