"""The measurement grader: forest, reasons, calibration and sets, on a small forest grown from synthetic ECGs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from cardiov_core import ordinal, weights
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import Contributions, EcgRecord
from cardiov_core.domain.reasons import texts
from cardiov_core.errors import (
    ExplanationError,
    ModelCardError,
    RecordUnsupportedError,
    WeightsIntegrityError,
    WeightsMismatchError,
)
from cardiov_core.filtering import resample
from cardiov_core.inference import MeasurementGrader, analysis_to_dict, analyze, load_predictor
from cardiov_core.inference.explanation.contributions import _in_words
from cardiov_core.inference.graders.forest import forest_probabilities, path_contributions
from cardiov_core.inference.uncertainty.prediction_sets import contiguous_set
from cardiov_core.signals import Examination, measure
from cardiov_core.signals.features import FEATURES, features_of
from cardiov_core.training.loop.forest_growth import forest_of
from cardiov_core.weights import Forest

N_FEATURES = len(FEATURES)


def _rows(n: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(n, N_FEATURES))
    rows[generator.random(rows.shape) < 0.05] = np.nan
    return rows


@pytest.fixture(scope="module")
def model() -> ExtraTreesClassifier:
    rows = _rows(150)
    levels = np.digitize(np.nan_to_num(rows[:, 3]) + np.nan_to_num(rows[:, 90]), [-0.5, 0.5, 1.5])
    return ExtraTreesClassifier(40, max_features=0.3, min_samples_leaf=2, random_state=1).fit(rows, levels)


@pytest.fixture(scope="module")
def forest(model: ExtraTreesClassifier) -> Forest:
    return forest_of(model)


def _card(**changes: object) -> dict[str, object]:
    shipped = json.loads((Path(__file__).parents[3] / "weights" / "measurements.json").read_text(encoding="utf-8"))
    shipped.pop("scope", None)  # a file beside the weights, which this forest has not
    kwargs = {"n_trees": 40, "n_features": N_FEATURES, "min_samples_leaf": 2}
    return shipped | {"name": "small", "architecture": {"name": "extra-trees", "kwargs": kwargs}, **changes}


@pytest.fixture
def folder(forest: Forest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    weights.save_forest(forest, _card(), tmp_path)
    (tmp_path / "default").write_text("small\n", encoding="utf-8")
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def grader(folder: Path) -> MeasurementGrader:
    loaded = load_predictor("small")
    assert isinstance(loaded, MeasurementGrader)
    return loaded


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return generate("normal", seed=3)


def test_the_arrays_say_what_scikit_learn_says(model: ExtraTreesClassifier, forest: Forest) -> None:
    rows = _rows(60, seed=1)
    np.testing.assert_allclose(forest_probabilities(forest, rows), model.predict_proba(rows), rtol=0, atol=1e-15)


def test_values_on_a_threshold_go_where_scikit_learn_sends_them(model: ExtraTreesClassifier, forest: Forest) -> None:
    inner = forest.feature >= 0
    rows = np.tile(_rows(1, seed=2), (50, 1))
    for row, feature, limit in zip(rows, forest.feature[inner], forest.threshold[inner], strict=False):
        row[feature] = limit
    np.testing.assert_allclose(forest_probabilities(forest, rows), model.predict_proba(rows), rtol=0, atol=1e-15)


def test_contributions_add_up_to_the_probabilities(forest: Forest) -> None:
    for row in _rows(5, seed=3):
        base, contributions = path_contributions(forest, row)
        np.testing.assert_allclose(
            base + contributions.sum(axis=0), forest_probabilities(forest, row[np.newaxis])[0], atol=1e-12
        )
        np.testing.assert_allclose(contributions.sum(axis=1), 0.0, atol=1e-12)


def test_a_forest_is_read_as_it_was_written(forest: Forest, folder: Path) -> None:
    loaded, card = weights.load_forest("small")
    assert card.raw["n_parameters"] == len(forest.feature)
    for name in ("feature", "threshold", "right", "missing_left", "counts", "roots"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(forest, name))
    first = (folder / "small.safetensors").read_bytes()
    weights.save_forest(forest, _card(), folder)
    assert (folder / "small.safetensors").read_bytes() == first


@pytest.mark.parametrize("name", ["right", "feature", "roots", "counts"])
def test_a_forest_that_leads_nowhere_is_refused(forest: Forest, tmp_path: Path, name: str) -> None:
    broken = getattr(forest, name).copy()
    broken[0] = {"right": 0, "feature": N_FEATURES, "roots": len(forest.feature), "counts": 0}[name]
    with pytest.raises(WeightsMismatchError, match="no sound forest"):
        weights.save_forest(replace(forest, **{name: broken}), _card(), tmp_path)


def test_damaged_weights_are_refused(folder: Path) -> None:
    path = folder / "small.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(WeightsIntegrityError):
        load_predictor("small")


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"calibration": {}}, ModelCardError, "calibration lacks"),
        ({"calibration": {"temperature": 0, "offsets": [0, 0, 0]}}, ModelCardError, "temperature of 0"),
        ({"conformal": {"limit": 2}}, ModelCardError, "conformal.limit"),
    ],
)
def test_a_card_without_its_numbers_is_refused(
    forest: Forest, folder: Path, change: dict[str, object], error: type[Exception], match: str
) -> None:
    weights.save_forest(forest, _card(**change), folder)
    with pytest.raises(error, match=match):
        load_predictor("small")


def test_other_measurements_are_refused(forest: Forest, folder: Path) -> None:
    card = _card()
    weights.save_forest(forest, card | {"input": {**card["input"], "measurements": ["age"]}}, folder)  # type: ignore[dict-item]
    with pytest.raises(WeightsMismatchError, match="other measurements"):
        load_predictor("small")


def test_a_prediction_is_calibrated_consistent_and_has_a_contiguous_set(
    grader: MeasurementGrader, record: EcgRecord
) -> None:
    prediction = grader.predict(record)
    assert sum(prediction.probabilities) == pytest.approx(1.0)
    assert list(prediction.exceedance) == sorted(prediction.exceedance, reverse=True)
    assert prediction.model_name == "small"
    assert prediction.prediction_set is not None
    assert prediction.severity in prediction.prediction_set
    chosen = list(map(int, prediction.prediction_set))
    assert chosen == list(range(chosen[0], chosen[-1] + 1))
    np.testing.assert_allclose(ordinal.decode([prediction.exceedance])[0], prediction.probabilities)
    assert grader.predict(Examination(record)) == prediction
    assert grader.predict_batch([record, record]) == [prediction, prediction]


def test_gains_change_nothing_but_axes_and_voltages(record: EcgRecord) -> None:
    keys = [feature.key for feature in FEATURES]
    free = [index for index, feature in enumerate(FEATURES) if feature.unit not in ("deg", "mV")]
    gains = np.linspace(0.6, 1.7, len(record.leads), dtype=np.float32)[:, np.newaxis]
    scaled = replace(record, signal=record.signal * gains)
    plain, other = features_of(record, measure(record)), features_of(scaled, measure(scaled))
    times = [keys.index(key) for key in ("qrs_ms", "qt_ms", "pr_ms", "heart_rate_bpm")]
    np.testing.assert_allclose(other[times], plain[times], atol=12.0)
    shares = [index for index in free if FEATURES[index].unit == "of QRS" and FEATURES[index].group != "P wave"]
    np.testing.assert_allclose(other[shares], plain[shares], atol=0.05)


def test_a_coarser_rate_gives_about_the_same_numbers() -> None:
    fine = generate("normal", seed=3)
    coarse = replace(fine, signal=resample(fine.signal, 500.0, 100.0).astype(np.float32), sampling_rate=100.0)
    shares = [index for index, feature in enumerate(FEATURES) if feature.group in ("ST", "T wave")]
    first, second = (features_of(item, measure(item))[shares] for item in (fine, coarse))
    in_share = [index for index in range(len(shares)) if FEATURES[shares[index]].unit == "of QRS"]
    assert np.nanmedian(np.abs(first - second)[in_share]) < 0.03


def test_age_and_sex_may_be_missing_and_that_is_said(grader: MeasurementGrader, record: EcgRecord) -> None:
    prediction = grader.predict(replace(record, age=None, sex=None))
    assert "Graded without age and sex, which the record does not state." in texts(prediction.notes)


def test_a_window_is_graded_as_a_record_of_its_own(grader: MeasurementGrader) -> None:
    record = generate("normal", seed=4, duration_s=24.0)
    later = grader.predict(record, start_s=12.0)
    assert (later.window.start_s, later.window.end_s) == (12.0, 22.0)
    cut = replace(record, signal=record.signal[:, round(12 * record.sampling_rate) : round(22 * record.sampling_rate)])
    assert later.probabilities == grader.predict(cut).probabilities
    assert any("12-22.0 s were analysed" in note for note in texts(later.notes))


@pytest.mark.parametrize("fault", ["short", "lead", "flat"])
def test_records_without_leads_length_or_beats_are_refused(
    grader: MeasurementGrader, record: EcgRecord, fault: str
) -> None:
    bad = {
        "short": replace(record, signal=record.signal[:, :1000]),
        "lead": replace(record, signal=record.signal[:-1], leads=record.leads[:-1]),
        "flat": replace(record, signal=np.zeros_like(record.signal)),
    }[fault]
    with pytest.raises(RecordUnsupportedError):
        grader.predict(bad)


def test_reasons_name_value_lead_and_direction(grader: MeasurementGrader, record: EcgRecord) -> None:
    reasons = grader.explain(record)
    assert isinstance(reasons, Contributions)
    assert reasons.target == f"level {int(grader.predict(record).severity)}"
    sizes = [abs(reason.contribution) for reason in reasons.reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes) >= 0.01
    for reason in reasons.reasons:
        assert (" supports " in reason.statement) == (reason.contribution > 0)
        assert reason.lead is None or f"in {reason.lead} " in reason.statement
        assert reason.unit != "of QRS", "sizes are told in mV where the gains can be trusted"
    with pytest.raises(ExplanationError):
        grader.explain(record, target="above_everything")


def test_beats_are_counted_in_whole_numbers() -> None:
    counts = [feature for feature in FEATURES if feature.key.endswith("_count")]
    assert counts
    assert all(_in_words(feature, 2.0).endswith(" 2") for feature in counts)


def test_numbers_are_named_as_clinicians_name_them() -> None:
    """Not 'time of the lowest T from R', which nobody says."""
    for feature in FEATURES:
        assert not feature.words.endswith("from R")
        assert not feature.words.startswith("time of")


def test_what_is_told_is_what_was_measured(grader: MeasurementGrader, record: EcgRecord) -> None:
    beat = measure(record).median_beat
    assert beat is not None
    told = [reason for target in range(4) for reason in grader.explain(record, target=target).reasons]
    sizes = [reason for reason in told if reason.measure == "T peak" and reason.value is not None]
    window = slice(beat.r_index + round(0.16 * 500), beat.r_index + round(0.45 * 500) + 1)
    for reason in sizes:
        row = beat.signal[beat.leads.index(reason.lead or "")]
        assert reason.value == pytest.approx(float(row[window].max()), abs=1e-6)


def test_the_json_object_holds_set_and_reasons(grader: MeasurementGrader, record: EcgRecord) -> None:
    analysis = analyze(record, grader)
    document = json.loads(json.dumps(analysis_to_dict(analysis, grader.explain(record), card=grader.card)))
    assert document["risk"]["prediction_set"] == [int(level) for level in analysis.prediction.prediction_set]  # type: ignore[union-attr]
    assert set(document["explanation"]) == {"model", "target", "base", "reasons"}
    assert document["model"] == {"name": "small", "sha256": grader.card.sha256}


@pytest.mark.dataset
def test_a_record_that_trained_the_shipped_grader_gets_its_out_of_fold_level_and_set(data_folder: Path) -> None:
    dataset = PtbXl(data_folder / "ptb-xl-subset")
    shipped = load_predictor(Path(__file__).parents[3] / "weights" / "measurements.json")
    table = weights.out_of_fold_table(shipped.card)
    assert table is not None
    ecg_id = int(table["ecg_id"].iloc[0])
    for rate in (500, 100):
        found = shipped.out_of_fold_prediction(dataset.record(ecg_id, rate))
        assert found is not None
        assert found.out_of_fold
        assert found.prediction_set is not None
        np.testing.assert_allclose(found.probabilities, table[["p0", "p1", "p2", "p3"]].iloc[0], atol=2e-6)
    held = 0
    for row in table.itertuples():
        limits = (row.limit0, row.limit1, row.limit2, row.limit3)
        chosen = contiguous_set((row.p0, row.p1, row.p2, row.p3), limits, row.decided)
        held += row.label in chosen
    assert held == shipped.card.raw["conformal"]["measured"]["held"]
