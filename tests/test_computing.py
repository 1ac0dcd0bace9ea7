"""On what networks compute: from the environment, from options, and back again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.computing import (
    THREADS_OF_LIBRARIES,
    cache_folder,
    computing,
    computing_by,
    computing_for,
    n_threads,
    prefer_kept,
    set_threads,
)
from cardiov_core.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _one_thread_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*THREADS_OF_LIBRARIES, "CARDIOV_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.delenv("CARDIOV_THREADS")
    yield
    torch.set_num_threads(1)


def test_the_environment_counts_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CARDIOV_BACKEND", raising=False)
    assert (computing().backend, computing().precision, computing().threads) == ("auto", "f32", None)
    monkeypatch.setenv("CARDIOV_BACKEND", "openvino")
    monkeypatch.setenv("CARDIOV_PRECISION", "bf16")
    monkeypatch.setenv("CARDIOV_CACHE", str(tmp_path))
    assert (computing().backend, computing().precision) == ("openvino", "bf16")
    assert cache_folder() == tmp_path


@pytest.mark.parametrize(
    ("name", "value"), [("BACKEND", "onnx"), ("PRECISION", "int8"), ("THREADS", "0"), ("THREADS", "many")]
)
def test_what_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CARDIOV_{name}", value)
    with pytest.raises(ConfigurationError, match=f"CARDIOV_{name} is '{value}'"):
        computing()


def test_threads_are_the_stated_ones_or_those_of_the_libraries_or_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert n_threads() == 3
    monkeypatch.setenv("CARDIOV_THREADS", "2")
    set_threads()
    assert torch.get_num_threads() == n_threads() == 2
    assert {os.environ[name] for name in THREADS_OF_LIBRARIES} == {"2"}
    monkeypatch.delenv("CARDIOV_THREADS")
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert n_threads() == 1


def test_options_count_as_long_as_their_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_BACKEND", "torch")
    with computing_by(backend="openvino", threads=2, precision=None):
        assert computing().backend == "openvino"
        assert torch.get_num_threads() == 2
        assert os.environ["OMP_NUM_THREADS"] == "2"
        assert "CARDIOV_PRECISION" not in os.environ
    assert computing().backend == "torch"
    assert torch.get_num_threads() == 1
    assert "CARDIOV_THREADS" not in os.environ


def test_nothing_is_converted_for_few_records_unless_somebody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_BACKEND", "auto")
    with computing_for(29):
        assert computing().backend == "kept"
    with computing_for(30):
        assert computing().backend == "auto"
    monkeypatch.setenv("CARDIOV_BACKEND", "openvino")
    with computing_for(1):
        assert computing().backend == "openvino"


def test_a_program_that_opens_ecg_by_ecg_converts_nothing_unless_somebody_chose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARDIOV_BACKEND", "auto")
    prefer_kept()
    assert computing().backend == "kept"
    monkeypatch.setenv("CARDIOV_BACKEND", "openvino")
    prefer_kept()
    assert computing().backend == "openvino"
    monkeypatch.setenv("CARDIOV_BACKEND", "auto")
    monkeypatch.setenv("CARDIOV_PRECISION", "bf16")
    prefer_kept()
    assert computing().backend == "auto"


@pytest.mark.parametrize("command", ["analyze", "score", "evaluate", "serve", "app", "report", "serial", "watch"])
def test_commands_that_run_networks_take_the_options(command: str) -> None:
    shown = CliRunner().invoke(main, [command, "--help"]).stdout
    assert all(option in shown for option in ("--backend", "--precision", "--threads"))


def test_the_command_line_sets_the_threads_and_training_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_THREADS", "2")
    CliRunner().invoke(main, ["models"])
    assert torch.get_num_threads() == 2
    monkeypatch.delenv("CARDIOV_THREADS")
    torch.set_num_threads(2)
    CliRunner().invoke(main, ["train", "--data", "x", "--out", "y"])
    assert torch.get_num_threads() == 2


def test_a_wrong_variable_ends_a_command_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_THREADS", "none")
    result = CliRunner().invoke(main, ["models"])
    assert result.exit_code == 1
    assert "CARDIOV_THREADS is 'none'" in result.stderr


def test_nothing_of_openvino_is_loaded_where_torch_runs() -> None:
    code = (
        "import sys; from cardiov_core import load_predictor; from cardiov_core.datasets import generate; "
        "load_predictor('cardiov-compact').predict(generate('normal')); print('openvino' in sys.modules)"
    )
    environment = {**os.environ, "CARDIOV_BACKEND": "torch"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "False"
