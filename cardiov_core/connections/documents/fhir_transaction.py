"""The report's FHIR bundle as a transaction that a server can take twice and has once, with the signal itself."""

import uuid
from typing import Literal, cast

import numpy as np
from pydantic import JsonValue

from cardiov_core.connections.documents.fhir_parts import resources_of
from cardiov_core.domain import EcgRecord, JsonObject

_MDC = "urn:oid:2.16.840.1.113883.6.24"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_UCUM = "http://unitsofmeasure.org"

# ISO/IEEE 11073-10102: MDC_ECG_ELEC_POTL is 2:256 (131328), each lead's code is that plus the lead's number.
_POTENTIAL = 131328
_LEAD_NUMBERS = {
    "I": 1, "II": 2, "V1": 3, "V2": 4, "V3": 5, "V4": 6, "V5": 7, "V6": 8, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64,
}  # fmt: skip

_UV_PER_MV = 1000.0


def fhir_transaction(
    bundle: JsonObject,
    record: EcgRecord,
    *,
    release: Literal["R4", "R5"] = "R5",
    patient_id: str | None = None,
) -> JsonObject:
    """Turn a report's bundle, of `reporting.fhir_report`, into a Bundle of type 'transaction' for a server.

    Every resource is put under its own id, which follows from the record, the weights and the time of the report: a
    server that gets the transaction again holds nothing twice. The record's signal goes with it: one Observation, a
    component with SampledData for each lead, in whole microvolts; R5 has ``interval`` and ``intervalUnit`` where R4 has
    ``period``, in ms. `patient_id` becomes the subject's identifier; without it nothing says who the patient is.
    """
    resources = {url: cast("JsonObject", dict(resource)) for url, resource in resources_of(bundle).items()}
    report = next(item for item in resources.values() if item["resourceType"] == "DiagnosticReport")
    identity = str(uuid.uuid5(uuid.UUID(str(report["id"])), "signal"))
    url = f"urn:uuid:{identity}"
    resources[url] = {
        "resourceType": "Observation",
        "id": identity,
        "status": report["status"],
        "category": [{"coding": [{"system": _CATEGORY, "code": "procedure", "display": "Procedure"}]}],
        "code": {"coding": [_coding(_POTENTIAL, "MDC_ECG_ELEC_POTL")], "text": "12-lead ECG, signal"},
        **{name: report[name] for name in ("subject", "effectiveDateTime") if name in report},
        "component": [_lead(record, lead, release) for lead in record.leads if lead in _LEAD_NUMBERS],
    }
    report["result"] = [*cast("list[JsonValue]", report["result"]), {"reference": url}]
    if patient_id:
        for resource in resources.values():
            if resource["resourceType"] in ("DiagnosticReport", "Observation"):
                resource.setdefault("subject", {"identifier": {"value": patient_id}})
    entries: list[JsonValue] = [
        {
            "fullUrl": url,
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for url, resource in resources.items()
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _coding(code: int, display: str) -> JsonObject:
    return {"system": _MDC, "code": str(code), "display": display}


def _lead(record: EcgRecord, lead: str, release: Literal["R4", "R5"]) -> JsonObject:
    samples = record.lead(lead).astype(np.float64)
    counts = np.round(samples * _UV_PER_MV)
    interval_ms = round(1000.0 / record.sampling_rate, 9)
    steps: JsonObject = {"period": interval_ms} if release == "R4" else {"interval": interval_ms, "intervalUnit": "ms"}
    return {
        "code": {
            "coding": [_coding(_POTENTIAL + _LEAD_NUMBERS[lead], f"MDC_ECG_ELEC_POTL_{lead.upper()}")],
            "text": f"Lead {lead}",
        },
        "valueSampledData": {
            "origin": {"value": 0, "unit": "uV", "system": _UCUM, "code": "uV"},
            **steps,
            "factor": 1,
            "dimensions": 1,
            # 'E': no valid sample.
            "data": " ".join("E" if np.isnan(count) else str(int(count)) for count in counts),
        },
    }
