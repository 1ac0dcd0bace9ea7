"""On what networks compute: backend, precision, threads and cache; environment variables `CARDIOV_...` say it.

Options of the command line set the variables for as long as the command runs, so that worker processes, the app and
the service compute on the same.
"""

import atexit
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cardiov_core.limits import wrong_variable

PREFIX = "CARDIOV_"
"""What the names of the environment variables begin with."""

THREADS_OF_LIBRARIES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables by which torch and numpy learn their threads when they are loaded."""

_FEW = 30
_OBJECTS_BETWEEN_LOOKS = 20_000

BackendName = Literal["auto", "torch", "openvino", "kept"]
Precision = Literal["f32", "bf16"]


class Computing(BaseSettings):
    """What is in force. A field's environment variable is `CARDIOV_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    backend: BackendName = Field(
        default="auto",
        description="what runs networks: torch, openvino, auto: openvino where it is installed, or kept: openvino "
        "those that were converted before, torch the others",
    )
    precision: Precision = Field(
        default="f32", description="of the arithmetic; bf16 needs openvino and such a processor"
    )
    threads: PositiveInt | None = Field(default=None, description="of one process; one by default")
    cache: Path | None = Field(default=None, description="folder of converted networks")


def computing() -> Computing:
    """Return what the environment states now.

    Raises
    ------
    ConfigurationError
        If a variable holds what makes no sense.
    """
    names = [PREFIX + field.upper() for field in Computing.model_fields]
    return _stated(tuple((name, os.environ[name]) for name in names if name in os.environ))


@contextmanager
def computing_by(**options: str | int | None) -> Iterator[None]:
    """State fields of `Computing` in the environment, and take them back at the end; None changes nothing."""
    variables = {PREFIX + field.upper(): str(value) for field, value in options.items() if value is not None}
    if options.get("threads") is not None:
        variables |= dict.fromkeys(THREADS_OF_LIBRARIES, str(options["threads"]))
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        set_threads()
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _tell_torch()


@contextmanager
def computing_for(n_records: int) -> Iterator[None]:
    """Convert no network for a command that has few records, where nobody chose a backend.

    To convert one takes longer than it saves on them; to read one that was kept takes less than to load torch
    (docs/performance.md).
    """
    with computing_by(backend="kept" if n_records < _FEW and _nobody_chose() else None):
        yield


def prefer_kept() -> None:
    """Convert no network in this process and its workers from now on, where nobody chose a backend.

    For a program that opens ECG by ECG: the first one would wait for OpenVINO's conversion, which takes seconds on a
    free machine and a minute on a busy one, and save some milliseconds on each.
    """
    if _nobody_chose():
        os.environ[f"{PREFIX}BACKEND"] = "kept"


def _nobody_chose() -> bool:
    stated = computing()
    return stated.backend == "auto" and stated.precision == "f32"


def n_threads() -> int:
    """Return how many threads a process computes on: ``CARDIOV_THREADS``, ``OMP_NUM_THREADS``, or one.

    One by default: on a machine that does other things more of them wait for each other, and a single ECG is graded in
    well under a second.

    Raises
    ------
    ConfigurationError
        As in `computing`.
    """
    stated = computing().threads
    if stated is not None:
        return stated
    other = os.environ.get(THREADS_OF_LIBRARIES[0], "")
    return max(int(other), 1) if other.isdecimal() else 1


def set_threads() -> None:
    """Let torch and numpy compute on `n_threads`, whether they are loaded or not; called once at every entry."""
    for name in THREADS_OF_LIBRARIES:
        os.environ[name] = str(n_threads())
    _tell_torch()


@cache
def collect_rarely() -> None:
    """Let Python look more rarely for objects that nothing reaches, and not at the end; called at every entry.

    What imports make stays to the end: to look through it again and again is a tenth of a start, and to take it apart
    before the process ends another tenth of a short command (docs/performance.md).
    """
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    atexit.register(gc.freeze)


def _tell_torch() -> None:
    # Importing torch takes seconds, which `cardiov --help` does not have; one that another thread is about to import
    # learns its threads by the variables.
    set_num_threads = getattr(sys.modules.get("torch"), "set_num_threads", None)
    if set_num_threads is not None:
        set_num_threads(n_threads())


def cache_folder() -> Path:
    """Return where converted networks are kept: ``CARDIOV_CACHE``, or ``cardiov`` in the user's cache folder."""
    stated = computing().cache
    if stated is not None:
        return stated.expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(home) / "cardiov"


@lru_cache(maxsize=8)
def _stated(variables: tuple[tuple[str, str], ...]) -> Computing:
    del variables  # The key: what was read for other variables is not what these say.
    try:
        return Computing()
    except ValidationError as error:
        raise wrong_variable(error, PREFIX, "Mend the variable, or unset it.") from error
