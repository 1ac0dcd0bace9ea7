"""The command line: rows, exits, words."""

import json
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner, Result

from cardiov_core.cli import main, output
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.nets import build_net
from cardiov_core.weights import save

Invoke = Callable[..., Result]
METRICS = {
    "n": 7,
    "kind": "made up for this test",
    "mae": 0.5,
    "accuracy": 0.6,
    "auc": {"no": 0.9, "low": None, "medium": 0.7, "high": 0.8, "mean": 0.75},
    "intervals": {"mae": [0.4, 0.6], "auc": {"no": [0.85, 0.95], "low": None}},
}


@pytest.fixture(scope="module")
def grader(make_card: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with one untrained grader."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    save(build_net("cardiov-compact"), make_card("untrained", metrics=METRICS), folder)
    (folder / "default").write_text("untrained\n", encoding="utf-8")
    return folder


@pytest.fixture
def invoke(grader: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(grader))

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return call


@pytest.fixture(scope="module")
def npz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic ECG, 10 s at 500 Hz."""
    return _write_npz(tmp_path_factory.mktemp("record") / "normal.npz")


def _write_npz(path: Path, *, factor: float = 1.0, leads: tuple[str, ...] = STANDARD_LEADS) -> Path:
    record = generate("normal", seed=3)
    rows = [record.leads.index(lead) for lead in leads]
    np.savez(path, signal=record.signal[rows] * factor, leads=np.array(leads), sampling_rate=500.0, units="mV")
    return path


def _rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_by_the_papers_decision_no_critical_result_raises_the_level(invoke: Invoke, npz: Path, tmp_path: Path) -> None:
    """Every ECG meets this rule."""
    rules = tmp_path / "own.toml"
    rules.write_text(
        'title = "T"\nsource = "S"\nremark = "R"\n[[rules]]\ncode = "any"\ntitle = "Any rate"\nfindings = []\n'
        'limits = { heart_rate_bpm = { above = 0 } }\naddressee = "A"\nwithin_minutes = 1\nsource = "S"\n'
    )
    (raised,) = _rows(invoke("analyze", npz, "--json", "--critical-rules", rules))
    assert [result["rule"] for result in raised["critical"]] == ["any"]
    assert raised["risk"]["level"] == 3
    (plain,) = _rows(invoke("analyze", npz, "--json", "--critical-rules", rules, "--decision", "paper"))
    assert plain["critical"] == []
    assert plain["risk"]["level"] == plain["risk"]["graded_level"]


def test_analyze_gives_a_level_and_probabilities(invoke: Invoke, npz: Path) -> None:
    result = invoke("analyze", npz, "--json")
    (row,) = _rows(result)
    assert result.exit_code == 0
    assert row["record"]["id"] == "normal"
    assert row["record"]["path"] == str(npz)
    assert row["risk"]["level"] == int(np.argmax(row["risk"]["probabilities"]))
    assert sum(row["risk"]["probabilities"]) == pytest.approx(1)
    assert min(row["risk"]["probabilities"]) >= 0
    assert row["model"]["name"] == "untrained"
    assert "explanation" not in row


def test_explain_covers_the_records_own_samples(invoke: Invoke, npz: Path) -> None:
    (row,) = _rows(invoke("analyze", npz, "--json", "--explain", "--target", "above_low"))
    stages = row["explanation"]["stages"]
    assert list(stages) == [str(stage) for stage in range(1, 8)]
    assert {len(attention) for attention in stages.values()} == {5000}
    assert "low" in row["explanation"]["target"]


def test_target_without_explain_is_wrong_usage(invoke: Invoke, npz: Path) -> None:
    result = invoke("analyze", npz, "--target", "above_low")
    assert result.exit_code == 2
    assert "--explain" in result.stderr


def test_one_bad_record_does_not_stop_the_rest(invoke: Invoke, npz: Path, tmp_path: Path) -> None:
    shutil.copy(npz, tmp_path / "b.npz")
    (tmp_path / "a.npz").write_bytes(npz.read_bytes()[:400])
    (tmp_path / "notes.txt").write_text("seen on Monday", encoding="utf-8")
    result = invoke("analyze", tmp_path, "--json")
    rows = {row["record"]["id"]: row for row in _rows(result)}
    assert result.exit_code == 1
    assert set(rows) == {"a", "b"}
    assert set(rows["a"]["error"]) == {"type", "message", "hint"}
    assert rows["b"]["risk"]["level"] in range(4)
    assert "passed over 1 file that" in result.stderr
    assert "1 record of 2" in result.stderr


def test_missing_path_is_an_error_row(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("analyze", tmp_path / "nowhere", "--json")
    (row,) = _rows(result)
    assert result.exit_code == 1
    assert row["error"]["type"] == "RecordNotFoundError"


def test_wrong_gain_is_withheld_until_a_factor_is_confirmed(invoke: Invoke, tmp_path: Path) -> None:
    path = _write_npz(tmp_path / "weak.npz", factor=0.001)
    refused = invoke("analyze", path, "--json")
    (row,) = _rows(refused)
    assert refused.exit_code == 0
    assert row["risk"] is None
    assert row["withheld"]["reasons"]
    assert row["model"]["name"] == "untrained"
    (row,) = _rows(invoke("analyze", path, "--json", "--gain-factor", 1000))
    assert row["risk"] is not None


def test_missing_chest_lead_is_withheld(invoke: Invoke, tmp_path: Path) -> None:
    path = _write_npz(tmp_path / "eleven.npz", leads=tuple(lead for lead in STANDARD_LEADS if lead != "V3"))
    result = invoke("analyze", path)
    assert result.exit_code == 0
    assert "withheld" in result.stdout
    assert "V3" in result.stdout


def test_archive_members_have_the_name_the_caller_knows(invoke: Invoke, npz: Path, tmp_path: Path) -> None:
    archive = tmp_path / "upload.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(npz, "inside/normal.npz")
    (row,) = _rows(invoke("analyze", archive, "--json"))
    assert row["record"]["path"] == str(archive / "inside" / "normal.npz")


def test_rate_and_units_fill_what_a_table_lacks(invoke: Invoke, tmp_path: Path) -> None:
    record = generate("normal", seed=3)
    path = tmp_path / "export.csv"
    pd.DataFrame(record.signal.T * 1000, columns=list(record.leads)).to_csv(path, index=False)
    refused = invoke("analyze", path, "--json")
    assert _rows(refused)[0]["error"]["type"] == "MissingMetadataError"
    (row,) = _rows(invoke("analyze", path, "--json", "--rate", 500, "--units", "uV"))
    assert row["record"]["sampling_rate_hz"] == 500
    assert row["risk"] is not None


def test_table_for_people(invoke: Invoke, npz: Path) -> None:
    lines = invoke("analyze", npz, "--explain").stdout.splitlines()
    assert lines[0] == output.TABLE_HEAD
    assert lines[1].startswith("normal ")
    assert lines[1].count(" %") == 4
    assert sum("stage" in line for line in lines) == 7


def test_folder_without_ecg_says_so(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("analyze", tmp_path)
    assert result.stdout == ""
    assert "no ECG found" in result.stderr


def test_unknown_model_is_told_in_words(invoke: Invoke, npz: Path) -> None:
    result = invoke("analyze", npz, "--model", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert "Traceback" not in result.stderr


def test_models_shows_the_cards_figures(invoke: Invoke) -> None:
    text = invoke("models").stdout
    assert "0.500  (0.400 to 0.600)" in text
    assert "0.900  (0.850 to 0.950)" in text
    assert "AUC low" not in text
    rows = {row["name"]: row for row in json.loads(invoke("models", "--json").stdout)}
    assert rows["untrained"]["default"] is True
    assert rows["untrained"]["weights"]["metrics"] == METRICS
    assert rows["cardiov"]["weights"] is None


def test_doctor_checks_the_weights(
    invoke: Invoke, grader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = invoke("doctor")
    assert well.exit_code == 0, well.output
    assert "checksum" in well.stdout
    folder = tmp_path / "weights"
    shutil.copytree(grader, folder)
    content = bytearray((folder / "untrained.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "untrained.safetensors").write_bytes(content)
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(folder))
    damaged = invoke("doctor")
    assert damaged.exit_code == 1
    assert "is right" not in damaged.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--data", "x", "--out", "y"),
        ("train", "--data", "x", "--out", "y", "--recipe", "a", "--config", "b"),
        ("evaluate", "--data", "x", "--out", "y", "--folds", "0-3"),
        ("evaluate", "--data", "x", "--out", "y", "--folds", "3-1"),
        ("evaluate", "--data", "x", "--out", "y", "--folds", "ten"),
        ("analyze",),
        ("analyze", "x", "--gain-factor", "0"),
        ("analyze", "x", "--backend", "magic"),
    ],
)
def test_wrong_usage_exits_2(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    assert invoke(*arguments).exit_code == 2


def test_unknown_recipe_and_missing_data_set(invoke: Invoke, tmp_path: Path) -> None:
    for arguments in (
        ("train", "--recipe", "nobody", "--data", tmp_path, "--out", tmp_path / "out"),
        ("evaluate", "--folds", "1-9", "--data", tmp_path, "--out", tmp_path / "out"),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 1
        assert len(result.stderr.strip().splitlines()) == 2, "message and hint"


def test_app_starts_streamlit_where_the_pages_are(
    invoke: Invoke, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[list[str], dict[str, Any]]] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(subprocess, "call", lambda command, **options: calls.append((command, options)) or 0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CARDIOV_DATA", "records")
    assert invoke("app", "--server.port=9999").exit_code == 0
    ((command, options),) = calls
    assert command[1:5] == ["-m", "streamlit", "run", str(repository / "app.py")]
    assert command[-1] == "--server.port=9999"
    assert options["cwd"] == repository
    assert options["env"]["CARDIOV_DATA"] == str(tmp_path / "records")


def test_folds_are_parsed(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    monkeypatch.setattr("cardiov_core.datasets.PtbXl", lambda folder, corrected: folder)

    def evaluate_folds(dataset: object, predictor: object, folds: tuple[int, ...], **options: object) -> object:
        seen.append(folds)
        return SimpleNamespace(document={})

    monkeypatch.setattr("cardiov_core.evaluation.evaluate_folds", evaluate_folds)
    monkeypatch.setattr("cardiov_core.evaluation.write_evaluation", lambda evaluation, folder: None)
    monkeypatch.setattr("cardiov_core.reporting.report_of", lambda document: "done")
    monkeypatch.setattr("cardiov_core.reporting.write_report", lambda document, folder: None)
    for text in ("10", "1-9", "1,3,5-7"):
        assert invoke("evaluate", "--data", tmp_path, "--out", tmp_path, "--folds", text).stdout == "done"
    assert seen == [(10,), tuple(range(1, 10)), (1, 3, 5, 6, 7)]


def test_nan_never_becomes_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        output.to_json({"value": float("nan")})


def test_module_runs_and_a_closed_pipe_is_no_traceback(repository: Path, npz: Path, grader: Path) -> None:
    found = subprocess.run(  # noqa: S602
        f'"{sys.executable}" -m cardiov_core analyze "{npz}" --json --explain | head -c 10',
        shell=True,
        cwd=repository,
        env={"CARDIOV_WEIGHTS": str(grader), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == '{"record":'
    assert "Traceback" not in found.stderr


@pytest.mark.dataset
def test_a_real_record(invoke: Invoke, data_folder: Path) -> None:
    path = data_folder / "ptb-xl-subset" / "records500" / "00000" / "00005_hr"
    (row,) = _rows(invoke("analyze", path, "--json", "--explain"))
    assert row["record"]["id"] == "00005_hr"
    assert sum(row["risk"]["probabilities"]) == pytest.approx(1)
    assert {len(attention) for attention in row["explanation"]["stages"].values()} == {5000}
