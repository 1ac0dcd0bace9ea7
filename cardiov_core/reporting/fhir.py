"""The report as FHIR JSON: a DiagnosticReport with its Observations and the Device that made them.

Release R5 (5.0.0). Only elements are used that R4B has with the same meaning and cardinality, so the same document is
valid there. Units are UCUM. LOINC codes stand where their meaning is exactly ours; elsewhere there is text alone,
because a wrong code is worse than none. Until a reader signs the report off, everything in it is 'preliminary'.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from cardiov_core.domain import Analysis, Finding, JsonObject, Measurements, Prediction, Severity, SignOff, texts
from cardiov_core.reporting.print.content import (
    ANALYSED_ANYWAY,
    OUT_OF_FOLD,
    analysed_anyway,
    caveats,
    prediction_set_words,
)
from cardiov_core.reporting.words.critical import raised_words
from cardiov_core.reporting.words.disclaimer import EXCEEDANCE_NAMES, RESEARCH_USE, wording
from cardiov_core.reporting.words.measurements import NOT_MEASURABLE, QUANTITIES, Quantity, value_of
from cardiov_core.reporting.words.record import report_time
from cardiov_core.version import installed_version
from cardiov_core.weights import ModelCard

LOINC: Mapping[str, tuple[str, str]] = {
    "heart_rate_bpm": ("8867-4", "Heart rate"),
    "pr_ms": ("8625-6", "P-R Interval"),
    "qrs_ms": ("8633-0", "QRS duration"),
    "qt_ms": ("8634-8", "Q-T interval"),
    "qtc_fridericia_ms": ("8636-3", "Q-T interval corrected"),
    "qtc_bazett_ms": ("76635-2", "Q-T interval corrected based on Bazett formula"),
    "p_axis_deg": ("8626-4", "P wave axis"),
    "qrs_axis_deg": ("8632-2", "QRS axis"),
    "t_axis_deg": ("8638-9", "T wave axis"),
}
"""Field of `Measurements` -> LOINC code and name. The general code of QTc goes with Fridericia, our default formula,
and the Observation's text names it; Framingham, Hodges, P duration and voltages have text only."""

_UCUM = {"/min": "/min", "ms": "ms", "mV": "mV", "\u00b0": "deg"}
_LOINC_SYSTEM, _UCUM_SYSTEM = "http://loinc.org", "http://unitsofmeasure.org"
_ABSENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_SERVICE = "http://terminology.hl7.org/CodeSystem/v2-0074"
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, "CardioV report")


def fhir_report(
    analysis: Analysis,
    card: ModelCard,
    *,
    patient_name: str | None = None,
    sign_off: SignOff | None = None,
    created_at: datetime | None = None,
) -> JsonObject:
    """Turn an analysis into a FHIR Bundle of one DiagnosticReport, its Observations and a Device.

    Parameters
    ----------
    analysis : Analysis
        What CardioV says of the record.
    card : ModelCard
        The grader that was asked.
    patient_name : str, optional
        Adds a Patient with this name; without it nothing in the document says who the patient is.
    sign_off : SignOff, optional
        Makes the status 'final' and names the reader.
    created_at : datetime.datetime, optional
        With its zone; now by default.

    Returns
    -------
    dict
        JSON values: a Bundle of type 'collection'. Equal input and time give equal documents, ids included.

    Raises
    ------
    ConfigurationError
        If the time has no zone.
    """
    moment = report_time(created_at)
    seed = f"{analysis.record.provenance.sha256} {analysis.record.record_id} {card.sha256} {moment.isoformat()}"
    device = _resource("Device", seed, "device", _device(analysis, card))
    patient: JsonObject | None = None
    shared: JsonObject = {
        "status": "preliminary" if sign_off is None else "final",
        "device": {"reference": device["fullUrl"]},
        **_effective(analysis),
    }
    if patient_name and patient_name.strip():
        patient = _resource("Patient", seed, "patient", _patient(analysis, patient_name))
        shared["subject"] = {"reference": patient["fullUrl"]}
    in_each: JsonObject = {"category": [_coded(_CATEGORY, "procedure", "Procedure")], **shared}
    observations = [_resource("Observation", seed, name, {**in_each, **body}) for name, body in _observations(analysis)]
    report = _report(analysis, observations, shared, moment, sign_off)
    entries = [_resource("DiagnosticReport", seed, "report", report), device, *observations]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": moment.isoformat(timespec="seconds"),
        "entry": [*entries, *([] if patient is None else [patient])],
    }


