"""The service: analyses and reports, refusals with the right status, and what it counts."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from cardiov_core.inference import analysis_to_dict, analyze, load_predictor
from cardiov_core.io import read_uploads
from cardiov_core.nets import build_net
from cardiov_core.scoring import Grading
from cardiov_core.service import Clients, Limits, make_app, new_token
from cardiov_core.weights import save

Files = Callable[..., dict[str, bytes]]
TOKEN, LINE = new_token("ward")


@pytest.fixture(scope="module")
def service(make_card: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with one worker process and an untrained grader."""
    folder = tmp_path_factory.mktemp("graders")
    card = make_card("tiny", widths=[16] * 7, blocks=[1] * 7)
    save(build_net("cardiov-compact", **card["architecture"]["kwargs"]), card, folder)
    (folder / "default").write_text("tiny\n")
    (folder / "clients").write_text(f"# programs\n{LINE}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARDIOV_WEIGHTS", str(folder))
        limits = Limits(max_bytes=1024**2, max_files=4)
        app = make_app(Grading("tiny"), 1, Clients.read(folder / "clients"), limits)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        app.state.service.ready.result()
        address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        # What tests look at from inside.
        client = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
        client.service = app.state.service  # type: ignore[attr-defined]
        with client:
            yield client
        server.should_exit = True
        thread.join()


