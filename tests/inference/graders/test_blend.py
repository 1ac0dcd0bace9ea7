"""The blend of a network and the measurement grader: arithmetic, both halves of its reasons, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.ensemble import ExtraTreesClassifier

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import Explanation
from cardiov_core.domain.reasons import texts
from cardiov_core.errors import (
    ExplanationError,
    ModelCardError,
    RecordUnsupportedError,
    WeightsIntegrityError,
    WeightsMismatchError,
)
from cardiov_core.inference import (
    BlendGrader,
    Grader,
    MeasurementGrader,
    NetworkGrader,
    analysis_to_dict,
    analyze,
    load_predictor,
    other_graders,
)
from cardiov_core.inference.graders.blend import blend
from cardiov_core.inference.panel import grade_all
from cardiov_core.inference.uncertainty.scope import fit_range, signature_of
from cardiov_core.nets import build_net
from cardiov_core.reporting.words.model_card import card_words
from cardiov_core.signals import Examination
from cardiov_core.signals.features import FEATURES
from cardiov_core.training.loop.forest_growth import forest_of
from cardiov_core.weights import Member, load_blend, load_card, save, save_blend, save_forest, save_range, update_card

SHARES = (0.25, 0.75)
TEMPERATURE = 1.25


@pytest.fixture
def folder(tiny_card: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder with an untrained network, a small forest, and their blend."""
    folder = tmp_path / "graders"
    torch.manual_seed(7)
    save(build_net("cardiov-compact", **tiny_card["architecture"]["kwargs"]), tiny_card, folder)
    shipped = json.loads((Path(__file__).parents[3] / "weights" / "measurements.json").read_text(encoding="utf-8"))
    kwargs = {"n_trees": 20, "n_features": len(FEATURES), "min_samples_leaf": 2}
    rows = np.random.default_rng(0).normal(size=(80, len(FEATURES)))
    levels = np.digitize(rows[:, 3], [-0.5, 0.3, 1.0])
    model = ExtraTreesClassifier(20, min_samples_leaf=2, random_state=1).fit(rows, levels)
    card = shipped | {"name": "small", "architecture": {"name": "extra-trees", "kwargs": kwargs}}
    card.pop("scope", None)
    save_forest(forest_of(model), card, folder)
    members = tuple(
        Member(name, load_card(folder / f"{name}.json").sha256, share)
        for name, share in zip(("tiny", "small"), SHARES, strict=True)
    )
    save_blend(members, _card(tiny_card, members), folder)
    (folder / "default").write_text("both\n")
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(folder))
    return folder


def _card(tiny_card: dict[str, Any], members: tuple[Member, ...]) -> dict[str, Any]:
    return tiny_card | {
        "name": "both",
        "architecture": {"name": "blend", "kwargs": {"members": [vars(member) for member in members]}},
        "calibration": {"temperature": TEMPERATURE, "offsets": [0.1, 0.0, -0.1]},
        "conformal": {"limit": 0.2},
    }


def test_a_blend_is_the_calibrated_weighted_mean_of_the_logits(folder: Path) -> None:
    record = generate("left_bundle_branch_block")
    predictor = load_predictor()
    assert isinstance(predictor, BlendGrader)
    own = [np.clip(load_predictor(name).predict(record).exceedance, 1e-3, 1 - 1e-3) for name in ("tiny", "small")]
    mean = sum(share * logit(item) for share, item in zip(SHARES, own, strict=True))
    expected = np.minimum.accumulate(expit(mean / TEMPERATURE + [0.1, 0.0, -0.1]))
    found = predictor.predict(record)
    np.testing.assert_allclose(found.exceedance, expected, atol=1e-6)
    assert sum(found.probabilities) == pytest.approx(1.0)
    assert found.prediction_set is not None
    assert int(found.severity) in found.prediction_set
    assert found.model_name == "both"


