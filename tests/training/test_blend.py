"""The training of a blend: out of its members' out-of-fold tables alone, on the same records and labels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit, logit

from cardiov_core.datasets import Person
from cardiov_core.errors import ConfigurationError, TrainingError, WeightsError
from cardiov_core.inference.graders.blend import blend
from cardiov_core.nets import build_net
from cardiov_core.training import BlendRecipe, load_recipe, train_blend
from cardiov_core.training.graders.blend import fitted_weights
from cardiov_core.weights import load_blend, load_card, out_of_fold_table, save

N = 120
RECIPE = BlendRecipe("both", "Both", ("one", "two"), (0.5, 0.5), 3, (1, 2, 3))


class _Dataset:
    """What a blend asks of a data set: labels, people and its name."""

    def __init__(self, labels: np.ndarray) -> None:
        self._labels = labels
        self.table = pd.DataFrame(index=pd.Index(range(N), name="ecg_id"))
        self.source_name, self.corrected = "tree", None

    def person(self, ecg_id: int) -> Person:
        return Person(sex=("male", "female", None)[ecg_id % 3], age=20.0 + ecg_id / 2)

    def label(self, ecg_id: int) -> int:
        return int(self._labels[ecg_id])


@pytest.fixture
def labels() -> np.ndarray:
    return np.random.default_rng(3).permutation(np.repeat([0, 1, 2, 3], [60, 24, 20, 16]))


Save = Callable[..., None]


@pytest.fixture
def member(make_card: Callable[..., dict[str, Any]], tmp_path: Path, labels: np.ndarray) -> Save:
    """Save an untrained network with an out-of-fold table that knows the labels through some noise."""

    def _save(name: str, seed: int, shift: int = 0, cv_groups: int = 3) -> None:
        rng = np.random.default_rng(seed)
        above = (labels[:, None] > np.arange(3)) * 2.0 - 1.5
        exceedances = expit(np.sort(above + rng.normal(size=(N, 3)), axis=1)[:, ::-1])
        columns: dict[str, Any] = {
            "ecg_id": np.arange(N),
            "patient_id": [str(index // 2) for index in range(N)],
            "fold": np.arange(N) // 2 % 3 + 1,
            "label": np.roll(labels, shift),
            "fingerprint_500": [f"{index:016x}" for index in range(N)],
            "fingerprint_100": [f"{index + N:016x}" for index in range(N)],
            **{f"e{at}": exceedances[:, at] for at in range(3)},
            **dict.fromkeys(("p0", "p1", "p2", "p3"), 0.25),
            "findings": np.where(labels == 2, "atrial_fibrillation", "-"),
        }
        card = make_card(name, widths=[16] * 7, blocks=[1] * 7)
        card["training"] = {"recipe": {"cv_groups": cv_groups}, "folds": [1, 2, 3]}
        torch.manual_seed(seed)
        net = build_net("cardiov-compact", **card["architecture"]["kwargs"])
        save(net, card, tmp_path, out_of_fold=pd.DataFrame(columns))

    return _save


def test_a_blend_is_better_than_its_members_and_says_what_it_is_made_of(
    member: Save, tmp_path: Path, labels: np.ndarray
) -> None:
    member("one", 1)
    member("two", 2)
    result = train_blend(RECIPE, _Dataset(labels), tmp_path)  # type: ignore[arg-type]
    members, card = load_blend(result.card_path)
    assert [item.name for item in members] == ["one", "two"]
    table = out_of_fold_table(card)
    assert table is not None
    assert table[["limit0", "limit1", "limit2", "limit3", "decided"]].notna().all(axis=None)
    assert card.raw["decision"]["measured"]["missed"] <= card.raw["decision"]["paper"]["missed"]
    assert card.raw["conformal"]["measured"]["n"] == N
    # The members' tables know the findings: one that is right about the level may raise it.
    assert card.raw["decision"]["floors_tried"]["atrial_fibrillation"]["n"] == (labels == 2).sum()
    assert card.raw["decision"]["floors"] == {"atrial_fibrillation": 2}
    assert (table["decided"][labels == 2] >= 2).all()
    assert card.raw["training"]["folds"] == [1, 2, 3]
    tables = [out_of_fold_table(load_card(tmp_path / f"{name}.json")) for name in RECIPE.members]
    own = [np.clip(one[["e0", "e1", "e2"]], 1e-3, 1 - 1e-3) for one in tables if one is not None]
    raw = np.mean([logit(one) for one in own], axis=0)
    np.testing.assert_allclose(table[["raw0", "raw1", "raw2"]], expit(raw), atol=2e-6)
    assert (result.metrics.auc["mean"] or 0) > 0.8


def test_weights_that_are_not_given_are_fitted_without_the_group_that_they_grade(
    member: Save, tmp_path: Path, labels: np.ndarray
) -> None:
    member("one", 1)
    member("two", 2)
    result = train_blend(replace(RECIPE, weights=()), _Dataset(labels), tmp_path)  # type: ignore[arg-type]
    members, card = load_blend(result.card_path)
    parts = [
        table[["e0", "e1", "e2"]].to_numpy()
        for table in (out_of_fold_table(load_card(tmp_path / f"{name}.json")) for name in RECIPE.members)
        if table is not None
    ]
    assert tuple(item.weight for item in members) == pytest.approx(fitted_weights(parts, labels))
    table = out_of_fold_table(card)
    assert table is not None
    groups = table["fold"].to_numpy() - 1
    own, rest = groups == 0, groups != 0
    weights = fitted_weights([part[rest] for part in parts], labels[rest])
    expected = blend([part[own] for part in parts], weights)
    np.testing.assert_allclose(table[["raw0", "raw1", "raw2"]][own], expected, atol=2e-6)


def test_the_better_member_weighs_more(labels: np.ndarray) -> None:
    sure = np.where(labels[:, np.newaxis] > np.arange(3), 0.9, 0.1)
    unsure = np.full((N, 3), [0.6, 0.5, 0.4])
    assert fitted_weights([sure, unsure], labels) == (0.95, 0.05)
    assert fitted_weights([unsure, unsure, sure], labels) == (0.05, 0.05, 0.9)


def test_members_of_other_labels_groups_or_records_are_refused(
    member: Save, tmp_path: Path, labels: np.ndarray
) -> None:
    dataset = _Dataset(labels)
    with pytest.raises(WeightsError, match="one"):
        train_blend(RECIPE, dataset, tmp_path)  # type: ignore[arg-type]
    member("one", 1)
    member("two", 2, shift=1)
    with pytest.raises(TrainingError, match="other records, folds or labels"):
        train_blend(RECIPE, dataset, tmp_path)  # type: ignore[arg-type]
    member("two", 2, cv_groups=0)
    with pytest.raises(TrainingError, match="two was not cross-validated on folds 1, 2, 3"):
        train_blend(RECIPE, dataset, tmp_path)  # type: ignore[arg-type]
    member("two", 2)
    with pytest.raises(TrainingError, match="other labels"):
        train_blend(RECIPE, _Dataset(np.roll(labels, 1)), tmp_path)  # type: ignore[arg-type]
    dataset.table = dataset.table.iloc[1:]
    with pytest.raises(TrainingError, match="lacks 1 of the 120"):
        train_blend(RECIPE, dataset, tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("measurements = 0.3", "measurements = 0.6", "add up to 1"),
        ("cardiov-compact = 0.2\nmeasurements = 0.3\n", "", "two graders"),
        ("measurements = 0.3", "combined = 0.3", "member of itself"),
        ("measurements = 0.3", "measurements = 'half'", "wrong kind"),
        ("cv_groups = 5", "cv_groups = 2", "at least 3"),
        ("cv_groups = 5", "cv_groups = 5\nseed = 1", "unknown fields: seed"),
        ("8, 9]", "8, 9, 10]", "test fold"),
    ],
)
def test_a_wrong_recipe_is_told(repository: Path, tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (repository / "cardiov_core" / "training" / "recipes" / "combined.toml").read_text(encoding="utf-8")
    fitted = 'members = ["xresnet1d18", "measurements", "boosted"]'
    assert fitted in text
    text = text.replace(fitted, "cardiov-compact = 0.2\nmeasurements = 0.3\nboosted = 0.5")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_recipe(path)