def _sent(files: dict[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("file", (name, content)) for name, content in files.items()]


def _problem(reply: Any) -> dict[str, Any]:
    problem: dict[str, Any] = reply.json()["error"]
    return problem


def test_an_analysis_is_that_of_the_command_line(service: httpx.Client, wfdb_files: Files) -> None:
    files = wfdb_files("a")
    reply = service.post("/v1/analyze", files=_sent(files))
    assert reply.status_code == 200, reply.text
    (upload,) = read_uploads(list(files.items()))
    predictor = load_predictor("tiny")
    assert upload.record is not None
    assert reply.json() == analysis_to_dict(analyze(upload.record, predictor), card=predictor.card)


def test_options_are_fields_of_the_form(service: httpx.Client, wfdb_files: Files) -> None:
    files = _sent(wfdb_files("a", seconds=20.0))
    plain = service.post("/v1/analyze", files=files).json()
    told = service.post("/v1/analyze", files=files, data={"start": "8", "explain": "true", "gain_factor": "0.5"}).json()
    assert told["explanation"]["stages"]
    assert "explanation" not in plain
    assert told["measurements"]["r_mv"]["II"] == pytest.approx(plain["measurements"]["r_mv"]["II"] / 2, abs=0.01)


def test_a_report_is_a_pdf(service: httpx.Client, wfdb_files: Files) -> None:
    reply = service.post("/v1/report", files=_sent(wfdb_files("a")), data={"patient_name": "N. N."})
    assert reply.headers["content-type"] == "application/pdf"
    assert reply.content.startswith(b"%PDF-")


def test_a_record_that_cannot_be_read_is_told_as_everywhere(service: httpx.Client, wfdb_files: Files) -> None:
    reply = service.post("/v1/analyze", files=_sent({"a.hea": wfdb_files("a")["a.hea"]}))
    assert reply.status_code == 422
    assert _problem(reply)["code"] == "record_not_found"
    assert "a.dat" in _problem(reply)["message"]
    assert "Add a.dat" in _problem(reply)["hint"]
    two = service.post("/v1/analyze", files=_sent(wfdb_files("a") | wfdb_files("b")))
    assert (two.status_code, _problem(two)["code"]) == (422, "record_unsupported")
    table = service.post("/v1/analyze", files=_sent({"x.csv": b"I,II,III\n" + b"0,0,0\n" * 3000}))
    assert (table.status_code, _problem(table)["code"]) == (422, "missing_metadata")
    assert "sampling_rate" in _problem(table)["fields"]


@pytest.mark.parametrize(
    ("data", "said"),
    [({"rate": "fast"}, "rate: "), ({"colour": "red"}, "colour: Extra inputs"), ({"start": "-1"}, "start: ")],
)
def test_a_field_that_makes_no_sense(service: httpx.Client, wfdb_files: Files, data: dict[str, str], said: str) -> None:
    reply = service.post("/v1/analyze", files=_sent(wfdb_files("a")), data=data)
    assert (reply.status_code, _problem(reply)["code"]) == (400, "request")
    assert _problem(reply)["message"].startswith(said)


def test_requests_that_are_none(service: httpx.Client) -> None:
    for reply in (
        service.post("/v1/analyze"),
        service.post("/v1/analyze", data={"rate": "500"}),
        service.post("/v1/analyze", content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=y"}),
        service.post("/v1/analyze", content=b"--x", headers={"Content-Type": "multipart/form-data"}),
        service.post("/v1/analyze", files=_sent({f"{at}.dat": b"x" for at in range(5)})),
    ):
        assert (reply.status_code, _problem(reply)["code"]) == (400, "request"), reply.text
    assert (service.get("/v1/analyze").status_code, service.get("/nowhere").status_code) == (405, 404)
    assert _problem(service.get("/nowhere"))["message"] == "GET /nowhere: Not Found."


def test_a_request_that_is_too_large_is_refused_while_it_comes(service: httpx.Client) -> None:
    large = service.post("/v1/analyze", files=_sent({"a.dat": bytes(1200 * 1024)}))
    assert (large.status_code, _problem(large)["code"]) == (413, "request_too_large")

    def pieces() -> Iterator[bytes]:
        # Says nothing of its length.
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.dat"\r\n\r\n'
        for _ in range(40):
            yield bytes(64 * 1024)

    unsaid = service.post("/v1/analyze", content=pieces(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (unsaid.status_code, _problem(unsaid)["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"],
    # The token is another one in each process, and the names of tests must not be.
    ids=["none", "empty", "wrong", "basic", "longer"],
)
def test_nobody_without_a_token_is_served(service: httpx.Client, wfdb_files: Files, header: str) -> None:
    for reply in (
        service.post("/v1/analyze", files=_sent(wfdb_files("a")), headers={"Authorization": header}),
        service.get("/metrics", headers={"Authorization": header}),
    ):
        assert (reply.status_code, _problem(reply)["code"]) == (401, "unknown_client")
        assert reply.headers["www-authenticate"] == "Bearer"


def test_health_metrics_and_description(service: httpx.Client) -> None:
    assert service.get("/health", headers={"Authorization": ""}).json()["status"] == "ok"
    text = service.get("/metrics").text
    assert 'cardiov_requests_total{client="ward",path="/v1/analyze",status="200"}' in text
    assert 'cardiov_errors_total{code="request_too_large"} 2.0' in text
    assert "cardiov_requests_waiting 0.0" in text
    document = service.get("/openapi.json").json()
    form = document["paths"]["/v1/report"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"file", "rate", "units", "gain_factor", "start", "patient_name"} <= set(form["properties"])
    assert document["components"]["securitySchemes"]
    assert "422" in document["paths"]["/v1/analyze"]["post"]["responses"]


def test_one_request_too_many_is_told_to_come_again(service: httpx.Client, wfdb_files: Files) -> None:
    inner = service.service  # type: ignore[attr-defined]
    inner.n_waiting = inner.limits.max_waiting
    try:
        reply = service.post("/v1/analyze", files=_sent(wfdb_files("a")))
    finally:
        inner.n_waiting = 0
    assert (reply.status_code, _problem(reply)["code"], reply.headers["retry-after"]) == (503, "service_busy", "5")


def test_a_client_that_hangs_up_changes_nothing(service: httpx.Client, wfdb_files: Files) -> None:
    inner = service.service  # type: ignore[attr-defined]
    for wait_s in (0.001, 0.3):
        with pytest.raises(httpx.TimeoutException):
            service.post("/v1/report", files=_sent(wfdb_files("a")), timeout=wait_s)
    while inner.n_waiting:
        time.sleep(0.05)
    files = wfdb_files("b")
    assert service.post("/v1/analyze", files=_sent(files)).json()["record"]["id"] == "b"


def test_the_file_of_clients(tmp_path: Path) -> None:
    from cardiov_core.errors import ConfigurationError

    path = tmp_path / "clients"
    for text in ("", "# nobody\n", "ward 1234\n", f"{LINE}\n{LINE}\n"):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=r"clients (names no client|is not the name)|Line \d of clients"):
            Clients.read(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Clients.read(tmp_path / "absent")
    with pytest.raises(ConfigurationError, match="no name of a client"):
        new_token("two words")
    path.write_text(f"{LINE}\n")
    assert TOKEN not in path.read_text()
    assert Clients.read(path).client_of(f"bearer {TOKEN}") == "ward"
    with pytest.raises(ConfigurationError, match="lets nothing through"):
        Limits(timeout_s=0.0)
