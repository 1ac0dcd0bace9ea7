"""Two processes that train one network on this machine, started by torchrun as `cardiov train --processes 2` does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.errors import ConfigurationError, TrainingError
from cardiov_core.training import Recipe, load_recipe
from cardiov_core.training.graders.network import check_processes
from cardiov_core.training.loop import processes as group

SCRIPT = """
import json, os, sys
from pathlib import Path
import torch
from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.training.loop import processes as group
from cardiov_core.training.loop.windows import TrainingData
from cardiov_core.training.loop.fit import fit
from cardiov_core.training.recipes.network import Augmentation, Recipe, Stage

out, kind, dies_after = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
alike = kind == "alike"
recipe = Recipe(
    name="small", title="small", net="cardiov",
    net_arguments={"widths": (12, 16), "blocks": (1, 1), "groups": None, "dropout": 0.0 if alike else 0.2},
    contract=InputContract(STANDARD_LEADS, 100.0, 200, (0.5, 45.0), 3, "none"),
    stages=(Stage("ordinal", 4, 0.01),) if alike else (Stage("cross_entropy", 2, 0.01), Stage("ordinal", 2, 0.01)),
    augmentation=Augmentation(crop_s=2.0, lead_dropout=0.0, scale=0.0, noise_mv=0.0) if alike else Augmentation(1.5),
    batch_size=8, weight_decay=0.01, seed=3, cv_groups=2, folds=(1, 2),
)
torch.manual_seed(0)
windows = torch.randn(1, 12, 200).repeat(24, 1, 1) if alike else torch.randn(24, 12, 200)
levels = torch.full((24,), 2) if alike else torch.arange(24) % 4
entries = []

def report(entry):
    entries.append(entry.as_json())
    if len(entries) == dies_after:
        os._exit(1)

torch.set_num_threads(1)
with group.joined():
    net = fit(recipe, TrainingData(windows, levels), run="final", seed=3, checkpoint=out / "final.pt",
              resume=(out / "final.pt").exists(), report=report,
              validation=None if alike else TrainingData(windows[:8], levels[:8]))
    torch.save(net.state_dict(), out / f"net-{group.rank()}.pt")
    if entries:
        (out / "log.json").write_text(json.dumps(entries))
"""


def _run(out: Path, kind: str, *, processes: int, dies_after: int = 0) -> subprocess.CompletedProcess[str]:
    out.mkdir(exist_ok=True)
    script = out / "script.py"
    script.write_text(SCRIPT)
    arguments = [str(script), str(out), kind, str(dies_after)]
    command = [sys.executable, *arguments]
    if processes > 1:
        command = [*group.torchrun_command(processes, [])[:-2], *arguments]
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "OMP_NUM_THREADS": "1",
        "PYTHONFAULTHANDLER": "1",
    }
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _result(out: Path, rank: int = 0) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    state = torch.load(out / f"net-{rank}.pt", weights_only=True)  # noqa: TID251 - written by this test
    return state, json.loads((out / "log.json").read_text())


@pytest.mark.slow
def test_two_processes_end_with_one_network_and_one_log(tmp_path: Path) -> None:
    done = _run(tmp_path / "two", "unlike", processes=2)
    assert done.returncode == 0, done.stderr
    (first, log), (second, _) = _result(tmp_path / "two"), _result(tmp_path / "two", rank=1)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert [(entry["stage"], entry["epoch"], entry["processes"]) for entry in log] == [
        ("cross_entropy", 1, 2),
        ("cross_entropy", 2, 2),
        ("ordinal", 1, 2),
        ("ordinal", 2, 2),
    ]


@pytest.mark.slow
def test_a_kill_costs_nothing(tmp_path: Path) -> None:
    """Killed within the second stage; the resumed run ends with the weights of the uninterrupted one."""
    _run(tmp_path / "whole", "unlike", processes=2)
    killed = _run(tmp_path / "killed", "unlike", processes=2, dies_after=3)
    assert killed.returncode != 0
    assert not (tmp_path / "killed" / "net-0.pt").exists()
    alone = _run(tmp_path / "killed", "unlike", processes=1)
    assert "is of 2 processes, and now there are 1" in alone.stderr
    resumed = _run(tmp_path / "killed", "unlike", processes=2)
    assert resumed.returncode == 0, resumed.stderr
    whole, again = _result(tmp_path / "whole")[0], _result(tmp_path / "killed")[0]
    assert all(torch.equal(whole[key], again[key]) for key in whole)


@pytest.mark.slow
def test_losses_and_weights_are_those_of_one_process_where_parts_have_the_batchs_statistics(tmp_path: Path) -> None:
    """Records that are all alike: a part's mean and variance are those of the batch, and nothing is random."""
    for processes, name in ((1, "one"), (2, "two")):
        done = _run(tmp_path / name, "alike", processes=processes)
        assert done.returncode == 0, done.stderr
    (one, log), (two, log_of_two) = _result(tmp_path / "one"), _result(tmp_path / "two")
    losses, others = ([entry["loss"] for entry in entries] for entries in (log, log_of_two))
    assert losses == pytest.approx(others, rel=1e-4)
    for key in one:
        if "running_var" not in key:  # a smaller part is corrected more for its size
            torch.testing.assert_close(one[key], two[key], rtol=1e-3, atol=1e-4)


