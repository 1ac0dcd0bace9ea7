"""Alerts by mail and webhook, against a real SMTP server and a real HTTP server on the loopback address."""

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from cardiov_core import review
from cardiov_core.critical import critical_results, load_rule_set
from cardiov_core.domain import Alert, AlertWay, EventKind, Measurements
from cardiov_core.errors import ConfigurationError
from cardiov_core.review.alerts.delivery import SIGNATURE_HEADER, Channels, MailChannel, WebhookChannel

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
SECRET = "a secret of the test"  # noqa: S105 - of this test alone


class Mails:
    """What an SMTP server received."""

    def __init__(self) -> None:
        self.received: list[tuple[list[str], str]] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.received.append((list(envelope.rcpt_tos), envelope.content.decode()))
        return "250 OK"


@pytest.fixture
def mails() -> Iterator[tuple[Mails, str]]:
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")
    box = Mails()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = controller.Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, f"smtp://127.0.0.1:{port}"
    server.stop()


class Posts(BaseHTTPRequestHandler):
    """Keeps what is posted and answers with the status that the server holds."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.headers[SIGNATURE_HEADER], body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def posts() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Posts)
    server.posts, server.status = [], 200  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def database_url(tmp_path) -> str:
    """Ways out do not depend on the database."""
    return f"sqlite:///{tmp_path / 'review.db'}"


@pytest.fixture
def alert(store, add) -> Alert:
    case = add("Mustermann-1960")
    results = critical_results(load_rule_set(), (), Measurements(heart_rate_bpm=30.0))
    return review.open_alert(store, case, results, level=None, graded_level=None, by="Ada", at=START)[0]


def _told(store: review.Store) -> list[dict]:
    return [event.after for event in review.events_of(store) if event.kind is EventKind.ALERT_TOLD]


def test_a_mail_holds_a_link_and_nothing_of_the_patient(store, alert, mails) -> None:
    box, address = mails
    channels = Channels("https://ecg.example", MailChannel(address, "a@x.org", "b@x.org", "c@x.org"))
    assert review.deliver(store, alert, channels) == (AlertWay.MAIL,)
    ((to, text),) = box.received
    assert to == ["b@x.org"]
    assert f"https://ecg.example/worklist?alert={alert.id}" in text
    assert "Mustermann" not in text
    assert "1960" not in text
    assert _told(store)[0] | {"alert": ""} == {
        "alert": "", "told": "b@x.org", "way": "mail", "delivered": True, "detail": "",
    }  # fmt: skip


def test_what_is_not_acknowledged_goes_to_whom_it_escalates(store, alert, mails) -> None:
    box, address = mails
    channels = Channels("https://ecg.example", MailChannel(address, "a@x.org", "b@x.org", "c@x.org"))
    assert [each.id for each in review.escalate_due(store, channels, START + timedelta(minutes=10))] == [alert.id]
    ((to, text),) = box.received
    assert to == ["c@x.org"]
    assert "not acknowledged in time" in text


def test_a_webhook_is_signed_and_says_nothing_of_the_patient(store, alert, posts) -> None:
    channels = Channels("https://ecg.example", None, WebhookChannel(_url(posts), SECRET))
    assert review.deliver(store, alert, channels) == (AlertWay.WEBHOOK,)
    ((header, body),) = posts.posts
    at, made = (part.partition("=")[2] for part in header.split(","))
    assert made == hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    content = json.loads(body)
    assert content["event"] == "alert opened"
    assert content["link"].endswith(f"/worklist?alert={alert.id}")
    assert set(content) == {"event", "alert", "due_at", "link"}
    assert b"Mustermann" not in body


def test_what_cannot_be_delivered_is_noted_and_the_alert_stays(store, alert, posts) -> None:
    posts.status = 500
    mail = MailChannel("smtp://127.0.0.1:1", "a@x.org", "b@x.org", "b@x.org")
    channels = Channels("https://ecg.example", mail, WebhookChannel(_url(posts), SECRET))
    assert review.deliver(store, alert, channels) == ()
    assert [(each["way"], each["delivered"], each["detail"]) for each in _told(store)] == [
        ("mail", False, "ConnectionRefusedError"),
        ("webhook", False, "HTTP 500"),
    ]
    assert review.waiting_alerts(store) == (alert,)


def _url(server: HTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}/alerts"


def test_all_is_off_until_the_environment_says_otherwise(store, alert) -> None:
    channels = review.channels_from_environment({})
    assert channels == Channels()
    assert review.deliver(store, alert, channels) == ()
    assert _told(store) == []


def test_the_environment_names_the_ways() -> None:
    found = review.channels_from_environment(
        {
            "CARDIOV_PUBLIC_URL": "https://ecg.example/",
            "CARDIOV_ALERT_SMTP": "smtp://mail:25",
            "CARDIOV_ALERT_MAIL_FROM": "a@x.org",
            "CARDIOV_ALERT_MAIL_TO": "b@x.org",
            "CARDIOV_ALERT_WEBHOOK": "https://hook.example",
            "CARDIOV_ALERT_WEBHOOK_SECRET": SECRET,
        }
    )
    assert found.link == "https://ecg.example"
    assert found.mail == MailChannel("smtp://mail:25", "a@x.org", "b@x.org", "b@x.org")
    assert found.webhook == WebhookChannel("https://hook.example", SECRET)


@pytest.mark.parametrize(
    ("begun", "missing"),
    [
        ({"CARDIOV_ALERT_SMTP": "smtp://mail"}, "CARDIOV_ALERT_MAIL_FROM"),
        ({"CARDIOV_ALERT_WEBHOOK": "https://hook"}, "CARDIOV_ALERT_WEBHOOK_SECRET"),
    ],
)
def test_a_way_that_is_not_complete_is_refused(begun: dict[str, str], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=missing):
        review.channels_from_environment(begun)