def test_a_batch_is_graded_like_single_records(folder: Path) -> None:
    records = [generate("normal"), generate("inferior_st_elevation")]
    predictor = load_predictor()
    batch, single = predictor.predict_batch(records), [predictor.predict(record) for record in records]
    for one, other in zip(batch, single, strict=True):
        np.testing.assert_allclose(one.exceedance, other.exceedance, atol=1e-5)
        assert one.notes == other.notes
    assert predictor.predict_batch([]) == []


def test_both_halves_explain_the_level_of_the_blend(folder: Path) -> None:
    record = generate("inferior_st_elevation")
    predictor = load_predictor()
    level = int(predictor.predict(record).severity)
    found = predictor.explain(record)
    assert found.target == f"level {level}"
    assert found.model_name == "tiny"
    assert set(found.stages) == set(range(1, 8))
    assert found.reasons is not None
    assert (found.reasons.model_name, found.reasons.target) == ("small", found.target)
    asked = predictor.explain(record, target="above_low")
    assert asked.reasons is not None
    assert asked.target == asked.reasons.target


def test_the_json_holds_both_halves(folder: Path) -> None:
    record = generate("normal")
    predictor = load_predictor()
    document = analysis_to_dict(analyze(record, predictor), predictor.explain(record))
    assert set(document["explanation"]["stages"]) == {str(stage) for stage in range(1, 8)}
    assert document["explanation"]["measurements"]["model"] == "small"
    assert document["model"]["name"] == "both"


def test_half_a_blend_grades_nothing(folder: Path) -> None:
    record = generate("normal")
    record.signal[:] = 0.0
    with pytest.raises(RecordUnsupportedError):
        load_predictor().predict(record)


def test_a_panel_asks_each_grader_once_and_loads_a_member_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, predictor = generate("normal"), load_predictor()
    assert isinstance(predictor, BlendGrader)
    others = other_graders(predictor)
    assert set(others) == set(predictor.members)
    alone = [grader.predict(record) for grader in (predictor, *others)]
    asked: list[str] = []
    for kind in (NetworkGrader, MeasurementGrader):
        real = kind.predict

        def _counted(self: Grader, *arguments: Any, _real: Any = real, **named: Any) -> Any:
            asked.append(self.name)
            return _real(self, *arguments, **named)

        monkeypatch.setattr(kind, "predict", _counted)
    assert list(grade_all(record, (predictor, *others)).predictions) == alone
    assert sorted(asked) == ["small", "tiny"]
    asked.clear()
    assert grade_all(record, (load_predictor("small"), load_predictor("both"))).of("both") == alone[0]
    assert sorted(asked) == ["small", "tiny"], "also where the blend is not the one on show"


def test_a_grader_beside_the_blend_is_asked_by_name_alone(folder: Path, tiny_card: dict[str, Any]) -> None:
    kwargs = tiny_card["architecture"]["kwargs"]
    save(build_net("cardiov-compact", **kwargs), tiny_card | {"name": "aside"}, folder)
    assert {grader.name for grader in other_graders(load_predictor())} == {"tiny", "small"}
    assert {grader.name for grader in other_graders(load_predictor("aside"))} == {"both", "tiny", "small"}
    (folder / "default").write_text("small\n")
    assert {grader.name for grader in other_graders(load_predictor())} == {"aside", "both", "tiny"}


def test_an_explanation_takes_measurements_that_are_at_hand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, predictor = generate("normal"), load_predictor()
    examination, expected = Examination(record), predictor.explain(record)
    assert examination.measurements.n_beats
    monkeypatch.setattr("cardiov_core.signals.examination.measure", None)
    told = predictor.explain(examination)
    assert isinstance(told, Explanation)
    assert isinstance(expected, Explanation)
    assert (told.target, told.reasons) == (expected.target, expected.reasons)


def test_a_member_that_was_trained_again_is_refused(folder: Path, tiny_card: dict[str, Any]) -> None:
    torch.manual_seed(8)
    save(build_net("cardiov-compact", **tiny_card["architecture"]["kwargs"]), tiny_card, folder)
    with pytest.raises(WeightsMismatchError, match="other weights of tiny"):
        load_predictor()


