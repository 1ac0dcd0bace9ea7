"""The FHIR document: valid by release R5 and by R4B, plain about what is not known."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from fhir.resources import get_fhir_model_class as r5_model
from fhir.resources.R4B import get_fhir_model_class as r4b_model
from pydantic import ValidationError

from cardiov_core.domain import (
    Analysis,
    Finding,
    Measurements,
    Panel,
    Quality,
    QualityVerdict,
    Scope,
    Severity,
    SignOff,
)
from cardiov_core.domain.reasons import stored
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.fhir import LOINC, fhir_report
from cardiov_core.weights import ModelCard

MADE_AT = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
Make = Callable[..., Analysis]


def document_of(analysis: Analysis, card: ModelCard, **arguments: Any) -> dict[str, Any]:
    """Make the document, and check that it is valid JSON of both releases."""
    document = fhir_report(analysis, card, **{"created_at": MADE_AT, **arguments})
    text = json.dumps(document, allow_nan=False)
    for model in (r5_model, r4b_model):
        read = model("Bundle").model_validate_json(text)
        assert len(read.entry) == len(document["entry"])
        for entry in document["entry"]:
            model(entry["resource"]["resourceType"]).model_validate(entry["resource"])
    return document


def resources(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in document["entry"] if entry["resource"]["resourceType"] == kind]


def observation(document: dict[str, Any], text: str) -> dict[str, Any]:
    (found,) = [item for item in resources(document, "Observation") if item["code"]["text"] == text]
    return found


def test_validator_refuses_what_is_wrong(make_analysis: Make, report_card: ModelCard) -> None:
    document = fhir_report(make_analysis(), report_card, created_at=MADE_AT)
    document["entry"][0]["resource"]["status"] = 7
    with pytest.raises(ValidationError):
        r5_model("Bundle").model_validate(document)


def test_report_lists_every_observation_and_all_references_lead_somewhere(
    make_analysis: Make, report_card: ModelCard
) -> None:
    document = document_of(make_analysis(), report_card)
    (report,) = resources(document, "DiagnosticReport")
    (device,) = resources(document, "Device")
    urls = {entry["fullUrl"] for entry in document["entry"]}
    assert len(urls) == len(document["entry"])
    assert [item["reference"] for item in report["result"]] == [
        entry["fullUrl"] for entry in document["entry"] if entry["resource"]["resourceType"] == "Observation"
    ]
    assert {item["device"]["reference"] for item in resources(document, "Observation")} <= urls
    assert report["code"]["coding"][0]["code"] == "11524-6"
    assert report["issued"] == "2026-11-21T16:30:00+00:00"
    assert report["effectiveDateTime"] == "2024-02-03", "a time without zone is no FHIR instant: the day stands"
    assert device["identifier"][0]["value"] == "ab" * 32
    assert device["modelNumber"] == "cardiov-test 1.2.3"
    assert device["version"][0]["value"].startswith("CardioV ")


def test_time_with_zone_is_kept(make_analysis: Make, report_card: ModelCard) -> None:
    analysis = make_analysis()
    zoned = datetime(2024, 2, 3, 10, 20, 30, tzinfo=timezone(timedelta(hours=-5)))
    document = document_of(make_analysis(record=replace(analysis.record, recorded_at=zoned)), report_card)
    assert resources(document, "DiagnosticReport")[0]["effectiveDateTime"] == "2024-02-03T10:20:30-05:00"
    document = document_of(make_analysis(record=replace(analysis.record, recorded_at=None)), report_card)
    assert "effectiveDateTime" not in resources(document, "DiagnosticReport")[0]


def test_level_with_its_probabilities(make_analysis: Make, report_card: ModelCard) -> None:
    level = observation(document_of(make_analysis(), report_card), "Critical value of the ECG, level 0 to 3")
    assert level["valueInteger"] == 2
    assert level["interpretation"] == [{"text": "Level 2 of 0-3: medium risk"}]
    shares = {part["code"]["text"]: part["valueQuantity"]["value"] for part in level["component"]}
    assert shares == {
        "Probability of no risk": 0.1,
        "Probability of low risk": 0.2,
        "Probability of medium risk": 0.6,
        "Probability of high risk": 0.1,
        "Probability that the level is above no risk": 0.9,
        "Probability that the level is above low risk": 0.7,
        "Probability that the level is above medium risk": 0.1,
    }


def test_measurements_have_code_and_unit(make_analysis: Make, report_card: ModelCard) -> None:
    measurements = Measurements(
        heart_rate_bpm=71.43,
        pr_ms=162.0,
        qtc_fridericia_ms=431.2,
        qrs_axis_deg=-34.5,
        cornell_mv=1.234,
        notes={"heart_rate_bpm": "irregular rhythm: mean over 14 beats"},
        not_measurable={"qrs_ms": "no beat was found"},
    )
    document = document_of(make_analysis(measurements=measurements), report_card)
    rate = observation(document, "Heart rate")
    assert rate["code"]["coding"] == [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]
    assert rate["valueQuantity"] == {
        "value": 71.4,
        "unit": "/min",
        "system": "http://unitsofmeasure.org",
        "code": "/min",
    }
    assert rate["note"] == [{"text": "irregular rhythm: mean over 14 beats"}]
    assert observation(document, "QTc, Fridericia")["code"]["coding"][0]["code"] == "8636-3"
    axis = observation(document, "QRS axis")["valueQuantity"]
    assert (axis["value"], axis["code"]) == (-34.5, "deg")
    cornell = observation(document, "Cornell voltage (R aVL + S V3)")
    assert "coding" not in cornell["code"], "no code that is not surely the same thing"
    assert (cornell["valueQuantity"]["value"], cornell["valueQuantity"]["code"]) == (1.234, "mV")
    qrs = observation(document, "QRS duration")
    assert "valueQuantity" not in qrs
    assert qrs["dataAbsentReason"]["text"] == "not measurable: no beat was found"
    assert qrs["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert observation(document, "T axis")["dataAbsentReason"]["text"] == "not measurable"


def test_codes_are_those_of_loinc() -> None:
    """Codes and names as LOINC publishes them (loinc.org, 12 lead EKG panel and its neighbours)."""
    assert {field: code for field, (code, _) in LOINC.items()} == {
        "heart_rate_bpm": "8867-4",
        "pr_ms": "8625-6",
        "qrs_ms": "8633-0",
        "qt_ms": "8634-8",
        "qtc_fridericia_ms": "8636-3",
        "qtc_bazett_ms": "76635-2",
        "p_axis_deg": "8626-4",
        "qrs_axis_deg": "8632-2",
        "t_axis_deg": "8638-9",
    }
    # A LOINC code ends in its check digit (mod 10, as on credit cards).
    for code, _ in LOINC.values():
        digits, check = code.split("-")
        doubled = [int(digit) * (2 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits))]
        assert (10 - sum(sum(map(int, str(value))) for value in doubled) % 10) % 10 == int(check), code


def test_findings_and_quality(make_analysis: Make, report_card: ModelCard) -> None:
    findings = (
        Finding("long_qtc", "QTc of 500 ms or more", "present", "QTc 512 ms.", {}, critical=True),
        Finding("wide_qrs", "Wide QRS", "absent", "QRS 90 ms.", {}),
        Finding("axis", "Left axis deviation", "not measurable", "No QRS axis.", {}),
    )
    quality = Quality(QualityVerdict.LIMITED, (), stored(["V3 drifts."]))
    document = document_of(make_analysis(findings=findings, quality=quality), report_card)
    critical = observation(document, "QTc of 500 ms or more")
    assert critical["valueBoolean"] is True
    assert critical["interpretation"][0]["coding"][0]["code"] == "AA"
    absent = observation(document, "Wide QRS")
    assert absent["valueBoolean"] is False
    assert "interpretation" not in absent
    unknown = observation(document, "Left axis deviation")
    assert "valueBoolean" not in unknown
    assert unknown["dataAbsentReason"]["text"] == "not measurable: No QRS axis."
    assert observation(document, "Signal quality")["valueCodeableConcept"]["text"] == "limited"
    assert observation(document, "Signal quality")["note"] == [{"text": "V3 drifts."}]


def test_withheld_level_is_absent_with_its_reason(make_analysis: Make, report_card: ModelCard) -> None:
    quality = Quality(QualityVerdict.NOT_ANALYSABLE, (), stored(["V3 is flat."]))
    document = document_of(make_analysis(prediction=None, quality=quality, withheld=quality.reasons), report_card)
    level = observation(document, "Critical value of the ECG, level 0 to 3")
    assert "valueInteger" not in level
    assert level["dataAbsentReason"]["text"] == "V3 is flat."
    assert resources(document, "DiagnosticReport")[0]["conclusion"].startswith("Result withheld. V3 is flat.")
    assert resources(document, "Device")[0]["identifier"][0]["value"] == "ab" * 32
    insisted = document_of(make_analysis(quality=quality), report_card)
    assert "ANALYSED ANYWAY" in resources(insisted, "DiagnosticReport")[0]["conclusion"]
    assert document_of(make_analysis(measurements=None, findings=()), report_card)["type"] == "collection"


def test_graders_that_differ_and_a_foreign_record_are_noted_with_the_level(
    make_analysis: Make, report_card: ModelCard
) -> None:
    analysis = make_analysis()
    grade = analysis.prediction
    assert grade is not None
    set_of = (Severity.LOW_RISK, Severity.MEDIUM_RISK)
    grade = replace(grade, scope=Scope(9.0, 4.0, 0.0, 434), prediction_set=set_of)
    other = replace(grade, model_name="other", severity=Severity((grade.severity + 1) % 4))
    document = document_of(make_analysis(prediction=grade, panel=Panel((grade, other))), report_card)
    notes = [note["text"] for note in observation(document, "Critical value of the ECG, level 0 to 3")["note"]]
    assert any(note.startswith("The graders disagree: ") and "other" in note for note in notes)
    assert any("unlike the 434 ECGs" in note for note in notes)
    assert any("prediction set: Low or Medium" in note for note in notes)
    [report] = resources(document, "DiagnosticReport")
    assert "The graders disagree: " in report["conclusion"]


def test_preliminary_until_signed_off(make_analysis: Make, report_card: ModelCard) -> None:
    document = document_of(make_analysis(), report_card)
    assert {item["status"] for kind in ("DiagnosticReport", "Observation") for item in resources(document, kind)} == {
        "preliminary"
    }
    assert "Unconfirmed." in resources(document, "DiagnosticReport")[0]["conclusion"]
    sign_off = SignOff("", "Dr. A. Reader", Severity.LOW_RISK, "Repeat in a week.", MADE_AT)
    document = document_of(make_analysis(), report_card, sign_off=sign_off)
    (report,) = resources(document, "DiagnosticReport")
    assert {item["status"] for item in [report, *resources(document, "Observation")]} == {"final"}
    assert report["resultsInterpreter"] == [{"display": "Dr. A. Reader"}]
    assert "Own level: 1 Low risk. Repeat in a week." in report["conclusion"]
    assert "Not a medical device" in report["conclusion"]


def test_nobody_is_named_unless_typed(make_analysis: Make, report_card: ModelCard) -> None:
    text = json.dumps(document_of(make_analysis(), report_card))
    for secret in ("Jane", "Roe", "MRN-445566", "/home", "/srv", '"Patient"', "subject"):
        assert secret not in text
    named = document_of(make_analysis(), report_card, patient_name=" Erika  Mustermann ")
    (patient,) = resources(named, "Patient")
    assert patient["name"] == [{"text": "Erika Mustermann"}]
    assert patient["gender"] == "female"
    assert all("subject" in item for item in resources(named, "Observation"))


def test_same_input_gives_the_same_document(make_analysis: Make, report_card: ModelCard) -> None:
    assert document_of(make_analysis(), report_card) == document_of(make_analysis(), report_card)
    later = fhir_report(make_analysis(), report_card, created_at=MADE_AT + timedelta(hours=1))
    assert later["entry"][0]["fullUrl"] != document_of(make_analysis(), report_card)["entry"][0]["fullUrl"]
    with pytest.raises(ConfigurationError, match="no time zone"):
        fhir_report(make_analysis(), report_card, created_at=datetime(2026, 1, 1))
