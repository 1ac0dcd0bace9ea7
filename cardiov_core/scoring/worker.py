"""The program of a worker process: ``python -m cardiov_core.scoring.worker FD``, which a `Workers` starts.

It makes its state once, a grader with its networks for example, and then calls functions on it until its other end
goes away; so a killed parent leaves no worker behind.
"""

import logging
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Literal

from cardiov_core.errors import CardioVError, log_unforeseen

_logger = logging.getLogger(__name__)

Call = tuple[Callable[..., object], tuple[object, ...]]
"""A function that can be imported by name, and its arguments; the first one makes the state."""

Answer = (
    tuple[Literal["ready"], None] | tuple[Literal["done"], object] | tuple[Literal["unfit", "failed"], CardioVError]
)
"""'ready' once the state is made, 'unfit' with why it cannot be; then 'done' or 'failed' with result or error."""


def serve(connection: "Connection[Answer, Call]") -> None:
    """Make the state and answer until the other end is closed."""
    try:
        make, arguments = connection.recv()
        try:
            state = make(*arguments)
        except CardioVError as error:
            connection.send(("unfit", error))
            return
        connection.send(("ready", None))
        while True:
            function, arguments = connection.recv()
            connection.send(_called(function, state, arguments))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _called(function: Callable[..., object], state: object, arguments: tuple[object, ...]) -> Answer:
    try:
        return "done", function(state, *arguments)
    except CardioVError as error:
        return "failed", error
    except Exception as error:  # noqa: BLE001 - logged, but for what it may quote
        # A bug must reach the caller as an error of this task, not as the end of the process.
        log_unforeseen(_logger, "Unforeseen error in a worker process.", error)
        wrong = CardioVError("Something went wrong that CardioV did not foresee.", "The details are in the log.")
        return "failed", wrong


if __name__ == "__main__":
    # Ctrl-C reaches all processes of a terminal: the one that started this one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])))
