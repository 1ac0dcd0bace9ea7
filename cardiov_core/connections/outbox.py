"""Results into the queue of the review's database, and out of it: nothing is lost, nothing goes twice."""

import io
import json
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cardiov_core.connections.documents.fhir_transaction import fhir_transaction
from cardiov_core.connections.documents.oru_message import oru_message
from cardiov_core.connections.documents.pdf_object import DicomIdentity, dicom_identity, encapsulated_pdf
from cardiov_core.connections.sending import send
from cardiov_core.connections.settings import Kind, Outgoing
from cardiov_core.domain import Analysis
from cardiov_core.io import deidentified
from cardiov_core.reporting import fhir_report, write_pdf
from cardiov_core.review import Store, claim_delivery, note_failed, note_sent, queue_delivery
from cardiov_core.weights import ModelCard

_logger = logging.getLogger(__name__)

SENDER = "CardioV"


@dataclass(frozen=True)
class Round:
    """What one round of sending came to."""

    sent: int  # how many results were taken
    faults: tuple[str, ...]  # destination and reason, for each that was not


@dataclass(frozen=True)
class Outbox:
    """The way out.

    Attributes
    ----------
    store : Store
        An open store.
    outgoing : Outgoing
        Where results go.
    """

    store: Store
    outgoing: Outgoing

    def queue(self, analysis: Analysis, card: ModelCard, case_id: str, file: Path | None = None) -> int:
        """Make the documents of a result and put them into the queue.

        Parameters
        ----------
        analysis : Analysis
            The result.
        card : ModelCard
            The grader that gave it.
        case_id : str
            The case that holds the ECG.
        file : pathlib.Path, optional
            The file the ECG came in: where the identity is kept, a DICOM report goes into the same study.

        Returns
        -------
        int
            How many were queued; what was queued for a destination before is not queued again.

        Raises
        ------
        StoreUnavailableError
            If the database cannot be written.
        """
        at = datetime.now(UTC)
        kept = self.outgoing.identity_kept
        shared = analysis if kept else replace(analysis, record=deidentified(analysis.record))
        n_queued = 0
        for destination in self.outgoing.destinations:
            identity = dicom_identity(file) if kept and file is not None and destination.kind == "dicom" else None
            content = self._document(destination.kind, shared, card, case_id, at, identity)
            n_queued += queue_delivery(self.store, case_id, destination.name, content)
        return n_queued

    def _document(
        self,
        kind: Kind,
        analysis: Analysis,
        card: ModelCard,
        case_id: str,
        at: datetime,
        identity: DicomIdentity | None,
    ) -> bytes:
        record = analysis.record
        if kind == "dicom":
            pdf = io.BytesIO()
            write_pdf(analysis, card, pdf, created_at=at)
            whose = identity or DicomIdentity(patient_id=record.patient_id or "")
            return encapsulated_pdf(pdf.getvalue(), case_id, whose, sex=record.sex, made_at=at)
        bundle = fhir_report(analysis, card, created_at=at)
        if kind == "hl7":
            return oru_message(bundle, case_id, patient_id=record.patient_id, sex=record.sex)
        document = fhir_transaction(bundle, record, release=self.outgoing.fhir_release, patient_id=record.patient_id)
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()

    def send_due(self) -> Round:
        """Send what is due. A result that is not taken stays in the queue and is due again later.

        Raises
        ------
        StoreUnavailableError
            If the database cannot be used. What was sent and could not be noted is sent again with the same ids.
        """
        by_name = {destination.name: destination for destination in self.outgoing.destinations}
        sent, faults = 0, []
        while (delivery := claim_delivery(self.store)) is not None:
            destination = by_name.get(delivery.destination)
            fault = (
                "no longer set as a destination"
                if destination is None
                else send(destination, delivery.content, self.outgoing)
            )
            if fault:
                note_failed(self.store, delivery, fault)
                faults.append(f"{delivery.destination}: {fault}")
                _logger.warning("a result was not taken by %s: %s; it stays queued", delivery.destination, fault)
            else:
                note_sent(self.store, delivery, SENDER)
                sent += 1
                _logger.info("the result of case %s was taken by %s", delivery.case_id, delivery.destination)
        return Round(sent, tuple(faults))
