"""``cardiov app``: start CardioV in the browser."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click

from cardiov_core.cli.options import computing_options
from cardiov_core.errors import ConfigurationError
from cardiov_core.installation import shipped_files

_FOLDERS_AND_FILES = ("CARDIOV_DATA", "CARDIOV_WEIGHTS", "CARDIOV_REVIEW_DB", "CARDIOV_CACHE")


@click.command(context_settings={"ignore_unknown_options": True})
@computing_options
@click.argument("streamlit_options", nargs=-1, type=click.UNPROCESSED)
def app(streamlit_options: tuple[str, ...]) -> None:
    """Start the app in the browser; further options go to streamlit."""
    entry = shipped_files() / "app.py"
    if not entry.is_file():
        raise ConfigurationError(
            f"There is no {entry}: the app's pages are not part of this installation.",
            "Install it from its wheel, or start it from its repository: make app.",
        )
    environment = dict(os.environ)
    # The server runs where .streamlit/ is; a relative path means the caller's folder.
    for variable in _FOLDERS_AND_FILES:
        if environment.get(variable):
            environment[variable] = str(Path(environment[variable]).resolve())
    # Fixed program and script; streamlit gets the caller's own options as separate arguments, without a shell.
    command = [sys.executable, "-m", "streamlit", "run", str(entry), "--server.showEmailPrompt=false"]
    # A plain kill of this process must not leave the server behind: as an exception it makes call() end it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        code = subprocess.call([*command, *streamlit_options], cwd=entry.parent, env=environment)  # noqa: S603
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)
