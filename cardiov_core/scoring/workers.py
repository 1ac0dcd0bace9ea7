"""Worker processes that outlive whatever a record does to one of them.

Python's own pool ends as a whole when one of its processes is killed, and starts processes by running the caller's main
script again, which behind Streamlit is the app. These are programs of their own: one that dies is started again and
its task given to the new one, once; one that takes too long is ended.
"""

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Concatenate, Generic, Self, TypeVar, cast

from cardiov_core.computing import THREADS_OF_LIBRARIES
from cardiov_core.errors import CardioVError, ProcessLostError, TimeLimitError
from cardiov_core.scoring.worker import Answer, Call

_Result = TypeVar("_Result")
_Item = TypeVar("_Item")
_State = TypeVar("_State")
_ATTEMPTS = 2
_AHEAD = 4
_END_S = 5.0
_ROOT = Path(__file__).resolve().parents[2]


def default_processes() -> int:
    """Return how many worker processes there are by default: one per processor core that this process may use.

    None on Windows, where a pipe cannot be handed to a program this way: there the calling process does the work.
    """
    if sys.platform == "win32":
        return 0
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class _Task:
    function: Callable[..., object]
    arguments: tuple[object, ...]
    timeout_s: float | None
    future: "Future[object]" = field(default_factory=Future)


class Workers(Generic[_State]):
    """Worker processes that share a queue of tasks; use it as a context.

    Parameters
    ----------
    n_processes : int
        How many; each computes on one thread.
    make : callable
        Makes the state of a process from `arguments`, once; what can be imported by name.
    arguments : object
        Whatever `make` takes; must go through a pipe.
    """

    def __init__(self, n_processes: int, make: Callable[..., _State], *arguments: object) -> None:
        self._made_by = (make, arguments)
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._children: list[_Child] = [_Child(self._made_by) for _ in range(n_processes)]
        self._threads = [
            threading.Thread(target=self._drive, args=(child,), name="cardiov-worker", daemon=True)
            for child in self._children
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        """Return the workers themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes; tasks that no process has begun are cancelled."""
        self.close()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the processes that run now."""
        return tuple(child.process.pid for child in self._children if child.process is not None)

    def submit(
        self,
        function: "Callable[Concatenate[_State, ...], _Result]",
        *arguments: object,
        timeout_s: float | None = None,
    ) -> "Future[_Result]":
        """Call a function of the state in one of the processes.

        Parameters
        ----------
        function : callable
            Takes the state first; what can be imported by name.
        arguments : object
            The rest of what it takes.
        timeout_s : float, optional
            A process that takes longer is ended, and the future gets a `TimeLimitError`.

        Returns
        -------
        Future
            What the function returned, or its `CardioVError`; a `ProcessLostError` where two processes in turn ended
            over it.
        """
        task = _Task(function, arguments, timeout_s)
        self._tasks.put(task)
        return cast("Future[_Result]", task.future)

    def in_order(
        self, function: "Callable[[_State, _Item], _Result]", items: "Iterable[_Item]"
    ) -> "Iterator[Future[_Result]]":
        """Call a function on items, a few at a time beyond those asked for, and hand the outcomes out in order.

        Parameters
        ----------
        function : callable
            Takes the state and an item.
        items : iterable
            Read as they are needed, so that they may be more than memory holds.

        Yields
        ------
        Future
            Finished, one per item.
        """
        waiting: deque[Future[_Result]] = deque()
        for item in items:
            waiting.append(self.submit(function, item))
            if len(waiting) > _AHEAD * len(self._children):
                waiting[0].exception()
                yield waiting.popleft()
        while waiting:
            waiting[0].exception()
            yield waiting.popleft()

    def close(self) -> None:
        """End all processes, at work or not."""
        self._closing.set()
        for child in self._children:
            child.end()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(_END_S)
        while not self._tasks.empty():
            task = self._tasks.get()
            if task is not None:
                task.future.cancel()

    def _drive(self, child: "_Child") -> None:
        while (task := self._tasks.get()) is not None:
            if self._closing.is_set():
                task.future.cancel()
            elif task.future.set_running_or_notify_cancel():
                self._settle(child, task)
        child.end()

    def _settle(self, child: "_Child", task: _Task) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = child.ask(task)
            except TimeoutError:
                child.end()
                slow = f"It took longer than {task.timeout_s:g} s."
                task.future.set_exception(TimeLimitError(slow, "Give a shorter record, or allow more time."))
                return
            except (EOFError, OSError) as error:
                status = child.end()
                if self._closing.is_set() or attempt == _ATTEMPTS:
                    task.future.set_exception(_lost(status, error))
                    return
            except Exception as error:  # noqa: BLE001 - unfit, or what no pipe takes: the caller's to see
                child.end()
                task.future.set_exception(error)
                return
            else:
                if answer[0] == "failed":
                    task.future.set_exception(answer[1])
                else:
                    task.future.set_result(answer[1])
                return


def _lost(status: int | None, error: BaseException) -> CardioVError:
    how = f"signal {-status}" if status is not None and status < 0 else f"exit {status}"
    wrong = ProcessLostError(
        f"The process that worked on it ended {_ATTEMPTS} times ({how}).",
        "Give it more memory, or analyse this record alone to see more.",
    )
    wrong.__cause__ = error
    return wrong


class _Child:
    """One process and the pipe to it; started when it is first asked something, and again after its end."""

    def __init__(self, made_by: tuple[Callable[..., object], tuple[object, ...]]) -> None:
        self._made_by = made_by
        self._connection: Connection[Call, Answer] | None = None
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, task: _Task) -> Answer:
        # The time until a process is ready is not the task's.
        connection = self._connection or self._started()
        connection.send((task.function, task.arguments))
        if not connection.poll(task.timeout_s):
            raise TimeoutError
        return connection.recv()

    def _started(self) -> "Connection[Call, Answer]":
        ours, theirs = Pipe()
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        # The number of processes is the number of threads in all.
        one_thread = dict.fromkeys((*THREADS_OF_LIBRARIES, "CARDIOV_THREADS"), "1")
        with self._lock:
            self.process = subprocess.Popen(  # noqa: S603 - a fixed program of this package
                [sys.executable, "-m", "cardiov_core.scoring.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, **one_thread, "PYTHONPATH": path},
            )
            theirs.close()
            self._connection = ours
        ours.send(self._made_by)
        answer: Answer = ours.recv()
        if answer[0] == "unfit":
            self.end()
            raise answer[1]
        return ours

    def end(self) -> int | None:
        """End the process, and return its exit status."""
        with self._lock:
            process, connection = self.process, self._connection
            self.process = self._connection = None
            if connection is not None and not connection.closed and process is not None:
                process.kill()
                connection.close()
            return None if process is None else process.wait(_END_S)
