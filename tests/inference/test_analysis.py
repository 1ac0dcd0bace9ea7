import importlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cardiov_core import weights
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, Finding, QualityVerdict
from cardiov_core.domain.reasons import texts
from cardiov_core.inference import Grader, analysis_to_dict, analyze, can_insist, load_predictor, other_graders

_KEYS = (
    *("record", "risk", "quality", "measurements", "machine", "critical", "rhythm", "findings", "statements"),
    *("warnings", "warning_codes", "model", "other_graders", "graders_disagree"),
)


@pytest.fixture
def predictor(tiny_folder: Path) -> Grader:
    assert tiny_folder.is_dir()
    return load_predictor()


@pytest.fixture
def record() -> EcgRecord:
    return replace(generate("normal", seed=1), age=54.0, sex="female", warnings=())


def _without(record: EcgRecord, lead: str) -> EcgRecord:
    kept = [index for index, name in enumerate(record.leads) if name != lead]
    return replace(record, signal=record.signal[kept], leads=tuple(record.leads[index] for index in kept))


def test_a_good_record_of_an_adult_has_a_level_and_no_warning(record: EcgRecord, predictor: Grader) -> None:
    analysis = analyze(record, predictor)
    assert analysis.quality.verdict is QualityVerdict.ACCEPTABLE
    assert analysis.prediction == predictor.predict(record)
    assert analysis.withheld == ()
    assert [warning for warning in texts(analysis.warnings) if not warning.startswith("Resampled")] == []


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"age": None}, "Age is not stated"),
        ({"age": 17.0}, "17 years old"),
        ({"sex": None}, "Sex is not stated."),
        ({"derived_leads": ("III", "aVF")}, "not recorded: III, aVF."),
        ({"warnings": ("As read.", "As read.")}, "As read."),
    ],
)
def test_what_lies_out_of_scope_is_said_once(
    record: EcgRecord, predictor: Grader, changes: dict[str, object], warning: str
) -> None:
    warnings = texts(analyze(replace(record, **changes), predictor).warnings)  # type: ignore[arg-type]
    assert sum(warning in item for item in warnings) == 1
    assert len(set(warnings)) == len(warnings)


def test_adults_are_in_scope_from_18_on_and_over_89(record: EcgRecord, predictor: Grader) -> None:
    for age in (18.0, 300.0):
        assert not any("years old" in item for item in texts(analyze(replace(record, age=age), predictor).warnings))


@pytest.mark.parametrize(("duration_s", "said"), [(6.0, "6.0 s of signal"), (25.0, "0-10.0 s were analysed")])
def test_other_lengths_than_ten_seconds_are_said(predictor: Grader, duration_s: float, said: str) -> None:
    analysis = analyze(generate("normal", seed=2, duration_s=duration_s), predictor)
    assert analysis.prediction is not None
    assert any(said in warning for warning in texts(analysis.warnings))


def test_two_dead_leads_withhold_the_level_unless_somebody_insists(record: EcgRecord, predictor: Grader) -> None:
    signal = record.signal.copy()
    signal[[8, 9]] = 0.0
    dead = replace(record, signal=signal)
    analysis = analyze(dead, predictor)
    assert analysis.prediction is None
    assert analysis.withheld == analysis.quality.reasons
    assert any("V3" in reason for reason in texts(analysis.withheld))
    insisted = analyze(dead, predictor, analyse_anyway=True)
    assert insisted.prediction == predictor.predict(dead)
    assert insisted.withheld == ()
    assert any("although the quality" in warning for warning in texts(insisted.warnings))
    assert set(analysis.quality.reasons) <= set(insisted.warnings)


@pytest.mark.parametrize("insist", [False, True])
def test_what_cannot_be_computed_is_withheld_and_no_error(record: EcgRecord, predictor: Grader, insist: bool) -> None:
    for unfit, reason in (
        (_without(record, "V2"), "V2"),
        (generate("normal", seed=3, duration_s=4.0), "lasts 4"),
        (replace(record, signal=record.signal[:, ::10], sampling_rate=50.0), "50 Hz"),
    ):
        analysis = analyze(unfit, predictor, analyse_anyway=insist)
        assert analysis.prediction is None
        assert not can_insist(analysis.quality), "nobody is offered what comes to nothing"
        assert any(reason in sentence for sentence in texts(analysis.withheld))
        assert analysis_to_dict(analysis)["risk"] is None


