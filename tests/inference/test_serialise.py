"""JSON of measurements, findings and quality: every field under its name, None for 'not measurable', no NaN."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import (
    BeatBoundaries,
    Finding,
    LeadQuality,
    Measurements,
    MedianBeat,
    OperatingFigures,
    Quality,
    QualityVerdict,
    Reason,
    ReasonCode,
    RhythmLine,
    WaveBoundaries,
)
from cardiov_core.inference import Grader, analysis_to_dict, analyze, load_predictor
from cardiov_core.inference.serialise import finding_to_dict, measurements_to_dict, rhythm_to_dict

_QRS = WaveBoundaries(-0.0421, 0.0502)
_MADE = Measurements(
    heart_rate_bpm=71.23456,
    pr_ms=None,
    qrs_ms=float(np.float32(92.3)),
    qrs_axis_deg=np.float64(-31.26),  # type: ignore[arg-type]
    cornell_mv=1.234567,
    regular=True,
    n_beats=12,
    st_mv={"V1": float("nan"), "V2": np.float32(0.12345678)},  # type: ignore[dict-item]
    pacing_spikes_s=(0.123456, 1.2),
    notes={"heart_rate_bpm": "irregular rhythm: mean over 12 beats"},
    not_measurable={"pr_ms": "no P wave found"},
    beats=(BeatBoundaries(0.555561, None, _QRS, None, dominant=False),),
    median_beat=MedianBeat(np.zeros((1, 10), np.float32), ("II",), 500.0, 5, 12, p=None, qrs=_QRS, t=None),
)


def test_every_field_of_measurements_is_there_under_its_name() -> None:
    document = json.loads(json.dumps(measurements_to_dict(_MADE), allow_nan=False))
    names = {item.name for item in fields(Measurements)} - {"median_beat"}
    assert set(document) == names | {"boundaries"}
    assert document["heart_rate_bpm"] == 71.2
    assert document["pr_ms"] is None
    assert document["not_measurable"] == {"pr_ms": "no P wave found"}
    assert document["notes"] == {"heart_rate_bpm": "irregular rhythm: mean over 12 beats"}
    assert document["qrs_ms"] == 92.3
    assert document["qrs_axis_deg"] == -31.3
    assert document["cornell_mv"] == 1.2346
    assert document["regular"] is True
    assert document["n_beats"] == 12
    assert document["st_mv"] == {"V1": None, "V2": 0.1235}
    assert document["pacing_spikes_s"] == [0.1235, 1.2]


def test_boundaries_are_in_ms_from_the_r_peak_and_beats_in_s_of_the_record() -> None:
    document = measurements_to_dict(_MADE)
    assert document["boundaries"] == {"p": None, "qrs": {"onset_ms": -42.1, "offset_ms": 50.2}, "t": None}
    waves = {"p": None, "qrs": {"onset_s": -0.0421, "offset_s": 0.0502}, "t": None}
    assert document["beats"] == [{"r_s": 0.5556, "dominant": False, **waves}]
    assert measurements_to_dict(Measurements())["boundaries"] is None


def test_a_finding_keeps_its_words_and_numbers() -> None:
    finding = Finding("wide_qrs", "Wide QRS", "present", "QRS 152 ms.", {"qrs_ms": 152.04, "x_mv": float("inf")}, True)
    document = finding_to_dict(finding)
    assert list(document.items())[:6] == [
        ("code", "wide_qrs"),
        ("title", "Wide QRS"),
        ("state", "present"),
        ("reason", "QRS 152 ms."),
        ("measured", {"qrs_ms": 152.0, "x_mv": None}),
        ("critical", True),
    ]
    seen = OperatingFigures("PTB-XL", 200, 1000, 0.95, 0.97)
    told = finding_to_dict(replace(finding, leads=("II",), j_mv={"II": 0.31234}, figures=seen))
    assert told["leads"] == ["II"]
    assert told["j_mv"] == {"II": 0.3123}
    assert told["figures"]["words"] == (
        "In 100 ECGs without it, it is seen in 3; in 100 with it, in 95 (PTB-XL, 1000 without and 200 with it)."
    )


def test_the_rhythm_is_one_line() -> None:
    line = rhythm_to_dict(RhythmLine("Sinus rhythm 62/min", "sinus_rhythm", 61.96, "P before QRS."))
    assert line == {
        "text": "Sinus rhythm 62/min",
        "code": "sinus_rhythm",
        "rate_bpm": 62.0,
        "reason": "P before QRS.",
    }


@pytest.fixture
def predictor(tiny_folder: Path) -> Grader:
    assert tiny_folder.is_dir()
    return load_predictor()


def test_an_analysis_has_all_three_keys_also_where_the_level_is_withheld(predictor: Grader) -> None:
    record = generate("normal", seed=2)
    signal = record.signal.copy()
    signal[6:8] = 0.0
    for changed, withheld in ((record, False), (replace(record, signal=signal), True)):
        document = json.loads(json.dumps(analysis_to_dict(analyze(changed, predictor)), allow_nan=False))
        assert (document["risk"] is None) is withheld
        assert document["measurements"]["heart_rate_bpm"] == pytest.approx(70.0, abs=4.0)
        assert document["measurements"]["boundaries"]["qrs"]["onset_ms"] < 0
        states = {item["code"]: item["state"] for item in document["findings"]}
        assert states["bradycardia"] == states["tachycardia"] == "absent"
        assert set(document["quality"]["leads"]["V1"]) == {"verdict", "reasons", "reason_codes", "measured"}


def test_what_the_gate_measured_of_a_lead_is_in_the_json(predictor: Grader) -> None:
    analysis = analyze(generate("normal", seed=2), predictor)
    drifts = (Reason(ReasonCode.DRIFT, "V1 drifts.", ("V1",)),)
    lead = LeadQuality("V1", QualityVerdict.LIMITED, drifts, {"drift_mv": 0.71236})
    quality = Quality(QualityVerdict.LIMITED, (lead,), drifts)
    document = analysis_to_dict(replace(analysis, quality=quality))
    assert document["quality"]["leads"]["V1"]["measured"] == {"drift_mv": 0.7124}
    for part in (document["quality"], document["quality"]["leads"]["V1"]):
        assert (part["reasons"], part["reason_codes"]) == (["V1 drifts."], ["drift"])
