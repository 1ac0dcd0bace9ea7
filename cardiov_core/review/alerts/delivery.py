"""Alerts leave the page: by mail and as a signed webhook, with a link and nothing about the patient.

Both are off until the environment names where to: secrets and addresses stand in no database.
"""

import hashlib
import hmac
import json
import os
import smtplib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Literal
from urllib.parse import unquote, urlencode, urlsplit

from cardiov_core.domain import Alert, AlertWay
from cardiov_core.errors import ConfigurationError
from cardiov_core.review.alerts.alert_steps import escalate, tell
from cardiov_core.review.audit import now
from cardiov_core.review.database.store import Store

SIGNATURE_HEADER = "X-CardioV-Signature"
"""``t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body" in hexadecimal>``."""

_TIMEOUT_S = 5.0
_SENDER = "CardioV"

Occasion = Literal["opened", "escalated"]


@dataclass(frozen=True)
class MailChannel:
    """Where mails go."""

    # ``smtp://host:port`` (STARTTLS where the server offers it) or ``smtps://host:port``, with user and password where
    # it asks for them.
    server: str
    # Addresses; several are parted by commas.
    sender: str
    to: str
    escalate_to: str


@dataclass(frozen=True)
class WebhookChannel:
    """Where webhooks go: an address, and the secret that signs the body."""

    url: str
    secret: str


@dataclass(frozen=True)
class Channels:
    """All ways that are on."""

    link: str = ""  # address of the app as its users know it, without a slash at the end
    mail: MailChannel | None = None  # None: off
    webhook: WebhookChannel | None = None  # None: off


def channels_from_environment(environment: Mapping[str, str] | None = None) -> Channels:
    """Return the ways that the environment turns on.

    Parameters
    ----------
    environment : mapping of str to str, optional
        The process's own by default. ``CARDIOV_PUBLIC_URL`` is the app's address; ``CARDIOV_ALERT_SMTP``,
        ``CARDIOV_ALERT_MAIL_FROM``, ``CARDIOV_ALERT_MAIL_TO`` and ``CARDIOV_ALERT_ESCALATE_TO`` are for mail;
        ``CARDIOV_ALERT_WEBHOOK`` and ``CARDIOV_ALERT_WEBHOOK_SECRET`` for the webhook.

    Raises
    ------
    ConfigurationError
        If one is begun and not complete.
    """
    variables = os.environ if environment is None else environment

    def _of(name: str) -> str:
        return variables.get(f"CARDIOV_{name}", "").strip()

    mail, webhook, link = None, None, _of("PUBLIC_URL").rstrip("/")
    if _of("ALERT_SMTP"):
        needed = {name: _of(name) for name in ("ALERT_MAIL_FROM", "ALERT_MAIL_TO", "PUBLIC_URL")}
        _complete("mail", needed)
        to = needed["ALERT_MAIL_TO"]
        mail = MailChannel(_of("ALERT_SMTP"), needed["ALERT_MAIL_FROM"], to, _of("ALERT_ESCALATE_TO") or to)
    if _of("ALERT_WEBHOOK"):
        _complete("the webhook", {name: _of(name) for name in ("ALERT_WEBHOOK_SECRET", "PUBLIC_URL")})
        webhook = WebhookChannel(_of("ALERT_WEBHOOK"), _of("ALERT_WEBHOOK_SECRET"))
    return Channels(link, mail, webhook)


def deliver(store: Store, alert: Alert, channels: Channels, occasion: Occasion = "opened") -> tuple[AlertWay, ...]:
    """Send an alert by every way that is on; the audit says of each whether it was delivered.

    Parameters
    ----------
    store : Store
        An open store.
    alert : Alert
        Which alert.
    channels : Channels
        The ways.
    occasion : {"opened", "escalated"}
        Why.

    Returns
    -------
    tuple of AlertWay
        Those that were delivered. One that was not is noted with the reason and raises nothing: the alert stands on
        the worklist all the same.
    """
    delivered = []
    if channels.mail is not None:
        to = channels.mail.to if occasion == "opened" else channels.mail.escalate_to
        fault = _mail(channels.mail, to, alert, channels.link, occasion)
        _note(store, alert, to, AlertWay.MAIL, fault)
        delivered += [] if fault else [AlertWay.MAIL]
    if channels.webhook is not None:
        fault = _post(channels.webhook, alert, channels.link, occasion)
        _note(store, alert, urlsplit(channels.webhook.url).hostname or "webhook", AlertWay.WEBHOOK, fault)
        delivered += [] if fault else [AlertWay.WEBHOOK]
    return tuple(delivered)


def escalate_due(store: Store, channels: Channels, at: datetime | None = None) -> tuple[Alert, ...]:
    """Escalate every alert that is due and not acknowledged, and send it again.

    Parameters
    ----------
    store : Store
        An open store.
    channels : Channels
        The ways.
    at : datetime.datetime, optional
        UTC; now by default.

    Returns
    -------
    tuple of Alert
        Those that were escalated by this call.
    """
    escalated = escalate(store, at or now())
    for alert in escalated:
        deliver(store, alert, channels, "escalated")
    return escalated


def signature(secret: str, body: bytes, at_s: int) -> str:
    """Return the value of `SIGNATURE_HEADER` for a body, made at a time in seconds since 1970."""
    made = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={made}"


def _complete(what: str, needed: Mapping[str, str]) -> None:
    missing = [f"CARDIOV_{name}" for name, value in needed.items() if not value]
    if missing:
        raise ConfigurationError(f"Alerts by {what} are begun, but {', '.join(missing)} is not set.", "Set it.")


def _link(base: str, alert: Alert) -> str:
    return f"{base}/worklist?{urlencode({'alert': alert.id})}"


def _mail(channel: MailChannel, to: str, alert: Alert, base: str, occasion: Occasion) -> str:
    """Send a mail; return what went wrong, or nothing."""
    message = EmailMessage()
    message["From"], message["To"] = channel.sender, to
    message["Subject"] = "Critical ECG result" + (" not acknowledged in time" if occasion == "escalated" else "")
    message.set_content(
        f"An ECG with a critical result waits to be acknowledged:\n{_link(base, alert)}\n\n"
        f"Opened {alert.opened_at:%Y-%m-%d %H:%M} UTC, due {alert.due_at:%H:%M} UTC.\n"
        "Research software. Not a medical device."
    )
    parts = urlsplit(channel.server)
    try:
        with _smtp(parts.scheme, parts.hostname or "", parts.port) as server:
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        return type(error).__name__
    return ""


def _smtp(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=_TIMEOUT_S, context=context)
    server = smtplib.SMTP(host, port or 25, timeout=_TIMEOUT_S)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
    return server


def _post(channel: WebhookChannel, alert: Alert, base: str, occasion: Occasion) -> str:
    """Post a webhook; return what went wrong, or nothing."""
    import httpx

    content = {"event": f"alert {occasion}", "alert": alert.id, "due_at": alert.due_at.isoformat()}
    body = json.dumps(content | {"link": _link(base, alert)}).encode()
    headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signature(channel.secret, body, int(time.time()))}
    try:
        answer = httpx.post(channel.url, content=body, headers=headers, timeout=_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return "" if answer.is_success else f"HTTP {answer.status_code}"


def _note(store: Store, alert: Alert, told: str, way: AlertWay, fault: str) -> None:
    tell(store, alert.id, told=told, way=way, by=_SENDER, delivered=not fault, detail=fault)
