"""``cardiov serve``: analyses and reports for other programs, over HTTP."""

from ipaddress import ip_address
from pathlib import Path

import click

from cardiov_core.cli.options import computing_options
from cardiov_core.errors import ConfigurationError

_MIB = 1024**2


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; others need --clients.")
@click.option("--port", type=click.IntRange(0, 65535), default=8600, show_default=True)
@click.option("--clients", "clients_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Who may ask: a line per client, its name and the SHA-256 of its token.")  # fmt: skip
@click.option("--new-token", metavar="NAME", help="Print a new token for a client and its line for FILE, and end.")
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option("--processes", type=click.IntRange(min=1), metavar="N", help="Worker processes; default: one per core.")
@click.option("--max-mib", type=click.FloatRange(min=0, min_open=True), default=32.0, show_default=True,
              help="Of all files of a request.")  # fmt: skip
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True,
              metavar="S", help="Longest time that a record is worked on.")  # fmt: skip
@click.option("--max-waiting", type=click.IntRange(min=1), default=200, show_default=True, metavar="N",
              help="Requests at once; one more is told to come again.")  # fmt: skip
@computing_options
def serve(
    host: str,
    port: int,
    clients_file: Path | None,
    new_token: str | None,
    model: str | None,
    processes: int | None,
    max_mib: float,
    timeout_s: float,
    max_waiting: int,
) -> None:
    """Serve POST /v1/analyze (JSON) and /v1/report (PDF), /health and /metrics.

    It speaks plain HTTP: put a proxy with TLS before it where other computers ask.
    """
    try:
        from cardiov_core.service import Clients, Limits, make_app, run_service
        from cardiov_core.service import new_token as make_token
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The service needs {error.name}, which is not installed.", 'Install it: pip install "cardiov[serve]"'
        ) from error
    if new_token is not None:
        token, line = make_token(new_token)
        click.echo(token)
        click.echo(f"Give the token to {new_token}, and put this line into the file of --clients:\n{line}", err=True)
        return
    if clients_file is None and not _is_loopback(host):
        raise ConfigurationError(
            f"At {host} other computers could send and see ECGs, and nobody is asked for a token.",
            "Name who may ask with --clients FILE, or listen at 127.0.0.1.",
        )
    from cardiov_core.review import installation_decision, installation_rules
    from cardiov_core.scoring import Grading, default_processes
    from cardiov_core.weights import default_name, load_card

    name = default_name() if model is None else model
    load_card(name)
    run_service(
        make_app(
            Grading(name, own=installation_decision(), rule_set=installation_rules()),
            processes or max(default_processes(), 1),
            None if clients_file is None else Clients.read(clients_file),
            Limits(max_bytes=round(max_mib * _MIB), timeout_s=timeout_s, max_waiting=max_waiting),
        ),
        host,
        port,
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
