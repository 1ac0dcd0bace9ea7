"""``cardiov watch`` and ``deliveries``: ECGs that come in by themselves, results that go out, and what waits."""

import logging
import signal
import sys
import threading
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli.options import computing_options
from cardiov_core.domain import how_many
from cardiov_core.errors import StoreUnavailableError
from cardiov_core.logs import writes_json

if TYPE_CHECKING:
    from cardiov_core.connections import Outbox, WatchedFolder

_LOOPBACK = "127.0.0.1"

_logger = logging.getLogger(__name__)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--study", default="arrivals", show_default=True, metavar="NAME", help="Study of the cases.")
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option("--every", default=5.0, show_default=True, type=click.FloatRange(min=0.1), metavar="S", help="In s.")
@click.option("--delete", is_flag=True, help="Delete what was taken, instead of moving it to FOLDER/taken.")
@click.option("--once", is_flag=True, help="Take what lies there now, send what is due, and end.")
@click.option("--dicom-port", type=click.IntRange(1, 65535), metavar="PORT", help="Receive by DICOM into FOLDER, too.")
@click.option("--dicom-address", default=_LOOPBACK, show_default=True, metavar="IP", help="Where to listen.")
@click.option("--dicom-from", multiple=True, metavar="TITLE", help="A title that may send; may be repeated. Else: any.")
@computing_options
@click.pass_context
def watch(
    ctx: click.Context,
    folder: Path,
    study: str,
    model: str | None,
    every: float,
    delete: bool,
    once: bool,
    dicom_port: int | None,
    dicom_address: str,
    dicom_from: tuple[str, ...],
) -> None:
    """Analyse the ECGs that arrive in FOLDER, put them on the worklist, and send their results.

    What was taken goes to FOLDER/taken, what cannot be read to FOLDER/refused, with the reason beside it. While the
    database is away, everything stays in FOLDER. Results go where CARDIOV_SEND_DICOM, CARDIOV_SEND_FHIR and
    CARDIOV_SEND_HL7 say, without identity unless CARDIOV_SEND_IDENTITY is 'keep'; one that is not taken waits in the
    database and is sent again (`cardiov deliveries`). CARDIOV_TLS_CERTIFICATE, _KEY and _AUTHORITIES encrypt.
    """
    from cardiov_core.connections import Intake, Outbox, StorageService, WatchedFolder, outgoing_from_environment
    from cardiov_core.inference import load_predictor, other_graders
    from cardiov_core.review import open_store

    outgoing = outgoing_from_environment()
    stopped = threading.Event()
    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store()))
        grader = load_predictor(model)
        outbox = Outbox(store, outgoing)
        intake = Intake(outbox, (grader, *other_graders(grader)), study)
        # What a service writes is kept in a log; somebody at a terminal wants to know which file it was.
        watched = WatchedFolder(folder, intake, delete=delete, named=once or sys.stdout.isatty())
        if once:
            watched.settle_s = watched.incomplete_s = 0.0
        for name in outgoing.destinations:
            _say(f"results go to {name.name}", err=True)
        if dicom_port is not None:
            service = StorageService(folder, outgoing.ae_title, dicom_from, outgoing.tls)
            port = service.start(dicom_address, dicom_port)
            stack.callback(service.stop)
            how = "over TLS" if outgoing.tls.certificate else "without TLS"
            _say(f"receiving DICOM as {outgoing.ae_title} at {dicom_address}:{port}, {how}", err=True)
        if not once:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stopped.set())
            _say(f"watching {folder}", err=True)
        well = _round(watched, outbox)
        while not once and not stopped.wait(every):
            _round(watched, outbox)
    if once and not well:
        ctx.exit(1)


def _round(watched: "WatchedFolder", outbox: "Outbox") -> bool:
    """Take what arrived and send what is due; return whether all of it went well."""
    try:
        for sentence in watched.look():
            _say(sentence)
        done = outbox.send_due()
    except StoreUnavailableError as error:
        _say(error.sentences, err=True)
        return False
    # The outbox has its own words for the log.
    if not writes_json():
        if done.sent:
            click.echo(f"{how_many(done.sent, 'result')} sent")
        for fault in done.faults:
            click.echo(f"not taken, stays queued: {fault}", err=True)
    return not done.faults


def _say(sentence: str, *, err: bool = False) -> None:
    """Print a sentence, or log it where the log is lines of JSON."""
    if writes_json():
        _logger.info("%s", sentence)
    else:
        click.echo(sentence, err=err)


@click.command()
@click.option("--send", is_flag=True, help="Send now what is due.")
def deliveries(send: bool) -> None:
    """List the results that no destination has taken yet, with the reason of the last attempt."""
    from cardiov_core.connections import Outbox, outgoing_from_environment
    from cardiov_core.review import open_store, waiting_deliveries

    with closing(open_store()) as store:
        if send:
            done = Outbox(store, outgoing_from_environment()).send_due()
            click.echo(f"{how_many(done.sent, 'result')} sent", err=True)
        waiting = waiting_deliveries(store)
    at = datetime.now(UTC)
    for each in waiting:
        minutes = int((at - each.queued_at).total_seconds() // 60)
        tried = f"{how_many(each.n_attempts, 'attempt')}, {each.fault}" if each.n_attempts else "not tried yet"
        click.echo(f"{each.case_id}  {each.destination}  {minutes} min, {tried}")
    click.echo(f"{how_many(len(waiting), 'result')} waiting", err=True)
