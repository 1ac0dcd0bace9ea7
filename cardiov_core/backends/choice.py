"""Which backend runs networks: what was asked for, and whether it can be had here."""

import sys
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from cardiov_core.backends.network_cache import kept_networks
from cardiov_core.computing import computing, n_threads
from cardiov_core.domain import how_many
from cardiov_core.errors import ConfigurationError
from cardiov_core.version import installed_version

if TYPE_CHECKING:
    from openvino import Core

_DEVICE = "CPU"
_REPORTER = "openvino_telemetry"


def chosen_backend() -> Literal["torch", "openvino"]:
    """Return what runs networks: OpenVINO where it is installed, unless the environment says otherwise.

    Of kept networks alone OpenVINO is asked where there are any.

    Raises
    ------
    ConfigurationError
        If OpenVINO is asked for and not installed, or bf16 is asked of torch.
    """
    stated = computing()
    installed = find_spec("openvino") is not None
    if stated.backend == "openvino" and not installed:
        raise ConfigurationError(
            "OpenVINO is not installed, and CARDIOV_BACKEND or --backend asks for it.",
            'Install it: pip install "cardiov[openvino]", or say --backend torch.',
        )
    offered = installed and (stated.backend != "kept" or bool(kept_networks()[1]))
    backend: Literal["torch", "openvino"] = "openvino" if offered and stated.backend != "torch" else "torch"
    if stated.precision == "bf16" and backend == "torch":
        raise ConfigurationError(
            "The backend torch computes in f32: its bf16 is hardly faster.",
            'Install OpenVINO, pip install "cardiov[openvino]", or say --precision f32.',
        )
    return backend


def check_backend() -> None:
    """Refuse what cannot be had here, before a record is read.

    Raises
    ------
    ConfigurationError
        As in `chosen_backend`, or if bf16 is asked of a processor without it.
    """
    if chosen_backend() == "openvino" and computing().precision == "bf16" and "BF16" not in capabilities():
        raise ConfigurationError(
            f"This processor ({processor()}) does not compute in bf16.", "Say --precision f32, which is the default."
        )


@cache
def openvino_package() -> ModuleType:
    """Return OpenVINO, loaded on first use, without what reports its use.

    To import it sends an event to its makers, unless the package that sends is not there.
    """
    # Nothing imports a module whose entry is None; OpenVINO has a stub for that.
    sys.modules[_REPORTER] = None  # type: ignore[assignment]
    import openvino

    package: ModuleType = openvino
    return package


@cache
def core() -> "Core":
    """Return OpenVINO's core, loaded on first use."""
    return openvino_package().Core()


@cache
def capabilities() -> tuple[str, ...]:
    """Return what OpenVINO finds that the processor can do: 'FP32', 'INT8', 'BF16' ..."""
    return tuple(str(item) for item in core().get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES"))


@cache
def processor() -> str:
    """Return the processor's name."""
    return str(core().get_property(_DEVICE, "FULL_DEVICE_NAME"))


def backend_words() -> str:
    """Say on what networks compute, for people: backend with version, precision, threads.

    Raises
    ------
    ConfigurationError
        As in `check_backend`.
    """
    check_backend()
    backend = chosen_backend()
    threads = how_many(n_threads(), "thread")
    return f"{backend} {installed_version(backend)}, {computing().precision}, {threads}"
