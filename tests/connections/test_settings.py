"""Where results go: off by default, complete or refused, without secrets in names."""

import pytest

from cardiov_core.connections import outgoing_from_environment
from cardiov_core.errors import ConfigurationError


def test_nothing_is_sent_unless_somebody_says_so() -> None:
    outgoing = outgoing_from_environment({})
    assert outgoing.destinations == ()
    assert not outgoing.identity_kept


def test_all_three_kinds_are_taken() -> None:
    outgoing = outgoing_from_environment(
        {
            "CARDIOV_SEND_DICOM": "dicom://ARCHIVE@pacs.example.org:11112",
            "CARDIOV_SEND_FHIR": "https://user:secret@fhir.example.org/base/",
            "CARDIOV_SEND_HL7": "mllps://hub.example.org:2575",
            "CARDIOV_SEND_IDENTITY": "keep",
        }
    )
    assert [each.name for each in outgoing.destinations] == [
        "dicom dicom://pacs.example.org:11112",
        "fhir https://fhir.example.org/base",
        "hl7 mllps://hub.example.org:2575",
    ]
    assert outgoing.identity_kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEND_DICOM", "pacs.example.org:104"),
        ("SEND_DICOM", "dicom://pacs.example.org:104"),
        ("SEND_DICOM", "dicom://ARCHIVE@pacs.example.org"),
        ("SEND_FHIR", "file:///etc/passwd"),
        ("SEND_HL7", "mllp://hub.example.org"),
        ("SEND_HL7", "mllp://hub.example.org:99999"),
        ("SEND_IDENTITY", "yes"),
        ("SEND_FHIR_RELEASE", "STU3"),
        ("AE_TITLE", "MORE_THAN_SIXTEEN_"),
    ],
)
def test_what_is_not_complete_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"CARDIOV_{name}") as refused:
        outgoing_from_environment({f"CARDIOV_{name}": value})
    assert "passwd" not in refused.value.sentences
