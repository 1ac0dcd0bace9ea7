"""The scope flag: distances that can be worked out, and records that are not what a grader learned from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cardiov_core import weights
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import Scope
from cardiov_core.errors import ConfigurationError, RecordUnsupportedError, WeightsIntegrityError, WeightsMismatchError
from cardiov_core.inference import analysis_to_dict, analyze, load_predictor
from cardiov_core.inference.uncertainty.scope import (
    distances,
    fit_range,
    fitted,
    limit_of,
    scope_of,
    signature_of,
    unlike_training,
)
from cardiov_core.studies.graders.scope import ALTERATIONS
from cardiov_core.weights import KnownRange

SEEN = [
    generate(condition, seed=seed)
    for condition in ("normal", "atrial_fibrillation", "left_bundle_branch_block", "sinus_bradycardia")
    for seed in range(15)
]


@pytest.fixture(scope="module")
def known() -> KnownRange:
    return fit_range(np.stack([signature_of(record) for record in SEEN]), np.arange(len(SEEN)) % 5)


def test_the_distance_is_that_of_mahalanobis_where_all_components_count() -> None:
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(4000, 3)) @ np.array([[2.0, 0.5, 0.1], [0.0, 1.0, 0.3], [0.0, 0.0, 0.4]]) + 5.0
    known = fitted(rows)
    assert len(known.components) == 3
    away = generator.normal(size=(50, 3)) + 5.0
    inverse = np.linalg.inv(np.cov(rows.T, bias=True))
    by_hand = np.sqrt(np.einsum("ij,jk,ik->i", away - rows.mean(axis=0), inverse, away - rows.mean(axis=0)))
    np.testing.assert_allclose(distances(known, away), by_hand, rtol=1e-6)


def test_a_way_in_which_no_training_record_differs_counts() -> None:
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(500, 1)) @ np.ones((1, 5)) + 0.01 * generator.normal(size=(500, 5))
    known = fitted(rows)
    assert len(known.components) == 1
    assert distances(known, [[2.0] * 5])[0] < 3.0
    assert distances(known, [[2.0, -2.0, 2.0, -2.0, 2.0]])[0] > 50.0


def test_held_out_distances_are_larger_than_those_of_memory_and_set_the_limit() -> None:
    rows = np.random.default_rng(2).normal(size=(120, 25))
    known = fit_range(rows, np.arange(120) % 4)
    assert known.held_out.mean() > 1.1 * distances(known, rows).mean()
    assert (np.diff(known.held_out) >= 0).all()
    assert limit_of(known) == np.quantile(known.held_out, 0.98)


def test_the_share_that_lies_farther_out_is_counted(known: KnownRange) -> None:
    scope = scope_of(known, generate("normal", seed=99))
    assert scope.farther_share == np.mean(known.held_out >= scope.distance)
    assert scope.n_records == len(SEEN)
    assert not scope.outside
    assert unlike_training(scope) is None


def test_numbers_of_a_record_are_the_same_in_any_order_of_leads_and_nearly_at_any_rate() -> None:
    record = generate("normal", seed=2)
    order = list(reversed(range(12)))
    turned = replace(record, signal=record.signal[order], leads=tuple(record.leads[at] for at in order))
    np.testing.assert_array_equal(signature_of(turned), signature_of(record))
    slow = generate("normal", seed=2, sampling_rate_hz=250.0)
    assert signature_of(record).shape == (71,)
    assert np.abs(signature_of(slow) - signature_of(record)).max() < 0.5
    factor = signature_of(replace(record, signal=record.signal * np.float32(2)))[:12] - signature_of(record)[:12]
    np.testing.assert_allclose(factor, np.log(2.0), atol=0.01)


def test_a_flat_record_has_numbers_and_lies_outside(known: KnownRange) -> None:
    record = generate("normal", seed=3)
    flat = replace(record, signal=np.zeros_like(record.signal))
    assert np.isfinite(signature_of(flat)).all()
    assert scope_of(known, flat).outside


@pytest.mark.parametrize("start_s", [None, 9.0])
def test_the_window_that_is_graded_is_the_one_that_is_judged(known: KnownRange, start_s: float | None) -> None:
    record = generate("normal", seed=4, duration_s=20.0)
    signal = record.signal.copy()
    signal[:, : 4 * 500] *= np.float32(50)
    assert scope_of(known, replace(record, signal=signal), start_s).outside == (start_s is None)


def test_short_records_are_refused(known: KnownRange) -> None:
    with pytest.raises(RecordUnsupportedError):
        scope_of(known, generate("normal", duration_s=3.0))


def test_few_records_make_no_range() -> None:
    with pytest.raises(ConfigurationError, match="10 records in 2 folds"):
        fit_range(np.zeros((10, 71)), np.arange(10) % 2)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "the 400 ECGs that the grader learned from: none of them lies as far out."),
        (1 / 400, ": 1 of them lies as far out."),
        (4 / 400, ": 4 of them lie as far out."),
    ],
)
def test_the_warning_counts(share: float, said: str) -> None:
    assert said in str(unlike_training(Scope(12.0, 10.0, share, 400)))


def test_a_grader_tells_how_far_out_a_record_lies(tiny_folder: Path, known: KnownRange) -> None:
    record, foreign = (
        generate("normal", seed=50),
        ALTERATIONS["pacemaker spikes on flat leads"](generate("normal", seed=50), np.random.default_rng(0)),
    )
    assert load_predictor("tiny").predict(record).scope is None
    weights.save_range(weights.load_card("tiny"), known, {"kind": "test"})
    predictor = load_predictor("tiny")
    inside = analyze(record, predictor)
    document = analysis_to_dict(inside)
    assert inside.prediction is not None
    assert inside.prediction.scope is not None
    assert inside.prediction.scope.distance == pytest.approx(scope_of(known, record).distance, rel=1e-4)
    assert document["risk"]["scope"]["outside"] is False
    assert not any("unlike" in warning for warning in document["warnings"])
    assert json.loads(json.dumps(document["risk"]["scope"])) == document["risk"]["scope"]
    outside = analysis_to_dict(analyze(foreign, predictor, analyse_anyway=True))
    assert outside["risk"]["scope"]["outside"] is True
    assert outside["risk"]["scope"]["farther_share"] == 0.0
    assert any("unlike the 60 ECGs that the grader learned from: none" in warning for warning in outside["warnings"])
    assert predictor.predict_batch([record])[0].scope == predictor.predict(record).scope


def test_a_range_that_was_exchanged_or_damaged_is_refused(tiny_folder: Path, known: KnownRange) -> None:
    card = weights.save_range(weights.load_card("tiny"), known, {})
    path = tiny_folder / "tiny.scope.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(WeightsIntegrityError):
        load_predictor("tiny").predict(generate("normal"))
    weights.save_range(card, replace(known, spread=-known.spread), {})
    with pytest.raises(WeightsMismatchError, match="spread is not above 0"):
        weights.load_range(weights.load_card("tiny"))
    weights.save_range(card, replace(known, mean=known.mean[:-1]), {})
    with pytest.raises(WeightsMismatchError, match="do not fit"):
        weights.load_range(weights.load_card("tiny"))


@pytest.mark.dataset
@pytest.mark.slow
def test_altered_real_records_are_flagged_and_unaltered_ones_of_other_patients_are_not(data_folder: Path) -> None:
    dataset = PtbXl(data_folder / "ptb-xl-subset")
    seen = dataset.ecg_ids((1, 2, 4, 5))
    folds = dataset.table.loc[seen, "strat_fold"].to_numpy()
    known = fit_range(np.stack([signature_of(dataset.record(ecg_id)) for ecg_id in seen]), folds)
    others = [dataset.record(ecg_id) for ecg_id in dataset.ecg_ids((3,))]
    assert np.mean([scope_of(known, record).outside for record in others]) < 0.1
    for what, least in (
        ("ten times the gain", 0.8),
        ("V1 to V6 in reverse order", 0.6),
        ("lead II in all twelve leads", 1.0),
        ("noise of 0.3 mV and nothing else", 1.0),
        ("pacemaker spikes on flat leads", 1.0),
        ("made-up ventricular fibrillation", 1.0),
    ):
        altered = [ALTERATIONS[what](record, np.random.default_rng(at)) for at, record in enumerate(others)]
        assert np.mean([scope_of(known, record).outside for record in altered]) >= least, what
