r"""The report's FHIR bundle as an HL7 version 2.5.1 message ORU^R01: one OBX for each Observation.

Segments end with a carriage return; delimiters within texts are escaped (chapter 2.7): ``\F\ \S\ \T\ \R\ \E\``.
"""

from collections.abc import Iterable
from datetime import datetime

from cardiov_core.connections.documents.fhir_parts import Concept, Resource, Value, report_in, resources_of
from cardiov_core.domain import JsonObject

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": "\\.br\\"}
_LOINC = "http://loinc.org"
_LOCAL = "99CARDIOV"
"""Coding system of what has no LOINC code; HL7 table 0396 leaves names from 99 to the sender."""

_SEX = {"male": "M", "female": "F"}


def oru_message(bundle: JsonObject, control_id: str, *, patient_id: str | None = None, sex: str | None = None) -> bytes:
    """Turn a report's bundle, of `reporting.fhir_report`, into a message in UTF-8, as its MSH-18 says.

    `control_id` (MSH-10) has at most 20 characters; the same message keeps it at every attempt, so that a receiver
    knows it again. Without `patient_id` (PID-3) nothing says who the patient is. Results are preliminary ('P') until a
    reader signed the report, then final ('F').
    """
    resources = resources_of(bundle)
    report = report_in(resources)
    status = "F" if report["status"] == "final" else "P"
    issued = _time(report["issued"])
    recorded = _time(report.get("effectiveDateTime", ""))
    record_id = _text(report["identifier"][0]["value"])
    segments = [
        f"MSH|^~\\&|CARDIOV||||{issued}||ORU^R01^ORU_R01|{_text(control_id)}|P|2.5.1|||AL|NE||UNICODE UTF-8",
        f"PID|1||{_text(patient_id or '')}||||||{_SEX.get(sex or '', 'U')}",
        f"OBR|1||{record_id}|11524-6^EKG study^LN|||{recorded}|||||||||||||||{issued}||EC|{status}",
    ]
    number = 0
    for reference in report["result"]:
        observation = resources[reference["reference"]]
        notes = _notes(observation)
        for row in _rows(observation, status):
            number += 1
            segments.append(f"OBX|{number}|{row}")
            # What is noted belongs to the observation itself, which comes before its components.
            segments += notes
            notes = []
    segments.append(f"OBX|{number + 1}|TX|CONCLUSION^Conclusion^{_LOCAL}||{_text(report['conclusion'])}||||||{status}")
    return ("\r".join(segments) + "\r").encode()


def _rows(observation: Resource, status: str) -> Iterable[str]:
    """Yield what follows OBX-1 for an Observation and its components."""
    kind, value, unit = _value(observation)
    flag = "AA" if _is_critical(observation) else ""
    state = "X" if "dataAbsentReason" in observation else status
    yield f"{kind}|{_code(observation['code'])}||{value}|{unit}||{flag}|||{state}"
    for part in observation.get("component", ()):
        kind, value, unit = _value(part)
        yield f"{kind}|{_code(part['code'])}||{value}|{unit}|||||{status}"


def _value(item: Value) -> tuple[str, str, str]:
    """Return OBX-2, OBX-5 and OBX-6."""
    if "valueInteger" in item:
        return "NM", str(item["valueInteger"]), ""
    if "valueQuantity" in item:
        quantity = item["valueQuantity"]
        unit = _text(quantity["code"])
        return "NM", f"{quantity['value']:.10g}", "" if unit == "1" else f"{unit}^{unit}^UCUM"
    if "valueBoolean" in item:
        return "ST", "present" if item["valueBoolean"] else "absent", ""
    if "valueCodeableConcept" in item:
        return "ST", _text(item["valueCodeableConcept"]["text"]), ""
    return "ST", "", ""


def _code(concept: Concept) -> str:
    """Return OBX-3: the LOINC code where there is one, otherwise the text as a code of our own."""
    for coding in concept.get("coding", ()):
        if coding["system"] == _LOINC:
            return f"{coding['code']}^{_text(concept.get('text') or coding['display'])}^LN"
    text = concept["text"]
    return f"{_text(_own_code(text))}^{_text(text)}^{_LOCAL}"


def _own_code(text: str) -> str:
    """Return a text as a code: capitals, digits and '-', at most 20 (OBX-3.1)."""
    plain = "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in text.upper())
    return "-".join(part for part in plain.split("-") if part)[:20].rstrip("-")


def _notes(observation: Resource) -> list[str]:
    texts = [note["text"] for note in observation.get("note", ())]
    absent = observation["dataAbsentReason"].get("text") if "dataAbsentReason" in observation else None
    texts += [absent] if absent and absent not in texts else []
    return [f"NTE|{number}|L|{_text(text)}" for number, text in enumerate(texts, start=1)]


def _is_critical(observation: Resource) -> bool:
    return any(
        coding.get("code") == "AA"
        for item in observation.get("interpretation", ())
        for coding in item.get("coding", ())
    )


def _text(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text if letter in "\r\n" or letter.isprintable())


def _time(text: str) -> str:
    """Return a FHIR date or time as HL7 writes it; empty for none."""
    if not text:
        return ""
    if "T" not in text:
        return text.replace("-", "")
    moment = datetime.fromisoformat(text)
    return f"{moment:%Y%m%d%H%M%S}" + (f"{moment:%z}"[:5] if moment.tzinfo else "")
