"""The transaction: valid by R5 and R4B, the signal whole, the same twice."""

import json
from typing import Any

import numpy as np
import pytest
from fhir.resources import get_fhir_model_class as r5_model
from fhir.resources.R4B import get_fhir_model_class as r4b_model

from cardiov_core.connections.documents.fhir_transaction import fhir_transaction
from cardiov_core.domain import Analysis
from cardiov_core.inference import Grader
from cardiov_core.reporting import fhir_report


@pytest.fixture
def bundle(analysis: Analysis, graders: tuple[Grader, ...]) -> dict[str, Any]:
    return fhir_report(analysis, graders[0].card)


def _signal(document: dict[str, Any]) -> dict[str, Any]:
    (found,) = [
        entry["resource"]
        for entry in document["entry"]
        if entry["resource"].get("code", {}).get("text") == "12-lead ECG, signal"
    ]
    return dict(found)


@pytest.mark.parametrize(("release", "model"), [("R5", r5_model), ("R4", r4b_model)])
def test_the_transaction_is_valid_and_holds_the_signal(
    release: Any, model: Any, bundle: dict[str, Any], analysis: Analysis
) -> None:
    document = fhir_transaction(bundle, analysis.record, release=release)
    model("Bundle").model_validate_json(json.dumps(document, allow_nan=False))
    for entry in document["entry"]:
        model(entry["resource"]["resourceType"]).model_validate(entry["resource"])
    parts = {part["code"]["text"]: part for part in _signal(document)["component"]}
    assert len(parts) == 12
    assert parts["Lead V1"]["code"]["coding"][0]["code"] == "131331"
    data = parts["Lead aVR"]["valueSampledData"]
    assert data["period" if release == "R4" else "interval"] == 2
    samples_mv = np.array([float(value) for value in data["data"].split()]) * data["factor"] / 1000
    np.testing.assert_allclose(samples_mv, analysis.record.lead("aVR"), atol=0.0005)


def test_every_resource_is_put_under_its_own_id(bundle: dict[str, Any], analysis: Analysis) -> None:
    before = json.dumps(bundle)
    first, second = (fhir_transaction(bundle, analysis.record) for _ in range(2))
    assert first == second
    assert json.dumps(bundle) == before
    urls = [entry["request"]["url"] for entry in first["entry"]]
    assert len(set(urls)) == len(urls)
    known = {entry["fullUrl"] for entry in first["entry"]}
    report = next(e["resource"] for e in first["entry"] if e["resource"]["resourceType"] == "DiagnosticReport")
    assert {item["reference"] for item in report["result"]} <= known


def test_a_patient_is_named_only_where_one_is_given(bundle: dict[str, Any], analysis: Analysis) -> None:
    assert "subject" not in json.dumps(fhir_transaction(bundle, analysis.record))
    named = fhir_transaction(bundle, analysis.record, patient_id="MRN-1")
    subjects = [e["resource"]["subject"] for e in named["entry"] if e["resource"]["resourceType"] != "Device"]
    assert subjects == [{"identifier": {"value": "MRN-1"}}] * len(subjects)
    r5_model("Bundle").model_validate(named)