def test_other_weights_in_card_or_file_are_refused(folder: Path) -> None:
    path = folder / "both.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    for member, share in zip(card["architecture"]["kwargs"]["members"], (0.5, 0.5), strict=True):
        member["weight"] = share
    path.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(WeightsMismatchError, match="another blend"):
        load_predictor()
    (folder / "both.safetensors").write_bytes(b"no blend at all")
    with pytest.raises(WeightsIntegrityError):
        load_predictor()


@pytest.mark.parametrize(
    "members",
    [
        [],
        [{"name": "tiny", "sha256": "0", "weight": 1.0}],
        [{"name": "tiny", "sha256": "0", "weight": 0.5}, {"name": "tiny", "sha256": "0", "weight": 0.5}],
        [{"name": "tiny", "sha256": "0", "weight": 0.5}, {"name": "small", "sha256": "0", "weight": 0.6}],
        [{"name": "tiny", "sha256": "0", "weight": 1.5}, {"name": "small", "sha256": "0", "weight": -0.5}],
        [{"name": "tiny", "sha256": "0", "weight": 0.5}, {"name": "both", "sha256": "0", "weight": 0.5}],
        [{"name": "tiny", "weight": 0.5}, {"name": "small", "sha256": "0", "weight": 0.5}],
        "tiny",
    ],
)
def test_a_card_with_senseless_members_is_refused(folder: Path, members: object) -> None:
    path = folder / "both.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["architecture"]["kwargs"]["members"] = members
    path.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelCardError, match="members"):
        load_predictor()


def test_a_network_is_no_blend(folder: Path) -> None:
    with pytest.raises(WeightsMismatchError, match="no blend"):
        load_blend("tiny")


def test_a_blend_without_a_network_has_no_map(folder: Path) -> None:
    predictor = load_predictor()
    assert isinstance(predictor, BlendGrader)
    forest = predictor.members[1]
    alone = BlendGrader({forest: 1.0}, predictor.card)
    with pytest.raises(ExplanationError, match="No member"):
        alone.explain(generate("normal"))


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.lists(st.floats(0, 1), min_size=3, max_size=3),
    st.floats(0.01, 0.99),
)
def test_a_mean_of_what_never_rises_never_rises(one: list[float], other: list[float], share: float) -> None:
    falling = [sorted(one, reverse=True), sorted(other, reverse=True)]
    mixed = blend([[falling[0]], [falling[1]]], (share, 1 - share))[0]
    assert np.all(np.diff(mixed) <= 1e-12)
    low, high = np.minimum(*falling), np.maximum(*falling)
    assert np.all(mixed >= np.clip(low, 1e-3, 1 - 1e-3) - 1e-9)
    assert np.all(mixed <= np.clip(high, 1e-3, 1 - 1e-3) + 1e-9)


def test_a_blend_has_the_scope_of_its_members_and_tells_what_they_are_worth(folder: Path) -> None:
    record = generate("normal", seed=3)
    assert load_predictor("both").predict(record).scope is None
    signatures = np.stack([signature_of(generate("normal", seed=seed)) for seed in range(50)])
    save_range(load_card("small"), fit_range(signatures, np.arange(50) % 5), {"n": 50, "share_inside": 0.98})
    grader = load_predictor("both")
    assert grader.predict(record).scope == load_predictor("small").predict(record).scope
    assert grader.predict_batch([record])[0].scope is not None
    told = card_words(grader.card)
    assert told["scope"].startswith("small: ECGs are flagged that lie farther out than 98 % of 50")
    update_card(load_card("tiny"), {"training": {"torch": "2"}})
    assert card_words(grader.card)["attention"] == "tiny: The attention maps have not been tested."


def test_what_both_members_note_is_said_once(folder: Path) -> None:
    notes = texts(load_predictor().predict(generate("normal", duration_s=30.0)).notes)
    assert sum("lasts 30.0 s" in note for note in notes) == 1
    assert len(notes) == len(set(notes))
