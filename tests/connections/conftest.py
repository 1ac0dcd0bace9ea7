"""A store, the shipped graders, an ECG that knows its patient, and receivers that are not ours on the loopback."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hl7
import pytest
import sqlalchemy as sa
from fhir.resources import get_fhir_model_class
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

from cardiov_core import review
from cardiov_core.connections import Intake, Outbox
from cardiov_core.connections.settings import Destination, Outgoing
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import Analysis, CaseSource, EcgRecord
from cardiov_core.inference import Grader, analyze, load_predictor
from cardiov_core.review import NewCase, Store, open_store
from cardiov_core.review.database.schema import deliveries

PATIENT, FAMILY = "MRN-445566", "Roe"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty review, which the environment names, too."""
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    with closing(open_store()) as opened:
        yield opened


@pytest.fixture(scope="session")
def graders(weights_folder: Path) -> tuple[Grader, ...]:
    """The shipped grader that needs no network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
        name = "measurements" if (weights_folder / "measurements.json").is_file() else None
        return (load_predictor(name),)


@pytest.fixture(scope="session")
def ecg() -> EcgRecord:
    """A synthetic ECG that knows its patient."""
    record = generate("normal", seed=3, sampling_rate_hz=500, duration_s=10.0)
    return replace(
        record,
        record_id="Roe_Jane",
        age=61.0,
        sex="female",
        recorded_at=datetime(2024, 2, 3, 10, 20, 30),
        patient_id=PATIENT,
        comments=("Name: Jane Roe",),
        provenance=replace(record.provenance, path="/home/roe/Roe_Jane.dcm", files=("Roe_Jane.dcm",), sha256="f1" * 32),
    )


@pytest.fixture(scope="session")
def analysis(ecg: EcgRecord, graders: tuple[Grader, ...]) -> Analysis:
    return analyze(ecg, graders[0])


@pytest.fixture
def case(store: Store, analysis: Analysis) -> str:
    new = NewCase(analysis.record, analysis.prediction, analysis.quality, CaseSource.FOLDER)
    return review.put_case(store, new, "test")[0]


def let_be_due(store: Store) -> None:
    """Let everything that waits be due."""
    with store.writing() as connection:
        connection.execute(sa.update(deliveries).values(next_at=datetime.now(UTC) - timedelta(hours=1)))


@pytest.fixture
def make_intake(store: Store, graders: tuple[Grader, ...]) -> Callable[..., Intake]:
    """Make an intake by one grader that sends results to the destinations given."""

    def _make(*destinations: Destination, **settings: Any) -> Intake:
        return Intake(Outbox(store, Outgoing(destinations, **settings)), graders, "arrivals")

    return _make


@dataclass
class FhirServer:
    """Takes transactions as FHIR says (5.0, 3.2.0.11): PUT of an id creates it once, and again changes nothing."""

    url: str = ""
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    n_asked: int = 0
    tokens: list[str] = field(default_factory=list)
    failing: int | None = None

    def take(self, body: bytes) -> tuple[int, dict[str, Any]]:
        self.n_asked += 1
        if self.failing:
            return self.failing, {"resourceType": "OperationOutcome"}
        bundle = json.loads(body)
        get_fhir_model_class("Bundle").model_validate(bundle)
        answers = []
        for entry in bundle["entry"]:
            get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])
            created = entry["request"]["url"] not in self.resources
            self.resources[entry["request"]["url"]] = entry["resource"]
            answers.append({"response": {"status": "201 Created" if created else "200 OK"}})
        return 200, {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}


@pytest.fixture
def fhir_server() -> Iterator[FhirServer]:
    state = FhirServer()

    class _Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.tokens.append(self.headers.get("Authorization", ""))
            status, answer = state.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/fhir+json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/fhir"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Hl7Listener:
    """What an MLLP listener got, and how it answers: AA takes a message."""

    url: str = ""
    messages: list[hl7.Message] = field(default_factory=list)
    code: str = "AA"


@pytest.fixture
def hl7_listener() -> Iterator[Hl7Listener]:
    state, ready = Hl7Listener(), threading.Event()
    loop = asyncio.new_event_loop()

    async def _answer(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                state.messages.append(message)
                writer.writemessage(message.create_ack(state.code))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def _serve() -> asyncio.Server:
        server = await start_hl7_server(_answer, "127.0.0.1", 0, encoding="utf-8")
        state.url = f"mllp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        return server

    def _run() -> None:
        server = loop.run_until_complete(_serve())
        loop.run_forever()
        server.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=_run)
    thread.start()
    assert ready.wait(10)
    yield state
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@dataclass
class Archive:
    """A DICOM archive: what it was given, and the status it answers with."""

    url: str = ""
    objects: list[Any] = field(default_factory=list)
    status: int = 0


@pytest.fixture
def archive() -> Iterator[Archive]:
    from pynetdicom import AE, evt
    from pynetdicom.sop_class import EncapsulatedPDFStorage

    state = Archive()

    def _stored(event: Any) -> int:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        state.objects.append(dataset)
        return state.status

    entity = AE(ae_title="ARCHIVE")
    entity.require_called_aet = True
    entity.add_supported_context(EncapsulatedPDFStorage)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, _stored)])
    state.url = f"dicom://ARCHIVE@127.0.0.1:{server.socket.getsockname()[1]}"
    yield state
    server.shutdown()
