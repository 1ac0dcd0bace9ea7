"""The cache of a small tree that the test writes: whole, resumed, refused, damaged; and the real subset."""

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl, PtbXlCache, is_cache
from cardiov_core.datasets.corrected_labels import CorrectedLabels
from cardiov_core.domain import STANDARD_LEADS, InputContract, Severity
from cardiov_core.errors import DatasetError
from cardiov_core.preprocessing import prepare
from cardiov_core.training import Recipe, load_recipe, train
from cardiov_core.training.data import cache as preparation
from cardiov_core.training.data.cache import prepare_cache
from cardiov_core.training.data.records import load_records
from cardiov_core.training.recipes.network import Stage
from tests.wfdb_files import PTBXL_HEAD, write_wfdb

N_RECORDS = 12
CONTRACT = InputContract(STANDARD_LEADS, 100.0, 1000, (0.5, 45.0), 3, "none")


@pytest.fixture
def recipe() -> Recipe:
    found = load_recipe("cardiov-plain")
    assert isinstance(found, Recipe)
    return replace(found, contract=CONTRACT, folds=(1, 2, 3))


@pytest.fixture
def tree(tmp_path: Path) -> PtbXl:
    return PtbXl(write_tree(tmp_path / "tree"))


def write_tree(root: Path, n_records: int = N_RECORDS) -> Path:
    """Write a tree of random records: fold 4 holds every fourth; levels 0-3 and a masked age occur."""
    rows = []
    codes = ("{'NORM': 100.0, 'AFIB': 0.0}", "{'LAFB': 100.0}", "{'LVH': 100.0}", "{'IMI': 100.0}")
    for index in range(n_records):
        ecg_id, fold = index + 1, index % 4 + 1
        age = "" if index == 2 else 300.0 if index == 3 else 40.0 + index
        rows.append(
            f'{ecg_id},{500 + index},{age},{index % 2},,,"{codes[index // 4 % 4]}",{fold},l/{ecg_id},h/{ecg_id}\n'
        )
        for folder, rate in (("h", 500), ("l", 100)):
            samples = np.random.default_rng(index).integers(-900, 900, (10 * rate, 12)).astype("<i2")
            write_wfdb(root / folder, str(ecg_id), samples, rate)
    (root / "ptbxl_database.csv").write_text(PTBXL_HEAD + "\n" + "".join(rows))
    return root


