"""The program of a worker process: ``python -m cardiov_core.scoring.worker FD``, which a `Workers` starts.

It makes its state once, a grader with its networks for example, and then calls functions on it until its other end
goes away; so a killed parent leaves no worker behind.
"""

import logging
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from cardiov_core.errors import CardioVError

_logger = logging.getLogger(__name__)

Answer = tuple[str, Any]
"""'done' with what a function returned, 'failed' with its error, or 'unfit' with why the state cannot be made."""


def serve(connection: "Connection[Any, Any]") -> None:
    """Answer until the other end is closed."""
    state, unfit = None, None
    try:
        make, arguments = connection.recv()
        try:
            state = make(*arguments)
        except CardioVError as error:
            unfit = error
        while True:
            function, arguments = connection.recv()
            answer: Answer = ("unfit", unfit) if unfit else _called(function, state, arguments)
            connection.send(answer)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _called(function: Any, state: Any, arguments: tuple[Any, ...]) -> Answer:
    try:
        return "done", function(state, *arguments)
    except CardioVError as error:
        return "failed", error
    except Exception:
        # A bug must reach the caller as an error of this task, not as the end of the process.
        _logger.exception("Unforeseen error in a worker process.")
        wrong = CardioVError("Something went wrong that CardioV did not foresee.", "The details are in the log.")
        return "failed", wrong


if __name__ == "__main__":
    # Ctrl-C reaches all processes of a terminal: the one that started this one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])))
