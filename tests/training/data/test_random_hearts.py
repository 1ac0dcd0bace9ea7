"""Random hearts and the teacher: kept between runs, and nobody who is graded has been seen by who teaches."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, InputContract, Provenance
from cardiov_core.errors import ConfigurationError
from cardiov_core.signals.features import FEATURES
from cardiov_core.training import load_recipe
from cardiov_core.training.data import random_hearts as hearts_module
from cardiov_core.training.data import teaching
from cardiov_core.training.data.random_hearts import random_hearts
from cardiov_core.training.data.records import TrainingRecords
from cardiov_core.training.data.split import splits_of
from cardiov_core.training.data.teaching import PatientNumbers, Scale, Teaching
from cardiov_core.training.loop import forest_growth
from cardiov_core.training.loop.learner import Learner
from cardiov_core.training.recipes.forest import ForestRecipe
from cardiov_core.training.recipes.network import Auxiliary, Distillation, Pretraining, Recipe, Stage

N, N_GROUPS = 48, 4
CONTRACT = InputContract(STANDARD_LEADS, 100.0, 1000, (0.5, 45.0), 3, "none")
RECIPE = Recipe(
    name="small",
    title="small",
    net="cardiov",
    net_arguments={"widths": (12, 16), "blocks": (1, 1), "groups": None},
    contract=CONTRACT,
    stages=(Stage("ordinal", 1, 0.01),),
    augmentation=replace(load_recipe("cardiov-compact").augmentation, crop_s=2.0),  # type: ignore[union-attr]
    batch_size=4,
    weight_decay=0.01,
    seed=3,
    cv_groups=N_GROUPS,
    folds=(1, 2, 3, 4),
    auxiliary=Auxiliary(0.5),
    distillation=Distillation(0.5, "measurements", 2),
    pretraining=Pretraining(5, 1),
)


def _numbers(records: TrainingRecords, out: Path) -> npt.NDArray[np.float64]:
    """Measure records whose number stands in their samples, as they are measured while they are read."""
    ecg_ids = records.table["ecg_id"].tolist()
    numbers = PatientNumbers(out, ecg_ids)
    for ecg_id in ecg_ids:
        samples = np.full((12, 10), ecg_id, np.float32)
        numbers.take(ecg_id, EcgRecord(samples, STANDARD_LEADS, 500.0, str(ecg_id), Provenance(str(ecg_id), "made")))
    return numbers.measured()


@pytest.fixture
def records() -> TrainingRecords:
    levels = np.arange(N) // N_GROUPS % 4
    table = pd.DataFrame({"ecg_id": np.arange(N), "fold": np.arange(N) % N_GROUPS + 1, "label": levels})
    return TrainingRecords(torch.zeros(N, 12, 1000), torch.from_numpy(levels), table)


@pytest.fixture
def grown(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """Measure a record as its number, and note for whom each forest was grown."""
    monkeypatch.setattr(teaching, "measure", lambda record: record)
    monkeypatch.setattr(
        teaching, "features_of", lambda record, _: np.arange(len(FEATURES)) + float(record.signal[0, 0])
    )
    monkeypatch.setattr(hearts_module, "measure", lambda record: record)
    monkeypatch.setattr(
        hearts_module, "features_of", lambda record, _: np.full(len(FEATURES), 1000.0 + float(record.age))
    )
    seen: list[set[int]] = []
    real = forest_growth.grow

    def grow(recipe: ForestRecipe, features: npt.NDArray[np.float64], levels: npt.NDArray[np.int64], seed: int) -> Any:
        seen.append(set(features[:, 0].astype(int).tolist()))
        return real(replace(recipe, n_trees=3), features, levels, seed)

    monkeypatch.setattr(teaching, "grow", grow)
    return seen


def test_no_forest_that_teaches_has_seen_who_is_graded_nor_the_patient_it_speaks_of(
    records: TrainingRecords, grown: list[set[int]], tmp_path: Path
) -> None:
    taught = Teaching(RECIPE, _numbers(records, tmp_path), records, tmp_path)
    for split in splits_of(RECIPE, records):
        grown.clear()
        data = taught.data_for(split)
        held_out, trained = set(split.held_out.tolist()), set(split.trained.tolist())
        assert all(not patients & held_out for patients in grown)
        groups = {patient % N_GROUPS for patient in trained}
        # One forest a group, without it, speaks of the patients; one of all speaks of the hearts.
        assert sorted(map(len, grown)) == [len(trained) - N // N_GROUPS] * len(groups) + [len(trained)]
        assert all({patient % N_GROUPS for patient in patients} != groups for patients in grown[:-1])
        assert data.teacher is not None
        assert torch.isfinite(data.teacher).all()
        assert data.hearts is not None
        assert data.hearts.teacher is not None
        assert len(data.hearts) == RECIPE.pretraining.hearts


def test_what_was_measured_is_kept_and_taken_up_again(
    records: TrainingRecords, grown: list[set[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Teaching(RECIPE, _numbers(records, tmp_path), records, tmp_path)
    monkeypatch.setattr(teaching, "measure", None)
    monkeypatch.setattr(hearts_module, "measure", None)
    again = Teaching(RECIPE, _numbers(records, tmp_path), records, tmp_path)
    split = splits_of(RECIPE, records)[0]
    one, other = first.data_for(split), again.data_for(split)
    assert one.side is not None
    assert other.side is not None
    assert torch.equal(one.side, other.side)


def test_pretraining_leaves_a_trunk_and_a_side_head_but_no_dense_layer(
    records: TrainingRecords, grown: list[set[int]], tmp_path: Path
) -> None:
    said: list[Any] = []
    taught = Teaching(RECIPE, _numbers(records, tmp_path), records, tmp_path)
    start = taught.pretrained(False, said.append)
    assert start is not None
    assert not any(key.startswith("dense.") for key in start)
    side = taught.data_for(splits_of(RECIPE, records)[0]).side
    assert side is not None
    assert start["side.weight"].shape[0] == side.shape[1]
    assert [(entry.run, entry.stage) for entry in said] == [("pretraining", "measurements")]
    assert (
        Teaching(
            replace(RECIPE, pretraining=Pretraining(5)), _numbers(records, tmp_path), records, tmp_path
        ).pretrained(False, said.append)
        is None
    )


def test_numbers_are_standardised_by_their_quartiles_and_kept_within_limits() -> None:
    rng = np.random.default_rng(0)
    numbers = np.stack([rng.normal(5, 2, 2000), np.full(2000, 3.0), np.full(2000, np.nan), rng.normal(size=2000)], 1)
    numbers[0, 0], numbers[1, 3] = 1e6, np.nan
    scale = Scale.of(numbers)
    assert scale.columns.tolist() == [0, 3]
    standard = scale(numbers).numpy()
    assert standard[0, 0] == 4.0
    assert np.isnan(standard[1, 1])
    assert abs(np.nanmedian(standard[:, 0])) < 0.01
    assert np.nanstd(standard[1:, 0]) == pytest.approx(1.0, abs=0.1)


def test_hearts_are_prepared_by_the_contract_and_kept(tmp_path: Path) -> None:
    made = random_hearts(2, CONTRACT, tmp_path / "deep" / "hearts.npz")
    kept = random_hearts(2, CONTRACT, tmp_path / "deep" / "hearts.npz")
    assert made.windows.shape == (2, 12, 1000)
    assert made.numbers.shape == (2, len(FEATURES))
    assert np.isfinite(made.numbers).mean() > 0.8
    assert torch.equal(made.windows, kept.windows)
    assert len(random_hearts(1, CONTRACT, tmp_path / "deep" / "hearts.npz").windows) == 1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[distillation]\nshare = 0.5\n", "needs distillation.teacher"),
        ('[distillation]\nteacher = "measurements"\nhearts_a_batch = 4\n', "needs pretraining.hearts"),
        ("[pretraining]\nhearts = 8\nepochs = 1\n", "as many hearts as a batch"),
        ('[distillation]\nteacher = "measurements"\nhearts_until = 2\n', "shares must lie within 0 and 1"),
    ],
)
def test_a_recipe_that_cannot_teach_says_why(repository: Path, tmp_path: Path, lines: str, said: str) -> None:
    text = (repository / "cardiov_core" / "training" / "recipes" / "cardiov.toml").read_text(encoding="utf-8")
    path = tmp_path / "wrong.toml"
    path.write_text(f"{text}\n{lines}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_recipe(path)


def test_what_was_pretrained_cannot_be_normalised(repository: Path, tmp_path: Path) -> None:
    text = (repository / "cardiov_core" / "training" / "recipes" / "cardiov.toml").read_text(encoding="utf-8")
    path = tmp_path / "wrong.toml"
    hearts = "[pretraining]\nhearts = 40\nepochs = 1\n"
    path.write_text(f"weight_normalisation = true\n{text}\n{hearts}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="knows no weight_normalisation"):
        load_recipe(path)


def test_a_training_starts_from_the_side_head_that_was_pretrained(
    records: TrainingRecords, grown: list[set[int]], tmp_path: Path
) -> None:
    taught = Teaching(RECIPE, _numbers(records, tmp_path), records, tmp_path)
    start = taught.pretrained(False, lambda _entry: None)
    assert start is not None
    learner = Learner(RECIPE, taught.data_for(splits_of(RECIPE, records)[0]), 1, start)
    assert learner.model.side is not None
    assert torch.equal(learner.model.side.weight.cpu(), start["side.weight"])
    trunk = {key: value for key, value in start.items() if not key.startswith("side.")}
    own = learner.model.net.state_dict()
    assert all(torch.equal(own[key].cpu(), value) for key, value in trunk.items())


def test_only_trees_teach(records: TrainingRecords, tmp_path: Path) -> None:
    recipe = replace(RECIPE, distillation=Distillation(0.5, "cardiov"))
    with pytest.raises(ConfigurationError, match="grows no trees"):
        Teaching(recipe, _numbers(records, tmp_path), records, tmp_path)
