"""A tree that was measured once: the command, what trainings take from it, and what makes it stale."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.signals import kept_examinations as kept
from cardiov_core.signals import measure
from cardiov_core.signals.features import features_of
from cardiov_core.training.data import measured as measured_module
from cardiov_core.training.data.measured import measured_records
from cardiov_core.training.findings.train_findings import gather
from tests.wfdb_files import PTBXL_HEAD, write_wfdb

CONDITIONS = ("normal", "atrial_fibrillation", "left_bundle_branch_block")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> PtbXl:
    """Three synthetic records in three folds, at 500 Hz alone."""
    root = tmp_path_factory.mktemp("tree")
    rows = []
    for number, condition in enumerate(CONDITIONS, start=1):
        record = generate(condition, seed=number)
        rows.append(f"{number},{number},{50 + number},1,,,\"{{'NORM': 100.0}}\",{number},l/{number},h/{number}\n")
        write_wfdb(root / "h", str(number), np.rint(record.signal.T * 1000).astype("<i2"))
    (root / "ptbxl_database.csv").write_text(PTBXL_HEAD + "\n" + "".join(rows))
    return PtbXl(root)


def test_a_tree_is_measured_once_for_all(tree: PtbXl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(main, ["data", "measure", "--data", str(tree.root)])
    assert shown.exit_code == 0, shown.output
    assert len((tmp_path / shown.output.strip()).read_text().splitlines()) == len(CONDITIONS)
    # Whoever measures again, fails.
    monkeypatch.setattr(kept, "_line", None)
    found = measured_records(tree, range(1, 10))
    rows = gather(tree)
    for ecg_id, numbers, findings in zip((1, 2, 3), found.numbers, found.findings, strict=True):
        record = tree.record(ecg_id)
        np.testing.assert_array_equal(numbers, features_of(record, measure(record)))
        assert rows.fingerprints[ecg_id - 1] == record.fingerprint
        assert ("atrial_fibrillation" in findings) == (ecg_id == 2)
    assert found.floors.words[1] == "atrial_fibrillation"
    # Read and examined again, nothing but files is needed.
    monkeypatch.setattr(measured_module, "features_of", None)
    np.testing.assert_array_equal(measured_records(tree, range(1, 10)).numbers, found.numbers)


def test_other_detectors_make_findings_stale(tree: PtbXl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured_records(tree, range(1, 10), tmp_path)
    monkeypatch.setattr(measured_module, "load_findings", lambda: None)
    calls = []
    real = measured_module.features_of
    monkeypatch.setattr(measured_module, "features_of", lambda *given: calls.append(1) or real(*given))
    measured_records(tree, range(1, 10), tmp_path)
    assert len(calls) == len(CONDITIONS)