def test_a_window_outside_the_record_is_withheld(record: EcgRecord, predictor: Grader) -> None:
    analysis = analyze(record, predictor, start_s=8.0)
    assert analysis.prediction is None
    assert "window from 8 s" in texts(analysis.withheld)[0]
    assert "Choose a start" in texts(analysis.withheld)[0]


def test_the_level_and_quality_of_a_window_do_not_know_what_lies_outside(record: EcgRecord, predictor: Grader) -> None:
    noise = np.random.default_rng(0).normal(0, 2, record.signal.shape).astype(np.float32)
    alone = analyze(record, predictor)
    for signal, start_s in (
        ([record.signal, noise, noise], None),
        ([noise, record.signal, noise], 10.0),
        ([record.signal, np.zeros_like(noise)], None),
    ):
        among = analyze(replace(record, signal=np.concatenate(signal, axis=1)), predictor, start_s=start_s)
        assert among.prediction is not None
        assert alone.prediction is not None
        assert among.prediction.probabilities == alone.prediction.probabilities
        assert among.quality == alone.quality


def test_padding_is_no_pause_and_is_said(record: EcgRecord, predictor: Grader) -> None:
    padded = replace(record, signal=np.concatenate([record.signal, np.zeros((12, 2000), np.float32)], axis=1))
    analysis = analyze(padded, predictor)
    pause = next(finding for finding in analysis.findings if finding.code == "pause")
    assert (pause.state, pause.critical) == ("absent", False)
    assert any("There is no signal from 10.0 to 14.0 s" in warning for warning in texts(analysis.warnings))


