import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from cardiov_core import ordinal, weights
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, Explanation, Prediction, Severity
from cardiov_core.errors import RecordUnsupportedError, WeightsError
from cardiov_core.inference import Grader, NetworkGrader, load_predictor
from cardiov_core.preprocessing import prepare


@pytest.fixture
def predictor(tiny_folder: Path) -> Grader:
    assert tiny_folder.is_dir()
    return load_predictor()


@pytest.fixture
def records() -> list[EcgRecord]:
    return [
        generate("normal", seed=1),
        generate("atrial_fibrillation", seed=2, sampling_rate_hz=257.0),
        generate("normal", seed=3, duration_s=6.0),
        generate("normal", seed=4, duration_s=25.0),
    ]


def test_a_prediction_is_the_decoded_sigmoid_of_the_logits(predictor: Grader, records: list[EcgRecord]) -> None:
    net, card = weights.load_network("tiny")
    for record in records:
        prediction = predictor.predict(record)
        prepared = prepare(record, card.contract)
        with torch.no_grad():
            exceedance = torch.sigmoid(net(torch.from_numpy(prepared.values)[None]).double()).numpy()
        repaired, violation = ordinal.repair(exceedance)
        np.testing.assert_allclose(prediction.probabilities, ordinal.decode(exceedance)[0], atol=1e-6)
        np.testing.assert_allclose(prediction.exceedance, repaired[0], atol=1e-6)
        assert prediction.rank_violation == pytest.approx(float(violation[0]), abs=1e-6)
        assert sum(prediction.probabilities) == pytest.approx(1.0, abs=1e-12)
        assert prediction.severity == Severity(int(np.argmax(prediction.probabilities)))
        assert (prediction.window, prediction.notes) == (prepared.window, prepared.notes)
        assert (prediction.model_name, prediction.model_sha256) == ("tiny", card.sha256)
        assert not prediction.out_of_fold


def test_a_batch_gives_what_single_records_give(predictor: Grader, records: list[EcgRecord]) -> None:
    many = [*records, *(generate("normal", seed=seed) for seed in range(100, 120))]
    batch = predictor.predict_batch(many)
    singles = [predictor.predict(record) for record in many]
    assert len(batch) == len(many)
    for together, alone in zip(batch, singles, strict=True):
        np.testing.assert_allclose(together.probabilities, alone.probabilities, atol=1e-6)
        assert together.window == alone.window
    assert len({prediction.probabilities for prediction in singles}) == len(many)
    assert predictor.predict_batch([]) == []


def test_the_order_of_leads_in_a_file_does_not_matter(predictor: Grader) -> None:
    record = generate("normal", seed=5)
    order = [7, 3, 0, 11, 5, 1, 2, 10, 9, 4, 8, 6]
    shuffled = replace(record, signal=record.signal[order], leads=tuple(record.leads[i] for i in order))
    assert predictor.predict(shuffled).probabilities == predictor.predict(record).probabilities


def test_the_window_follows_the_start(predictor: Grader) -> None:
    record = generate("normal", seed=4, duration_s=25.0)
    late = predictor.predict(record, start_s=12.0)
    assert (late.window.start_s, late.window.end_s) == (12.0, 22.0)
    assert late.probabilities != predictor.predict(record).probabilities
    explanation = predictor.explain(record, start_s=12.0)
    inside = ~np.isnan(explanation.stages[7])
    assert np.flatnonzero(inside)[[0, -1]].tolist() == [6000, 10999]


def test_an_explanation_has_seven_stages_on_the_records_samples(predictor: Grader, records: list[EcgRecord]) -> None:
    for record in records:
        explanation = predictor.explain(record)
        assert explanation.target == f"level {int(predictor.predict(record).severity)}"
        assert list(explanation.stages) == [1, 2, 3, 4, 5, 6, 7]
        for attention in explanation.stages.values():
            assert attention.shape == (record.n_samples,)
            seen = attention[~np.isnan(attention)]
            assert len(seen) == round(min(record.duration_s, 10.0) * record.sampling_rate)
            assert seen.min() >= 0
            assert seen.max() in (0.0, 1.0)
    assert predictor.explain(records[0], target="above_low").target == "above low"


def test_records_that_cannot_be_prepared_are_refused(predictor: Grader) -> None:
    with pytest.raises(RecordUnsupportedError, match=r"lasts 3\.00 s"):
        predictor.predict(generate("normal", duration_s=3.0))
    record = generate("normal")
    with pytest.raises(RecordUnsupportedError, match="has no V6"):
        predictor.explain(replace(record, signal=record.signal[:11], leads=record.leads[:11]))


