"""Results out to real receivers: taken once, kept while nobody takes them, and nobody is named unless set so."""

import json
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.connections import Outbox
from cardiov_core.connections.settings import Destination, Outgoing
from cardiov_core.domain import Analysis, EventKind
from cardiov_core.inference import Grader
from cardiov_core.io import write_record
from cardiov_core.review import Store
from cardiov_core.review.database.schema import deliveries
from tests.connections.conftest import FAMILY, PATIENT, Archive, FhirServer, Hl7Listener, let_be_due


@pytest.fixture
def all_three(fhir_server: FhirServer, hl7_listener: Hl7Listener, archive: Archive) -> tuple[Destination, ...]:
    return (
        Destination("dicom", archive.url),
        Destination("fhir", fhir_server.url),
        Destination("hl7", hl7_listener.url),
    )


def test_three_receivers_get_the_result_once(
    store: Store,
    case: str,
    analysis: Analysis,
    graders: tuple[Grader, ...],
    all_three: tuple[Destination, ...],
    fhir_server: FhirServer,
    hl7_listener: Hl7Listener,
    archive: Archive,
) -> None:
    token = secrets.token_hex(4)
    outbox = Outbox(store, Outgoing(all_three, fhir_token=token))
    assert outbox.queue(analysis, graders[0].card, case) == 3
    done = outbox.send_due()
    assert (done.sent, done.faults) == (3, ())
    # The file came in again, or the process died before the file was moved.
    assert outbox.queue(analysis, graders[0].card, case) == 0
    let_be_due(store)
    assert outbox.send_due().sent == 0
    assert (len(archive.objects), fhir_server.n_asked, len(hl7_listener.messages)) == (1, 1, 1)
    assert fhir_server.tokens == [f"Bearer {token}"]
    told = [event for event in review.events_of(store, case) if event.kind is EventKind.RESULT_SENT]
    assert {event.after["destination"] for event in told} == {each.name for each in all_three}
    with store.reading() as connection:
        assert connection.execute(sa.select(deliveries.c.content)).scalars().all() == [None] * 3


def test_nobody_is_named_unless_the_installation_keeps_identity(
    store: Store,
    case: str,
    analysis: Analysis,
    graders: tuple[Grader, ...],
    all_three: tuple[Destination, ...],
    tmp_path: Path,
) -> None:
    def _contents(**settings: Any) -> list[bytes]:
        with store.writing() as connection:
            connection.execute(sa.delete(deliveries))
        Outbox(store, Outgoing(all_three, **settings)).queue(analysis, graders[0].card, case, file)
        return [each.content for each in review.waiting_deliveries(store)]

    (file,) = write_record(analysis.record, tmp_path, "dicom", keep_identity=True)
    for content in _contents():
        assert PATIENT.encode() not in content
        assert FAMILY.encode() not in content
        assert b"20240203" not in content
        assert b"2024-02-03" not in content
    assert all(PATIENT.encode() in content for content in _contents(identity_kept=True))


@pytest.mark.parametrize("kind", ["dicom", "fhir", "hl7"])
def test_what_nobody_takes_stays_and_is_taken_later(
    kind: str,
    store: Store,
    case: str,
    analysis: Analysis,
    graders: tuple[Grader, ...],
    all_three: tuple[Destination, ...],
    fhir_server: FhirServer,
    hl7_listener: Hl7Listener,
    archive: Archive,
) -> None:
    (destination,) = [each for each in all_three if each.kind == kind]
    fhir_server.failing, hl7_listener.code, archive.status = 503, "AE", 0xA700
    outbox = Outbox(store, Outgoing((destination,)))
    outbox.queue(analysis, graders[0].card, case)
    (fault,) = outbox.send_due().faults
    assert {"dicom": "status 0xA700", "fhir": "HTTP 503", "hl7": "not accepted: AE"}[kind] in fault
    (waiting,) = review.waiting_deliveries(store)
    assert (waiting.n_attempts, waiting.fault) == (1, fault.partition(": ")[2])
    # Not due yet: a receiver that is away is not asked without a pause.
    assert outbox.send_due() == type(outbox.send_due())(0, ())
    fhir_server.failing, hl7_listener.code, archive.status = None, "AA", 0
    let_be_due(store)
    assert outbox.send_due().sent == 1
    assert review.waiting_deliveries(store) == ()


# pynetdicom leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("url", ["http://127.0.0.1:9/fhir", "mllp://127.0.0.1:9", "dicom://X@127.0.0.1:9"])
def test_a_receiver_that_is_away_is_a_fault_and_no_error(
    url: str, store: Store, case: str, analysis: Analysis, graders: tuple[Grader, ...]
) -> None:
    kind: Any = {"http": "fhir", "mllp": "hl7", "dicom": "dicom"}[url.split(":")[0]]
    outbox = Outbox(store, Outgoing((Destination(kind, url),)))
    outbox.queue(analysis, graders[0].card, case)
    assert len(outbox.send_due().faults) == 1
    assert len(review.waiting_deliveries(store)) == 1


def test_a_killed_sender_leaves_its_delivery_to_the_next_with_the_same_ids(
    store: Store, case: str, analysis: Analysis, graders: tuple[Grader, ...], fhir_server: FhirServer
) -> None:
    outbox = Outbox(store, Outgoing((Destination("fhir", fhir_server.url),)))
    outbox.queue(analysis, graders[0].card, case)
    claimed = review.claim_delivery(store)
    assert claimed is not None
    fhir_server.take(claimed.content)
    before = json.dumps(fhir_server.resources, sort_keys=True)
    # Nobody else gets it while its sender may be at work.
    assert review.claim_delivery(store) is None
    let_be_due(store)
    assert outbox.send_due().sent == 1
    assert json.dumps(fhir_server.resources, sort_keys=True) == before


def test_a_destination_that_is_gone_keeps_its_results(
    store: Store, case: str, analysis: Analysis, graders: tuple[Grader, ...]
) -> None:
    outbox = Outbox(store, Outgoing((Destination("hl7", "mllp://127.0.0.1:9"),)))
    outbox.queue(analysis, graders[0].card, case)
    (fault,) = replace(outbox, outgoing=Outgoing()).send_due().faults
    assert "no longer set" in fault
    assert len(review.waiting_deliveries(store)) == 1