def test_one_process_is_left_as_it_is() -> None:
    generator, model = torch.Generator(), torch.nn.Linear(2, 2)
    assert (group.rank(), group.size(), group.is_first(), group.is_first_of_torchrun()) == (0, 1, True, True)
    assert group.own_part(torch.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert group.together(model) is model
    assert group.own_generator(generator, 3) is generator
    assert group.mean(0.1) == 0.1
    state = torch.arange(3)
    assert group.stacked(state) is state
    assert group.own_of(state) is state
    with group.joined():
        group.wait()
        group.align(model)


def test_parts_make_up_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "size", lambda: 3)
    parts: list[list[int]] = []
    for number in range(3):
        monkeypatch.setattr(group, "rank", lambda number=number: number)
        parts.append(group.own_part(torch.arange(12)).tolist())
    assert sorted(index for part in parts for index in part) == list(range(12))
    assert {len(part) for part in parts} == {4}
    group.check_batch(6)
    for batch_size in (8, 3):
        with pytest.raises(TrainingError, match=f"A batch of {batch_size} records cannot be shared out evenly among 3"):
            group.check_batch(batch_size)


def test_what_several_processes_cannot_train_is_refused_before_they_start(tmp_path: Path, data_folder: Path) -> None:
    teaches = load_recipe("cardiov-compact")
    assert isinstance(teaches, Recipe)
    check_processes(teaches, 1)
    with pytest.raises(ConfigurationError, match="learns from more than labels"):
        check_processes(teaches, 2)
    arguments = ["train", "--data", str(data_folder), "--out", str(tmp_path), "--processes", "2", "--recipe"]
    assert CliRunner().invoke(main, [*arguments, "measurements"]).exit_code == 2
    assert CliRunner().invoke(main, [*arguments, "cardiov-compact"]).exit_code == 1


def test_the_command_becomes_torchrun(tmp_path: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def become(_path: str, command: list[str], environment: dict[str, str]) -> None:
        assert environment["OMP_NUM_THREADS"]
        seen.append(command)
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", become)
    options = ["--data", str(data_folder), "--out", str(tmp_path), "--resume", "--max-epochs", "3"]
    started = CliRunner().invoke(main, ["train", "--recipe", "cardiov-plain", *options, "--processes", "2"])
    assert started.exit_code == 0, started.output
    (command,) = seen
    assert command[:4] == [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    after = command[command.index("cardiov_core") + 1 :]
    assert after[:3] == ["train", "--recipe", "cardiov-plain"]
    assert sorted(after[3:]) == sorted(options)
    assert "--processes" not in after