class _Absurd(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.full((len(x), 3), float("nan"))


def test_a_result_that_is_no_number_is_an_error(predictor: Grader) -> None:
    with pytest.raises(RecordUnsupportedError, match="no finite result"):
        NetworkGrader(_Absurd(), predictor.card).predict(generate("normal"))


def test_mode_and_gradients_are_left_as_found(predictor: Grader) -> None:
    net, card = weights.load_network("tiny")
    net.train().requires_grad_(True)
    found = net.state_dict()["last_norm.running_mean"].clone()
    other = NetworkGrader(net, card)
    record = generate("normal", seed=6)
    np.testing.assert_allclose(
        other.predict(record).probabilities, predictor.predict(record).probabilities, rtol=0, atol=1e-9
    )
    other.explain(record)
    assert all(module.training for module in net.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())
    assert torch.equal(net.state_dict()["last_norm.running_mean"], found)


def test_a_grader_loaded_in_inference_mode_can_be_explained(tiny_folder: Path) -> None:
    record = generate("normal", seed=8)
    with torch.inference_mode():
        inside = load_predictor(tiny_folder / "tiny.json").explain(record)
    expected = load_predictor().explain(record)
    np.testing.assert_array_equal(inside.stages[7], expected.stages[7])


def test_threads_get_the_answers_that_they_get_alone(predictor: Grader, records: list[EcgRecord]) -> None:
    alone = [(predictor.predict(record), predictor.explain(record, target="above_no")) for record in records]
    start = threading.Barrier(len(records))
    answers: dict[int, list[tuple[Prediction, Explanation]]] = {}

    def work(index: int) -> None:
        start.wait()
        answers[index] = [
            (predictor.predict(records[index]), predictor.explain(records[index], target="above_no")) for _ in range(5)
        ]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(records))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, (prediction, explanation) in enumerate(alone):
        for got, seen in answers[index]:
            assert got == prediction
            for stage, attention in explanation.stages.items():
                np.testing.assert_array_equal(seen.stages[stage], attention)


def test_training_records_are_known_by_their_samples(tiny_folder: Path, tiny_card: dict[str, object]) -> None:
    own, own_100 = generate("normal", seed=9), generate("normal", seed=9, sampling_rate_hz=100.0)
    row = {"ecg_id": 9, "patient_id": "1", "fold": 1, "label": 2, "e0": 0.9, "e1": 0.7, "e2": 0.8}
    row |= {"p0": 0.1, "p1": 0.2, "p2": 0.0, "p3": 0.7}
    row |= {
        "fingerprint_500": own.fingerprint,
        "fingerprint_100": own_100.fingerprint,
        "independent_500": own.independent_fingerprint,
        "independent_100": "0" * 16,
    }
    limbs = [own.leads.index(lead) for lead in ("III", "aVR", "aVL", "aVF")]
    computed = own.signal.copy()
    computed[limbs] += np.float32(0.0015)
    eight = replace(own, signal=computed, derived_leads=("III", "aVR", "aVL", "aVF"))
    net, _ = weights.load_network("tiny")
    weights.save(net, tiny_card, tiny_folder, out_of_fold=pd.DataFrame([row]))
    predictor = load_predictor()
    assert predictor.out_of_fold_prediction(replace(eight, derived_leads=())) is None
    for record in (replace(own, record_id="renamed"), own_100, eight):
        prediction = predictor.out_of_fold_prediction(record)
        assert prediction is not None
        assert prediction.out_of_fold
        assert prediction.severity is Severity.HIGH_RISK
        assert prediction.exceedance == (0.9, 0.7, 0.7)
        assert prediction.rank_violation == pytest.approx(0.1)
        np.testing.assert_allclose(prediction.probabilities, (0.1, 0.2, 0.0, 0.7), atol=1e-12)
    assert predictor.out_of_fold_prediction(generate("normal", seed=10)) is None


def test_graders_without_a_table_know_no_record(predictor: Grader) -> None:
    assert predictor.out_of_fold_prediction(generate("normal")) is None


def test_unknown_graders_are_refused(tiny_folder: Path) -> None:
    assert load_predictor("tiny").name == load_predictor(tiny_folder / "tiny.safetensors").name == "tiny"
    with pytest.raises(WeightsError, match="no grader 'other'"):
        load_predictor("other")


@pytest.mark.dataset
def test_the_shipped_grader_grades_a_real_record(
    repository: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (repository / "weights" / "default").is_file():
        pytest.skip("this working tree has no shipped weights: make weights")
    from cardiov_core.io import read_record

    monkeypatch.delenv("CARDIOV_WEIGHTS", raising=False)
    predictor = load_predictor()
    record = read_record(data_folder / "ptb-xl-subset" / "records500" / "00000" / "00005_hr")
    shipped = predictor.out_of_fold_prediction(record)
    assert shipped is not None
    assert sum(shipped.probabilities) == pytest.approx(1.0, abs=1e-9)
    scaled = replace(record, signal=(record.signal / np.float32(5)) * np.float32(5))
    assert predictor.out_of_fold_prediction(scaled) == shipped
    explanation = predictor.explain(record)
    assert [len(attention) for attention in explanation.stages.values()] == [5000] * 4
    assert all(float(np.nanmax(attention)) in (0.0, 1.0) for attention in explanation.stages.values())
    assert set(explanation.withheld) < set(explanation.stages), "every level has a map that passed"