def _resource(kind: str, seed: str, name: str, body: JsonObject) -> JsonObject:
    """Return an entry of the bundle whose id follows from what it says it is about."""
    identity = uuid.uuid5(_NAMESPACE, f"{seed} {kind} {name}")
    return {"fullUrl": f"urn:uuid:{identity}", "resource": {"resourceType": kind, "id": str(identity), **body}}


def _device(analysis: Analysis, card: ModelCard) -> JsonObject:
    """Software and weights: what somebody needs who wants to compute the same again."""
    prediction = analysis.prediction
    model = card.name if prediction is None else prediction.model_name
    checksum = card.sha256 if prediction is None else prediction.model_sha256
    return {
        "identifier": [{"type": {"text": "SHA-256 of the grader's weights"}, "value": checksum}],
        "manufacturer": "CardioV",
        "modelNumber": f"{model} {card.version}" if model == card.name else model,
        "version": [{"type": {"text": "software"}, "value": f"CardioV {installed_version()}"}],
        "note": [{"text": RESEARCH_USE}],
    }


def _patient(analysis: Analysis, name: str) -> JsonObject:
    sex = analysis.record.sex
    return {"name": [{"text": " ".join(name.split())}], **({} if sex is None else {"gender": sex})}


def _effective(analysis: Analysis) -> dict[str, str]:
    """Return when the ECG was recorded; a time of day is only allowed with its zone, so without one the day stands."""
    recorded = analysis.record.recorded_at
    if recorded is None:
        return {}
    if recorded.tzinfo is None:
        return {"effectiveDateTime": recorded.date().isoformat()}
    return {"effectiveDateTime": recorded.isoformat(timespec="seconds")}


def _report(
    analysis: Analysis,
    observations: Sequence[JsonObject],
    shared: JsonObject,
    moment: datetime,
    sign_off: SignOff | None,
) -> JsonObject:
    record = analysis.record
    body: JsonObject = {
        "identifier": [
            {"type": {"text": "Record"}, "value": record.record_id},
            *_checksum(record.provenance.sha256),
        ],
        "category": [_coded(_SERVICE, "EC", "Electrocardiac (e.g., EKG, EEC, Holter)")],
        "code": {**_coded(_LOINC_SYSTEM, "11524-6", "EKG study"), "text": "12-lead ECG"},
        **{key: value for key, value in shared.items() if key != "device"},
        "issued": moment.isoformat(timespec="seconds"),
        "result": [{"reference": item["fullUrl"]} for item in observations],
        "conclusion": _conclusion(analysis, sign_off),
    }
    if sign_off is not None:
        body["resultsInterpreter"] = [{"display": sign_off.by}]
    return body


def _checksum(sha256: str) -> list[JsonValue]:
    return [{"type": {"text": "SHA-256 of the record's files"}, "value": sha256}] if sha256 else []


def _conclusion(analysis: Analysis, sign_off: SignOff | None) -> str:
    parts: list[str] = []
    if analysis.prediction is None:
        parts += ["Result withheld.", *texts(analysis.withheld)]
    else:
        level = analysis.prediction.severity if analysis.level is None else analysis.level
        raised = raised_words(analysis)
        parts += [f"Level {int(level)} of 0-3: {level.title}. {wording(level)}", *([raised] if raised else [])]
        if analysed_anyway(analysis):
            parts.append(ANALYSED_ANYWAY)
        if analysis.prediction.out_of_fold:
            parts.append(OUT_OF_FOLD.text)
        parts += texts(caveats(analysis))
    if sign_off is None:
        parts.append("Unconfirmed.")
    else:
        own = f" Own level: {int(sign_off.level)} {sign_off.level.title}."
        parts.append(f"Confirmed by {sign_off.by} at {sign_off.at.isoformat(timespec='seconds')}.{own}")
        parts += [sign_off.comment] if sign_off.comment else []
    return " ".join([*parts, RESEARCH_USE])


