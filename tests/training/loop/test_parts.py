"""Recipes, losses and augmentation."""

import math
from pathlib import Path

import pytest
import torch

from cardiov_core.errors import ConfigurationError
from cardiov_core.training import Recipe, load_recipe
from cardiov_core.training.loop.augmentation import Batch, augment, random_crop
from cardiov_core.training.loop.losses import loss_of, side_loss, targets_for
from cardiov_core.training.recipes.network import Augmentation
from cardiov_core.training.recipes.recipe_files import list_recipes

SHIPPED = Path(__file__).parents[3] / "cardiov_core" / "training" / "recipes"


@pytest.mark.parametrize("name", list_recipes())
def test_shipped_recipes_load_and_spare_the_test_fold(name: str) -> None:
    recipe = load_recipe(name)
    assert 10 not in recipe.folds
    if not isinstance(recipe, Recipe):
        assert recipe.name == name
        return
    assert recipe.stages[-1].objective == "ordinal"
    # The paper's first stage; a network that was pretrained, or has a teacher, needs none.
    before = recipe.pretraining
    assert before.epochs or before.start or recipe.distillation.share or recipe.stages[0].objective == "cross_entropy"


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("folds = [1,", "folds = [10, 1,", "test fold"),
        ("batch_size = 32", "batch = 32", "unknown fields: batch"),
        ("batch_size = 32", "", "lacks a field"),
        ('objective = "output"', 'objective = "regression"', "own objective"),
        ('objective = "output"', 'objective = "hinge"', "objective must be one of"),
        ('output = "ordinal"', 'output = "ranks"', "no output 'ranks'"),
        ('output = "ordinal"', 'optimiser = "sgd"', "optimiser"),
        ('output = "ordinal"', 'schedule = "plateau"', "plateau needs validation"),
        ('output = "ordinal"', 'precision = "half"', "precision"),
        ("[input]", "[validation]\nfolds = [10]\n[input]", "validated on"),
        ("[input]", "[validation]\nfolds = [9]\n[input]", "must not be trained on"),
        ("[input]", "[validation]\npatience = 3\n[input]", "needs folds or inner_group"),
        ("[input]", "[validation]\ninner_group = true\nevery = 0\n[input]", "every must be at least 1"),
        ("[input]", '[validation]\ninner_group = true\nby = "score"\n[input]', "needs a task of the challenges"),
        ("[input]", "[validation]\ngroup = 3\n[input]", "unexpected keyword"),
        ("[input]", "[distillation]\nshare = 1.5\n[input]", "shares must lie"),
        ("cv_groups = 5", "cv_groups = 1", "cv_groups"),
        ("seed = 1", "seed = ", "no TOML"),
    ],
)
def test_a_wrong_recipe_is_told(tmp_path: Path, old: str, new: str, match: str) -> None:
    text = (SHIPPED / "cardiov-plain.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=match):
        load_recipe(path)


@pytest.mark.parametrize(
    ("output", "objective"),
    [
        ("ordinal", "ordinal"),
        ("rank_consistent", "rank_consistent"),
        ("classification", "cross_entropy"),
        ("regression", "regression"),
    ],
)
def test_the_output_is_one_switch(tmp_path: Path, output: str, objective: str) -> None:
    text = (SHIPPED / "cardiov-plain.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('output = "ordinal"', f'output = "{output}"'), encoding="utf-8")
    recipe = load_recipe(path)
    assert isinstance(recipe, Recipe)
    assert recipe.output == output
    assert recipe.stages[-1].objective == objective


def test_the_papers_recipe_is_the_papers() -> None:
    """Section 'Implementation details': Adam, 256 records, 0.001, times 0.3 on a plateau, weight normalisation."""
    recipe = load_recipe("cardiov-paper")
    assert isinstance(recipe, Recipe)
    assert (recipe.optimiser, recipe.batch_size, recipe.schedule, recipe.plateau.factor) == (
        "adam",
        256,
        "plateau",
        0.3,
    )
    assert recipe.weight_normalisation
    assert {stage.learning_rate for stage in recipe.stages} == {0.001}
    assert recipe.stages[-1].objective == "ordinal"
    # The paper's first stage; a network that was pretrained needs none.
    assert recipe.pretraining.epochs or recipe.stages[0].objective == "cross_entropy"
    assert (recipe.folds, recipe.validation.folds) == ((1, 2, 3, 4, 5, 6, 7, 8), (9,))
    assert (recipe.contract.sampling_rate_hz, recipe.contract.band_hz) == (500.0, (0.5, 50.0))
    compact = load_recipe("cardiov-paper-compact")
    assert isinstance(compact, Recipe)
    same = ("stages", "augmentation", "optimiser", "plateau", "weight_normalisation", "validation", "batch_size")
    assert all(getattr(recipe, field) == getattr(compact, field) for field in same)


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


def test_numbers_and_conditional_thresholds_have_losses_worked_out_by_hand() -> None:
    """Even chances cost ln 2 a question; level 0 is asked once, level 1 twice, level 3 three times."""
    levels = torch.tensor([0, 1, 3])
    conditional = loss_of(torch.zeros(3, 3), targets_for(levels, "rank_consistent"), "rank_consistent")
    assert float(conditional) == pytest.approx(math.log(2))
    logits = torch.tensor([[0.0, 50.0, 50.0], [0.0, 0.0, 50.0], [0.0, 0.0, 0.0]])
    unasked = float(loss_of(logits, targets_for(levels, "rank_consistent"), "rank_consistent"))
    assert unasked == pytest.approx(math.log(2)), "questions that are not asked cost nothing"
    numbers = targets_for(levels, "regression")
    assert torch.equal(numbers, torch.tensor([[0.0], [1.0], [3.0]]))
    squared = float(loss_of(torch.tensor([[0.5], [1.0], [2.0]]), numbers, "regression"))
    assert squared == pytest.approx((0.25 + 0.0 + 1.0) / 3)


def test_a_teacher_shares_in_every_kind_of_target() -> None:
    """Half level 0, half a teacher whose exceedances 0.8, 0.9, 0.1 are repaired to 0.8, 0.8, 0.1."""
    level, teacher = torch.tensor([0]), torch.tensor([[0.8, 0.9, 0.1]])
    above = torch.tensor([[0.4, 0.4, 0.05]])
    for objective in ("ordinal", "rank_consistent"):
        torch.testing.assert_close(targets_for(level, objective, teacher, 0.5), above)  # type: ignore[arg-type]
    classes = torch.tensor([[0.6, 0.0, 0.35, 0.05]])
    torch.testing.assert_close(targets_for(level, "cross_entropy", teacher, 0.5), classes)
    torch.testing.assert_close(targets_for(level, "regression", teacher, 0.5), torch.tensor([[0.85]]))
    assert torch.equal(targets_for(level, "ordinal", teacher, 0.0), torch.zeros(1, 3))


def test_missing_side_numbers_cost_nothing_and_pass_no_gradient() -> None:
    """Smooth L1: errors of 0.5 and 3 cost 0.125 and 2.5."""
    numbers = torch.tensor([[0.5, 7.0], [3.0, 0.0]], requires_grad=True)
    loss = side_loss(numbers, torch.tensor([[0.0, math.nan], [0.0, math.nan]]))
    loss.backward()
    assert loss.item() == pytest.approx((0.125 + 2.5) / 2)
    assert numbers.grad is not None
    assert numbers.grad[:, 1].tolist() == [0.0, 0.0]
    assert side_loss(numbers, torch.full((2, 2), math.nan)).item() == 0.0


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
    changed, same, _, _ = augment(Batch(windows, targets), none, 100.0, _generator())
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
    mixed, mixed_targets = augment(Batch(windows, targets), settings, 10.0, _generator())[:2]
    assert torch.allclose(mixed[:, :4, 0], mixed_targets)
    assert torch.allclose(mixed_targets.sum(dim=1), torch.ones(40))
    assert ((mixed_targets > 0.01) & (mixed_targets < 0.99)).any()


def test_mixup_mixes_side_numbers_and_leaves_out_what_one_of_two_lacks() -> None:
    side = torch.eye(4).repeat(10, 1)
    lacking = side.clone()
    lacking[::4, 0] = math.nan
    windows = side.unsqueeze(-1).expand(-1, -1, 20).contiguous()
    settings = Augmentation(crop_s=2.0, lead_dropout=0.0, scale=0.0, noise_mv=0.0, mixup=0.5)
    whole = augment(Batch(windows, side, side), settings, 10.0, _generator())
    torch.testing.assert_close(whole.side, whole.targets)
    part = augment(Batch(windows, side, lacking), settings, 10.0, _generator())
    assert part.side is not None
    missing = torch.isnan(part.side)
    assert missing[:, 0].sum() > 10
    assert not missing[:, 1:].any()
    torch.testing.assert_close(part.side[~missing], whole.targets[~missing])


def test_gains_a_lead_reach_the_share_of_records_that_gets_them() -> None:
    settings = Augmentation(crop_s=1.0, lead_dropout=0.0, scale=0.0, noise_mv=0.0, lead_scale=0.2, lead_scale_share=0.3)
    gains = augment(Batch(torch.ones(2000, 12, 1), torch.zeros(2000, 3)), settings, 1.0, _generator()).windows[..., 0]
    changed = (gains != 1).any(dim=1)
    assert float(changed.float().mean()) == pytest.approx(0.3, abs=0.03)
    assert torch.log(gains[changed]).std().item() == pytest.approx(0.2, abs=0.01)


def test_unasked_augmentation_draws_nothing() -> None:
    """Recipes from before these fields must go on drawing the same numbers: crop, gain, leads, noise."""
    generator, reference = _generator(), _generator()
    augment(Batch(torch.ones(4, 12, 120), torch.zeros(4, 3)), Augmentation(crop_s=1.0), 100.0, generator)
    torch.randint(0, 21, (4, 1), generator=reference)
    torch.randn(4, 1, 1, generator=reference)
    torch.rand(4, 12, 1, generator=reference)
    torch.randn(4, 12, 100, generator=reference)
    assert torch.equal(torch.rand(3, generator=generator), torch.rand(3, generator=reference))


def test_a_stretch_is_erased_in_all_leads_and_an_offset_is_one_a_lead() -> None:
    still = {"crop_s": 2.0, "lead_dropout": 0.0, "scale": 0.0, "noise_mv": 0.0}
    batch = Batch(torch.ones(50, 3, 100), torch.zeros(50, 1))
    erased = augment(batch, Augmentation(**still, erase_s=0.5), 50.0, _generator()).windows
    assert torch.equal(erased, erased[:, :1].expand(-1, 3, -1))
    gone = (erased[:, 0] == 0).sum(dim=1)
    assert int(gone.max()) <= 25
    assert int(gone.min()) < 5 < 20 < int(gone.max())
    # One stretch: at most one fall and one rise.
    assert int((erased[:, 0].diff() != 0).sum(dim=1).max()) <= 2
    shifted = augment(batch, Augmentation(**still, shift_mv=0.2), 50.0, _generator()).windows
    assert torch.allclose(shifted, shifted[..., :1].expand(-1, -1, 100))
    assert float(shifted[..., 0].std()) == pytest.approx(0.2, abs=0.05)


def test_mixup_touches_its_share_of_the_batches() -> None:
    settings = Augmentation(crop_s=2.0, lead_dropout=0.0, scale=0.0, noise_mv=0.0, mixup=0.3, mixup_share=0.6)
    generator, targets = _generator(), torch.eye(4)
    batches = [augment(Batch(torch.zeros(4, 1, 20), targets), settings, 10.0, generator) for _ in range(200)]
    mixed = sum(not torch.equal(batch.targets, targets) for batch in batches)
    assert 90 < mixed < 150