def test_a_cache_gives_what_the_tree_gives(tree: PtbXl, recipe: Recipe, tmp_path: Path) -> None:
    made = prepare_cache(tree, CONTRACT, tmp_path / "cache")
    assert (made.n_records, made.unreadable) == (N_RECORDS, {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours, theirs = load_records(PtbXlCache(tmp_path / "cache"), recipe), load_records(tree, recipe)
    assert ours.table.equals(theirs.table)
    assert torch.equal(ours.levels, theirs.levels)
    assert ours.rows is not None
    assert ours.rows.tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]  # without fold 4
    assert torch.equal(ours.windows[ours.rows], theirs.windows)
    assert theirs.rows is None


def test_windows_stay_in_the_file_and_what_is_written_to_them_does_not_reach_it(tree: PtbXl, tmp_path: Path) -> None:
    cache = prepare_cache(tree, CONTRACT, tmp_path / "cache").cache
    windows = cache.windows()
    assert isinstance(windows, np.memmap)
    assert isinstance(torch.from_numpy(windows), torch.Tensor)
    windows[0] = 7.0
    cache.verify([1])
    assert not (cache.windows()[0] == 7.0).any()


def test_both_label_rules_and_corrected_labels_hold_on_a_cache(tree: PtbXl, recipe: Recipe, tmp_path: Path) -> None:
    prepare_cache(tree, CONTRACT, tmp_path / "cache")
    cache = PtbXlCache(tmp_path / "cache", CorrectedLabels({2: Severity.HIGH_RISK}, "0" * 64))
    assert (cache.label(1), cache.label(1, "most_severe")) == (Severity.NO_RISK, Severity.MEDIUM_RISK)
    assert load_records(cache, recipe).levels[:3].tolist() == [0, 3, 0]


def test_a_preparation_goes_on_after_a_kill(tree: PtbXl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two flushes, a torn row and a window that never reached the disk; the end is the same to the last byte."""
    whole = prepare_cache(tree, CONTRACT, tmp_path / "whole").cache
    out = tmp_path / "cache"
    monkeypatch.setattr(preparation, "_CHUNK", 2)
    calls: list[int] = []

    def dying(dataset: PtbXl, contract: InputContract, ecg_id: int) -> preparation._Prepared:
        calls.append(ecg_id)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return original(dataset, contract, ecg_id)

    original = preparation._prepared
    monkeypatch.setattr(preparation, "_prepared", dying)
    with pytest.raises(KeyboardInterrupt):
        prepare_cache(tree, CONTRACT, out)
    assert is_cache(out)
    with pytest.raises(DatasetError, match="was not finished"):
        PtbXlCache(out)
    with (out / "records.csv").open("a") as rows:
        rows.write("5,4,0123")
    array = np.load(out / "windows.npy", mmap_mode="r+")
    array[1] = 0.0
    array.flush()
    del calls[:]
    calls.extend([0] * 6)
    resumed = prepare_cache(tree, CONTRACT, out).cache
    assert calls[6:] == [2, 5, 6, 7, 8, 9, 10, 11, 12]
    assert resumed.cached == whole.cached
    assert (out / "windows.npy").read_bytes() == (tmp_path / "whole" / "windows.npy").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == [
        "cache.json",
        "ptbxl_database.csv",
        "records.csv",
        "windows.npy",
    ]


@pytest.mark.slow
def test_a_killed_command_goes_on(tmp_path: Path) -> None:
    root, out = write_tree(tmp_path / "tree", 300), tmp_path / "cache"
    command = [sys.executable, "-m", "cardiov_core", "data", "prepare", "--data", str(root), "--out", str(out)]
    started = subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})
    rows = out / "records.csv"
    while not rows.is_file() or len(rows.read_text().splitlines()) < 66:
        assert started.poll() is None, "finished before it could be killed"
        time.sleep(0.02)
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert not (out / "cache.json").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("300 records")
    cache = PtbXlCache(out)
    cache.verify(range(1, 301))
    tree = PtbXl(root)
    for ecg_id in (1, 70, 300):
        expected = prepare(tree.record(ecg_id), CONTRACT).values
        assert np.array_equal(cache.windows()[cache.cached[ecg_id].row], expected)


def test_unreadable_records_are_named_and_cost_nothing_of_the_rest(tree: PtbXl, recipe: Recipe, tmp_path: Path) -> None:
    out, torn = tmp_path / "cache", tree.root / "h" / "5.dat"
    content = torn.read_bytes()
    torn.write_bytes(content[:100])
    (tree.root / "l" / "9.hea").unlink()
    arguments = ["data", "prepare", "--data", str(tree.root), "--out", str(out)]
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 1
    assert "2 of 12 records cannot be prepared: 00005, 00009." in refused.stderr
    assert "--skip-unreadable" in refused.stderr
    torn.write_bytes(content)
    assert CliRunner().invoke(main, arguments).exit_code == 1
    allowed = CliRunner().invoke(main, [*arguments, "--skip-unreadable"])
    assert allowed.exit_code == 0, allowed.output
    assert "left out 00009: " in allowed.stderr
    assert "11 records" in allowed.stdout
    cache = PtbXlCache(out)
    assert set(cache.unreadable) == {9}
    assert load_records(cache, recipe).table["ecg_id"].tolist() == [1, 2, 3, 5, 6, 7, 10, 11]


def test_damage_is_found_and_named(tree: PtbXl, recipe: Recipe, tmp_path: Path) -> None:
    out = tmp_path / "cache"
    prepare_cache(tree, CONTRACT, out)
    content = bytearray((out / "windows.npy").read_bytes())
    content[-1] ^= 1  # the last record, of fold 4
    content[128 + 2 * 48000] ^= 1  # the third record
    (out / "windows.npy").write_bytes(content)
    with pytest.raises(DatasetError, match="the windows of 3 are not those prepared"):
        load_records(PtbXlCache(out), recipe)
    with pytest.raises(DatasetError, match="the windows of 3, 12 are not"):
        PtbXlCache(out).verify(range(1, 13))
    (out / "windows.npy").write_bytes(content[:-4])
    with pytest.raises(DatasetError, match=r"windows\.npy is damaged"):
        PtbXlCache(out)


@pytest.mark.parametrize("name", ["records.csv", "ptbxl_database.csv"])
def test_a_changed_or_missing_table_is_named(tree: PtbXl, tmp_path: Path, name: str) -> None:
    out = tmp_path / "cache"
    prepare_cache(tree, CONTRACT, out)
    text = (out / name).read_text()
    (out / name).write_text(text.replace("1", "2", 1))
    with pytest.raises(DatasetError, match=f"{name} is damaged"):
        PtbXlCache(out)
    (out / name).unlink()
    with pytest.raises(DatasetError, match=f"{name} cannot be read"):
        PtbXlCache(out)


@pytest.mark.parametrize("text", ["", "{}", '{"version": 1}', "[1]"])
def test_a_damaged_card_is_named(tree: PtbXl, tmp_path: Path, text: str) -> None:
    out = tmp_path / "cache"
    prepare_cache(tree, CONTRACT, out)
    (out / "cache.json").write_text(text)
    with pytest.raises(DatasetError, match=r"cache\.json cannot be read"):
        PtbXlCache(out)


def test_another_version_is_refused(tree: PtbXl, tmp_path: Path) -> None:
    out = tmp_path / "cache"
    prepare_cache(tree, CONTRACT, out)
    card = json.loads((out / "cache.json").read_text())
    (out / "cache.json").write_text(json.dumps(card | {"version": 1}))
    with pytest.raises(DatasetError, match="version 1"):
        PtbXlCache(out)


def test_another_contract_is_refused_and_says_in_what(tree: PtbXl, recipe: Recipe, tmp_path: Path) -> None:
    out = tmp_path / "cache"
    prepare_cache(tree, CONTRACT, out)
    other = replace(CONTRACT, band_hz=(0.05, 40.0), normalisation="global_std")
    with pytest.raises(DatasetError, match=r"band_hz \[0.5, 45.0\] instead of \[0.05, 40.0\]; normalisation") as caught:
        load_records(PtbXlCache(out), replace(recipe, contract=other))
    assert "data prepare" in caught.value.hint
    with pytest.raises(DatasetError, match="another contract"):
        prepare_cache(tree, other, out)


def test_folders_that_hold_something_else_are_left_alone(tree: PtbXl, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not empty and no cache"):
        prepare_cache(tree, CONTRACT, tree.root)
    cache = prepare_cache(tree, CONTRACT, tmp_path / "cache").cache
    with pytest.raises(DatasetError, match="is a cache already"):
        prepare_cache(cache, CONTRACT, tmp_path / "again")
    other = PtbXl(write_tree(tmp_path / "other", 3))
    with pytest.raises(DatasetError, match="of another tree"):
        prepare_cache(other, CONTRACT, cache.root)
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / "cache.json.part").write_text("{}")
    with pytest.raises(DatasetError, match="another tree or contract was begun"):
        prepare_cache(tree, CONTRACT, begun)


def test_a_disk_that_is_too_small_is_said_before(tree: PtbXl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = preparation.shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(preparation.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(DatasetError, match=r"needs 0\.00 GB"):
        prepare_cache(tree, CONTRACT, tmp_path / "cache")


def test_a_forest_says_that_it_needs_the_tree(tree: PtbXl, tmp_path: Path) -> None:
    out = tmp_path / "cache"
    prepare_cache(tree, CONTRACT, out)
    trained = CliRunner().invoke(
        main, ["train", "--recipe", "measurements", "--data", str(out), "--out", str(tmp_path / "forest")]
    )
    assert trained.exit_code == 1
    assert "is a cache of prepared windows" in trained.stderr
    assert "name the PTB-XL tree itself (tree)" in trained.stderr
    prepared = CliRunner().invoke(
        main, ["data", "prepare", "--recipe", "measurements", "--data", str(tree.root), "--out", str(tmp_path / "f")]
    )
    assert prepared.exit_code == 2
    assert "needs the tree" in prepared.stderr
    both = CliRunner().invoke(
        main, ["data", "prepare", "--recipe", "a", "--config", "b", "--data", str(tree.root), "--out", str(out)]
    )
    assert both.exit_code == 2


@pytest.mark.slow
def test_a_training_on_a_cache_gives_the_weights_of_the_tree(recipe: Recipe, tmp_path: Path) -> None:
    """With another fold in between, so that a record is not the row of its number."""
    tree = PtbXl(write_tree(tmp_path / "tree", 48))
    cache = prepare_cache(tree, CONTRACT, tmp_path / "cache").cache
    small = replace(
        recipe,
        net="cardiov",
        net_arguments={"widths": [12] * 7, "blocks": [1] * 7, "groups": None},
        stages=(Stage("ordinal", 1, 0.01),),
        batch_size=4,
        folds=(1, 2, 4),
        cv_groups=3,
    )
    on_tree = train(small, tree, tmp_path / "a").card_path
    on_cache = train(small, cache, tmp_path / "b").card_path
    for suffix in (".safetensors", ".oof.csv"):
        assert on_tree.with_suffix(suffix).read_bytes() == on_cache.with_suffix(suffix).read_bytes()
    assert json.loads(on_cache.read_text())["training"]["dataset"] == "PTB-XL (tree)"


@pytest.mark.slow
@pytest.mark.dataset
def test_the_real_subset(data_folder: Path, tmp_path: Path) -> None:
    """The cache gives windows, labels and fingerprints of the tree, so the weights, too, would be those of the tree."""
    found = load_recipe("cardiov-plain")
    assert isinstance(found, Recipe)
    tree = PtbXl(data_folder / "ptb-xl-subset")
    ours = load_records(prepare_cache(tree, found.contract, tmp_path / "cache").cache, found)
    theirs = load_records(tree, found)
    assert ours.rows is not None
    assert torch.equal(ours.windows[ours.rows], theirs.windows)
    assert ours.table.equals(theirs.table)
