"""The HL7 message, read by another library: what the report says and nothing of a patient who is not to be named."""

from typing import Any

import hl7
import pytest

from cardiov_core.connections.documents.oru_message import oru_message
from cardiov_core.domain import Analysis
from cardiov_core.inference import Grader
from cardiov_core.reporting import fhir_report


@pytest.fixture
def bundle(analysis: Analysis, graders: tuple[Grader, ...]) -> dict[str, Any]:
    return fhir_report(analysis, graders[0].card)


def _rows(message: Any) -> dict[str, Any]:
    return {str(row[3][0][1]) if isinstance(row[3][0], list) else str(row[3]): row for row in message.segments("OBX")}


def test_level_measurements_and_conclusion_are_there(bundle: dict[str, Any], analysis: Analysis) -> None:
    message = hl7.parse(oru_message(bundle, "abc123").decode())
    assert str(message.segment("MSH")[9]) == "ORU^R01^ORU_R01"
    assert str(message.segment("MSH")[10]) == "abc123"
    rows = {str(row[3]).split("^")[1]: row for row in message.segments("OBX")}
    assert str(rows["Critical value of the ECG, level 0 to 3"][5]) == str(int(analysis.level or 0))
    assert analysis.measurements is not None
    rate = rows["Heart rate"]
    assert str(rate[3]).split("^")[::2] == ["8867-4", "LN"]
    assert float(str(rate[5])) == pytest.approx(analysis.measurements.heart_rate_bpm, abs=0.5)
    assert str(rate[6]) == "/min^/min^UCUM"
    assert "Unconfirmed" in str(rows["Conclusion"][5])
    assert {str(row[11]) for row in message.segments("OBX")} <= {"P", "X"}
    numbers = [int(str(row[1])) for row in message.segments("OBX")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_could_not_be_measured_is_said_to_be_missing(bundle: dict[str, Any]) -> None:
    absent = [entry["resource"] for entry in bundle["entry"] if "dataAbsentReason" in entry["resource"]]
    message = hl7.parse(oru_message(bundle, "1").decode())
    missing = [row for row in message.segments("OBX") if str(row[11]) == "X"]
    assert len(missing) == len(absent)
    assert all(not str(row[5]) for row in missing)


def test_delimiters_in_texts_stay_texts(bundle: dict[str, Any]) -> None:
    report = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DiagnosticReport")
    report["conclusion"] = "a|b^c&d~e\\f\rMSH|forged\nnext"
    content = oru_message(bundle, "1", patient_id="7|x\r\nPID|2")
    message = hl7.parse(content.decode())
    (told,) = [row for row in message.segments("OBX") if "Conclusion" in str(row[3])]
    unescaped = message.unescape(str(told[5]))
    assert unescaped.startswith("a|b^c&d~e\\f MSH|forged")
    assert len(message.segments("MSH")) == len(message.segments("PID")) == 1
    assert message.unescape(str(message.segment("PID")[3])).startswith("7|x")


def test_nobody_is_named_unless_asked(bundle: dict[str, Any]) -> None:
    assert str(hl7.parse(oru_message(bundle, "1").decode()).segment("PID")[3]) == ""
