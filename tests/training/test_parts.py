"""Recipes, losses and augmentation."""

import math
from pathlib import Path

import pytest
import torch

from cardiov_core.errors import ConfigurationError
from cardiov_core.training import ForestRecipe, list_recipes, load_recipe
from cardiov_core.training.augmentation import Batch, augment, random_crop
from cardiov_core.training.losses import loss_of, targets_for
from cardiov_core.training.recipe import Augmentation

SHIPPED = Path(__file__).parents[2] / "cardiov_core" / "training" / "recipes"


@pytest.mark.parametrize("name", list_recipes())
def test_shipped_recipes_load_and_spare_the_test_fold(name: str) -> None:
    recipe = load_recipe(name)
    assert 10 not in recipe.folds
    if isinstance(recipe, ForestRecipe):
        assert recipe.name == name
        return
    assert [stage.objective for stage in recipe.stages] == ["cross_entropy", "ordinal"]


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("folds = [1,", "folds = [10, 1,", "test fold"),
        ("batch_size = 32", "batch = 32", "unknown fields: batch"),
        ("batch_size = 32", "", "lacks a field"),
        ('objective = "ordinal"', 'objective = "regression"', "own objective"),
        ("cv_groups = 5", "cv_groups = 1", "cv_groups"),
        ("seed = 1", "seed = ", "no TOML"),
    ],
)
def test_a_wrong_recipe_is_told(tmp_path: Path, old: str, new: str, match: str) -> None:
    text = (SHIPPED / "cardiov-compact.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=match):
        load_recipe(path)


def test_an_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_recipe("resnet")
    assert "cardiov-compact" in caught.value.hint


def test_targets_are_the_papers_table_4() -> None:
    levels = torch.arange(4)
    expected = torch.tensor([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=torch.float32)
    assert torch.equal(targets_for(levels, "ordinal"), expected)
    assert torch.equal(targets_for(levels, "cross_entropy"), torch.eye(4))


def test_losses_at_logit_zero() -> None:
    """At p = 1/2 every binary cross-entropy is ln 2 (Eq. 5 with its minus sign), four even classes give ln 4."""
    levels = torch.tensor([0, 3])
    ordinal = loss_of(torch.zeros(2, 3), targets_for(levels, "ordinal"), "ordinal")
    classes = loss_of(torch.zeros(2, 4), targets_for(levels, "cross_entropy"), "cross_entropy")
    assert float(ordinal) == pytest.approx(math.log(2))
    assert float(classes) == pytest.approx(math.log(4))


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_crops_are_stretches_of_their_own_record() -> None:
    windows = torch.arange(4 * 2 * 50, dtype=torch.float32).view(4, 2, 50)
    crops = random_crop(windows, 20, _generator())
    assert crops.shape == (4, 2, 20)
    assert torch.all(crops.diff(dim=-1) == 1)
    starts = crops[:, 0, 0] - windows[:, 0, 0]
    assert torch.all((starts >= 0) & (starts <= 30))
    assert torch.all(crops[:, 1, 0] - windows[:, 1, 0] == starts)
    assert len(set(starts.tolist())) > 1


def test_without_settings_nothing_changes() -> None:
    windows, targets = torch.randn(4, 12, 100), torch.eye(4)
    none = Augmentation(crop_s=1.0, lead_dropout=0.0, scale=0.0, noise_mv=0.0, mixup=0.0)
    changed, same, _ = augment(Batch(windows, targets), none, 100.0, _generator())
    assert torch.equal(changed, windows)
    assert torch.equal(same, targets)


def test_lead_dropout_silences_whole_leads_at_its_rate() -> None:
    settings = Augmentation(crop_s=1.0, lead_dropout=0.3, scale=0.0, noise_mv=0.0)
    changed = augment(Batch(torch.ones(500, 12, 10), torch.zeros(500, 3)), settings, 10.0, _generator()).windows
    dead = (changed == 0).all(dim=-1)
    assert torch.equal(dead, (changed == 0).any(dim=-1))
    assert float(dead.float().mean()) == pytest.approx(0.3, abs=0.03)


def test_mixup_mixes_targets_as_it_mixes_windows() -> None:
    """With windows that are constant at the level's code, window and target must stay the same mixture."""
    targets = torch.eye(4).repeat(10, 1)
    windows = targets.repeat(1, 3).unsqueeze(-1).expand(-1, -1, 20).contiguous()
    settings = Augmentation(crop_s=2.0, lead_dropout=0.0, scale=0.0, noise_mv=0.0, mixup=0.5)
    mixed, mixed_targets, _ = augment(Batch(windows, targets), settings, 10.0, _generator())
    assert torch.allclose(mixed[:, :4, 0], mixed_targets)
    assert torch.allclose(mixed_targets.sum(dim=1), torch.ones(40))
    assert ((mixed_targets > 0.01) & (mixed_targets < 0.99)).any()