def _observations(analysis: Analysis) -> Iterable[tuple[str, JsonObject]]:
    yield "level", _level(analysis)
    yield "quality", _quality(analysis)
    if analysis.measurements is not None:
        for quantity in QUANTITIES:
            yield quantity.field, _measurement(quantity, analysis.measurements)
    for finding in analysis.findings:
        yield f"finding {finding.code}", _finding(finding)


def _level(analysis: Analysis) -> JsonObject:
    body: JsonObject = {"code": {"text": "Critical value of the ECG, level 0 to 3"}}
    prediction = analysis.prediction
    if prediction is None:
        return body | {
            "dataAbsentReason": _absent("not-performed", "Not Performed", " ".join(texts(analysis.withheld)))
        }
    level = prediction.severity if analysis.level is None else analysis.level
    raised = raised_words(analysis)
    notes = [wording(level), *([raised] if raised else [])]
    if analysed_anyway(analysis):
        notes.append(ANALYSED_ANYWAY)
    if prediction.out_of_fold:
        notes.append(OUT_OF_FOLD.text)
    notes += [text for text in (prediction_set_words(prediction), *texts(caveats(analysis))) if text]
    return body | {
        "valueInteger": int(level),
        "interpretation": [{"text": f"Level {int(level)} of 0-3: {level.title.lower()}"}],
        "note": [{"text": text} for text in notes],
        "component": _shares(prediction),
    }


def _shares(prediction: Prediction) -> list[JsonValue]:
    """Return the four probabilities and the three exceedances as components without unit."""
    named = [
        *(
            (f"Probability of {level.title.lower()}", share)
            for level, share in zip(Severity, prediction.probabilities, strict=True)
        ),
        *(
            (f"Probability that the level is {name}", share)
            for name, share in zip(EXCEEDANCE_NAMES, prediction.exceedance, strict=True)
        ),
    ]
    return [
        {"code": {"text": name}, "valueQuantity": {"value": round(share, 6), "system": _UCUM_SYSTEM, "code": "1"}}
        for name, share in named
    ]


def _quality(analysis: Analysis) -> JsonObject:
    body: JsonObject = {
        "code": {"text": "Signal quality"},
        "valueCodeableConcept": {"text": analysis.quality.verdict.value},
    }
    return body | (
        {"note": [{"text": reason.text} for reason in analysis.quality.reasons]} if analysis.quality.reasons else {}
    )


def _measurement(quantity: Quantity, measurements: Measurements) -> JsonObject:
    known = LOINC.get(quantity.field)
    code = {} if known is None else _coded(_LOINC_SYSTEM, *known)
    body: JsonObject = {"code": {**code, "text": quantity.name}}
    value = value_of(quantity, measurements)
    if value is None:
        reason = measurements.not_measurable.get(quantity.field, "")
        text = f"{NOT_MEASURABLE}: {reason}" if reason else NOT_MEASURABLE
        return body | {"dataAbsentReason": _absent("unknown", "Unknown", text)}
    number: JsonObject = {
        "value": round(value, max(1, quantity.decimals + 1)),
        "unit": quantity.unit,
        "system": _UCUM_SYSTEM,
        "code": _UCUM[quantity.unit],
    }
    note = measurements.notes.get(quantity.field)
    return body | {"valueQuantity": number} | ({"note": [{"text": note}]} if note else {})


def _finding(finding: Finding) -> JsonObject:
    body: JsonObject = {"code": {"text": finding.title}, "note": [{"text": finding.reason}]}
    if finding.state == NOT_MEASURABLE:
        return body | {"dataAbsentReason": _absent("unknown", "Unknown", f"{NOT_MEASURABLE}: {finding.reason}")}
    body["valueBoolean"] = finding.state == "present"
    if finding.critical and body["valueBoolean"]:
        body["interpretation"] = [_coded(_INTERPRETATION, "AA", "Critical abnormal")]
    return body


def _coded(system: str, code: str, display: str) -> JsonObject:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _absent(code: str, display: str, text: str) -> JsonObject:
    return {**_coded(_ABSENT_SYSTEM, code, display), "text": text}