def test_a_paced_heart_and_missing_leads_are_out_of_scope(
    record: EcgRecord, predictor: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    paced = Finding("pacing", "Pacemaker spikes", "present", "9 spikes.", {})
    monkeypatch.setattr("cardiov_core.signals.examination.find_findings", lambda *_: (paced,))
    warnings = texts(analyze(_without(record, "aVL"), predictor).warnings)
    assert sum("Pacemaker spikes were found" in item for item in warnings) == 1
    assert "11 of 12 leads are there: aVL missing." in warnings
    absent = replace(paced, state="absent")
    monkeypatch.setattr("cardiov_core.signals.examination.find_findings", lambda *_: (absent,))
    assert not any("Pacemaker" in item for item in texts(analyze(record, predictor).warnings))


def test_training_records_show_their_out_of_fold_prediction(
    record: EcgRecord, tiny_folder: Path, tiny_card: dict[str, object]
) -> None:
    row = {"ecg_id": 9, "patient_id": "1", "fold": 1, "label": 2, "e0": 0.9, "e1": 0.8, "e2": 0.1}
    row |= {"p0": 0.1, "p1": 0.1, "p2": 0.7, "p3": 0.1}
    row |= {"fingerprint_500": record.fingerprint, "fingerprint_100": "0" * 16}
    net, _ = weights.load_network("tiny")
    weights.save(net, tiny_card, tiny_folder, out_of_fold=pd.DataFrame([row]))
    predictor = load_predictor()
    analysis = analyze(record, predictor)
    assert analysis.prediction is not None
    assert analysis.prediction.out_of_fold
    assert int(analysis.prediction.severity) == 2
    assert "This record trained the grader: the out-of-fold prediction is shown." in texts(analysis.warnings)
    document = analysis_to_dict(analysis, predictor.explain(record))
    assert document["risk"]["out_of_fold"] is True
    assert any("attention is that of the shipped network" in warning for warning in document["warnings"])
    other = analyze(generate("normal", seed=11), predictor)
    assert other.prediction is not None
    assert not other.prediction.out_of_fold


def test_the_json_object_has_the_keys_of_the_contract(record: EcgRecord, predictor: Grader) -> None:
    record = replace(record, recorded_at=datetime(1984, 11, 9, 9, 17, 34), derived_leads=("III",))
    analysis = analyze(record, predictor)
    document = json.loads(json.dumps(analysis_to_dict(analysis, predictor.explain(record)), allow_nan=False))
    assert list(document) == [*_KEYS, "explanation"]
    assert document["record"] == {
        "id": record.record_id,
        "path": record.provenance.path,
        "format": "synthetic",
        "sampling_rate_hz": 500.0,
        "duration_s": 10.0,
        "leads": list(record.leads),
        "age": 54.0,
        "sex": "female",
        "recorded_at": "1984-11-09T09:17:34",
        "derived_leads": ["III"],
    }
    prediction = analysis.prediction
    assert prediction is not None
    assert document["risk"] == {
        "level": int(prediction.severity),
        "name": prediction.severity.title,
        "graded_level": int(prediction.severity),
        "raised_by": [],
        "most_probable_level": int(prediction.most_probable),
        "raised_from": None,
        "decided_by": "shipped",
        "probabilities": list(prediction.probabilities),
        "exceedance": list(prediction.exceedance),
        "rank_violation": prediction.rank_violation,
        "doubt": 1.0 - prediction.probabilities[prediction.severity],
        "unsure": False,
        "out_of_fold": False,
    }
    assert set(document["quality"]) == {"verdict", "leads", "reasons", "reason_codes", "suggested_gain_factor"}
    assert document["quality"]["leads"]["V1"]["verdict"] == "acceptable"
    assert document["quality"]["leads"]["V1"]["reasons"] == []
    assert document["model"] == {"name": "tiny", "sha256": predictor.card.sha256}
    assert list(document["explanation"]["stages"]) == ["1", "2", "3", "4", "5", "6", "7"]
    assert all(len(stage) == 5000 for stage in document["explanation"]["stages"].values())


def test_json_has_null_where_there_is_no_number(predictor: Grader) -> None:
    record = replace(generate("normal", seed=2, duration_s=25.0), age=float("nan"), sex=None)
    explanation = predictor.explain(record, start_s=5.0)
    document = analysis_to_dict(analyze(record, predictor, start_s=5.0), explanation)
    text = json.dumps(document, allow_nan=False)
    assert "NaN" not in text
    assert document["record"]["age"] is None
    stage = document["explanation"]["stages"]["3"]
    assert stage[:2500] == [None] * 2500
    assert stage[7500:] == [None] * 5000
    np.testing.assert_allclose(stage[2500:7500], explanation.stages[3][2500:7500], atol=5.1e-5)


def test_a_withheld_level_is_null_with_reasons(predictor: Grader) -> None:
    analysis = analyze(generate("normal", seed=3, duration_s=4.0), predictor)
    document = analysis_to_dict(analysis, card=predictor.card)
    assert document["risk"] is None
    assert document["withheld"]["reasons"] == list(texts(analysis.withheld))
    assert document["withheld"]["reason_codes"] == [reason.code for reason in analysis.withheld]
    assert document["withheld"]["reasons"]
    assert document["model"] == {"name": "tiny", "sha256": predictor.card.sha256}
    assert analysis_to_dict(analysis)["model"] is None


def test_beats_fingerprint_and_each_input_are_made_once(record: EcgRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[object] = Counter()

    def _count(name: str, key: Callable[..., object]) -> None:
        module, _, attribute = name.rpartition(".")
        original = getattr(importlib.import_module(module), attribute)

        def _counted(*args: object, **more: object) -> object:
            calls[attribute, key(*args)] += 1
            return original(*args, **more)

        monkeypatch.setattr(name, _counted)

    grader = load_predictor()
    others = other_graders(grader)
    # What the weights' own tables and networks need to be loaded is no part of an analysis.
    analyze(replace(record, record_id="first"), grader, others=others)
    _count("cardiov_core.signals.beat.beats._detect", lambda *_: None)
    _count("cardiov_core.domain.record.signal_fingerprint", lambda _, leads: tuple(leads))
    _count("cardiov_core.signals.examination.prepare", lambda _, contract, *__: contract)
    analysis = analyze(record, grader, others=others)
    assert analysis.panel is not None
    assert len(analysis.panel.predictions) == 1 + len(others)
    assert {name for name, _ in calls} == {"_detect", "signal_fingerprint", "prepare"}
    assert set(calls.values()) == {1}
