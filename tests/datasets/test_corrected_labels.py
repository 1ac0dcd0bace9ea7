"""Corrected labels: read, refused, and counted instead of the statements' own."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl, read_labels
from cardiov_core.datasets.corrected_labels import CorrectedLabels
from cardiov_core.domain import Severity
from cardiov_core.errors import DatasetError, LabelError
from cardiov_core.evaluation.study.run import corrected_of

HEAD = "ecg_id,patient_id,age,sex,device,recording_date,scp_codes,strat_fold,filename_lr,filename_hr\n"


def _dataset(folder: Path, corrected: CorrectedLabels | None = None) -> PtbXl:
    rows = "".join(f"{number},1,50,0,,,\"{{'NORM': 100.0}}\",1,a,b\n" for number in (1, 2, 3))
    (folder / "ptbxl_database.csv").write_text(HEAD + rows)
    return PtbXl(folder, corrected)


def test_corrected_levels_count_instead_of_the_statements(tmp_path: Path) -> None:
    content = (
        b"ecg_id,level,reader,time\r\n2,3,Ada + Ben,2026-01-02T10:00:00+00:00\r\n3,0,Dan,2026-01-02T10:00:00+00:00\r\n"
    )
    (tmp_path / "labels.csv").write_bytes(content)
    corrected = read_labels(tmp_path / "labels.csv")
    assert corrected == CorrectedLabels({2: Severity(3), 3: Severity(0)}, hashlib.sha256(content).hexdigest())
    dataset = _dataset(tmp_path, corrected)
    assert [dataset.label(ecg_id) for ecg_id in (1, 2, 3)] == [0, 3, 0]
    # Another rule is a question about the statements.
    assert dataset.label(2, "most_severe") == 0
    with pytest.raises(DatasetError, match="no record 9"):
        dataset.label(9)
    assert corrected_of([1, 2, 3], dataset) == {"n": 2, "n_changed": 1, "sha256": corrected.sha256}
    assert corrected_of([1, 2, 3], _dataset(tmp_path)) == {"n": 0, "n_changed": 0, "sha256": ""}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ecg_id,reader\n1,Ada\n", "lacks the columns level"),
        ("", "lacks the columns ecg_id, level"),
        ("ecg_id,level\n", "holds no label"),
        ("ecg_id,level\n1,2\n1,3\n", "row 2: record 1 again"),
        ("ecg_id,level\n1,2\n2,4\n", "row 2: '2', '4'"),
        ("ecg_id,level\nA,2\n", "row 1: 'A', '2'"),
        ("ecg_id,level\n5\n", "row 1: '5', None"),
    ],
)
def test_what_is_no_file_of_labels_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(LabelError, match=words):
        read_labels(tmp_path / "labels.csv")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="cannot be read"):
        read_labels(tmp_path / "labels.csv")


@pytest.mark.dataset
def test_evaluate_and_train_take_the_file(data_folder: Path, tmp_path: Path) -> None:
    own = PtbXl(data_folder / "ptb-xl-subset")
    ecg_id = own.ecg_ids([9])[0]
    level = (int(own.label(ecg_id)) + 1) % 4
    labels = tmp_path / "labels.csv"
    labels.write_text(f"ecg_id,level\n{ecg_id},{level}\n")
    arguments = ["--data", str(data_folder), "--out", str(tmp_path / "out"), "--labels", str(labels)]
    result = CliRunner().invoke(main, ["evaluate", "--folds", "9", *arguments])
    assert result.exit_code == 0, result.output
    assert "corrected or confirmed: 1; unlike PTB-XL's: 1." in result.stdout
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["corrected_labels"]["n_changed"] == 1
    first = (tmp_path / "out" / "predictions.csv").read_text().splitlines()[1]
    assert first.startswith(f"{ecg_id},{level},")
    labels.write_text("no labels")
    result = CliRunner().invoke(main, ["train", "--recipe", "cardiov-compact", *arguments])
    assert result.exit_code == 1
    assert "lacks the columns" in result.stderr
