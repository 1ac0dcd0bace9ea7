"""Trees on devices that they never saw: who is held out, and what is reported."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.errors import TrainingError
from cardiov_core.studies.graders import shift
from cardiov_core.studies.graders.shift import check_shift
from cardiov_core.training import BoostingRecipe
from cardiov_core.training.data.measured import Measured

HEAD = "ecg_id,patient_id,age,sex,device,site,recording_date,scp_codes,strat_fold,filename_lr,filename_hr\n"
CODES = ("NORM", "CRBBB", "LVH", "IMI")
DEVICES = ("A", "B", "C")
N = 360

RECIPE = BoostingRecipe(
    name="trees",
    title="trees",
    n_rounds=10,
    learning_rate=0.3,
    max_leaves=4,
    min_samples_leaf=5,
    max_features=1.0,
    l2=1.0,
    seed=0,
    cv_groups=3,
    folds=(1, 2, 3),
)


@pytest.fixture
def tree(tmp_path: Path) -> PtbXl:
    """Labels and devices alone; each patient has two records, on two devices in turn, and four stand on a rare one."""
    rows = [
        f"{n},{n // 2},50,1,{'D' if n < 4 else DEVICES[n % 3]} ,0,,\"{{'{CODES[n // 6 % 4]}': 100.0}}\","
        f"{n // 2 % 3 + 1},l/{n},h/{n}\n"
        for n in range(N)
    ]
    (tmp_path / "ptbxl_database.csv").write_text(HEAD + "".join(rows))
    return PtbXl(tmp_path)


@pytest.fixture
def numbers(tree: PtbXl, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """One number that tells the level on every device, but the other way round on C; and the device."""
    table = tree.table.reset_index()
    levels = np.array([n // 6 % 4 for n in range(N)])
    upside_down = np.array([n >= 4 and n % 3 == 2 for n in range(N)])
    values = np.where(upside_down, 3 - levels, levels) + np.random.default_rng(0).normal(0, 0.2, N)
    known = Measured(
        table.assign(label=levels, patient_id=table["patient_id"].astype(int).astype(str), fold=table["strat_fold"]),
        np.column_stack([values, upside_down]).astype(np.float64),
        np.zeros((N, 1, 1), dtype=np.float32),
        (frozenset(),) * N,
    )
    monkeypatch.setattr(shift, "measured_records", lambda *_, **__: known)
    return known.numbers


def test_a_device_nobody_trained_on_is_graded_worse_than_one_that_was_seen(tree: PtbXl, numbers: np.ndarray) -> None:
    rows = {row.name: row for row in check_shift(RECIPE, tree, "device", n_resamples=20)}
    assert rows["C"].unseen.auc < 0.5
    assert rows["C"].ordinary.auc > 0.8
    assert rows["C"].unseen.mae > rows["C"].ordinary.mae + 0.5
    assert rows["A"].ordinary.auc > 0.8
    low, high = rows["C"].unseen.mae_interval
    assert low <= rows["C"].unseen.mae <= high
    assert 0 <= rows["C"].unseen.coverage <= 1


def test_trees_see_no_record_of_the_device_and_none_of_its_patients(
    tree: PtbXl, numbers: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []
    real = shift.grown

    def grown(recipe: BoostingRecipe, features: np.ndarray, levels: np.ndarray) -> object:
        seen.append(np.flatnonzero(np.isin(numbers[:, 0], features[:, 0])))
        return real(recipe, features, levels)

    monkeypatch.setattr(shift, "grown", grown)
    check_shift(RECIPE, tree, "device", n_resamples=2)
    names = shift._names(tree.table["device"].astype(str).tolist())
    patients = np.arange(N) // 2
    for rows, device in zip(seen, np.unique(names), strict=True):
        assert device not in names[rows]
        assert not set(patients[rows]) & set(patients[names == device])


def test_a_rare_device_is_put_with_others(tree: PtbXl) -> None:
    names = shift._names(tree.table["device"].astype(str).tolist())
    assert sorted(set(names)) == ["A", "B", "C", "other"]
    assert (names == "other").sum() == 4


def test_one_site_alone_is_refused(tree: PtbXl, numbers: np.ndarray) -> None:
    with pytest.raises(TrainingError, match=re.escape("1 groups by site")):
        check_shift(RECIPE, tree, "site")


def test_the_command_prints_both_rows_and_refuses_a_network(tree: PtbXl, numbers: np.ndarray) -> None:
    shown = CliRunner().invoke(main, ["shift-check", str(tree.root), "--resamples", "5"])
    assert shown.exit_code == 0, shown.output
    assert "never saw it" in shown.output
    refused = CliRunner().invoke(main, ["shift-check", str(tree.root), "--recipe", "cardiov-compact"])
    assert refused.exit_code != 0
    assert "grows no trees" in refused.output
