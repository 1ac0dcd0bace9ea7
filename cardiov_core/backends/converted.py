"""A network on the backend that was chosen: converted, compared with PyTorch, kept, run.

Records go through one by one, so that what is said of one never depends on which others came with it.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cardiov_core.backends.choice import capabilities, check_backend, chosen_backend, core, openvino_package, processor
from cardiov_core.backends.network_cache import code_of_networks, is_kept, keep, read_kept
from cardiov_core.computing import Precision, computing, n_threads
from cardiov_core.domain import Float64Array, FloatArray
from cardiov_core.errors import ConfigurationError
from cardiov_core.version import installed_version

if TYPE_CHECKING:
    from openvino import CompiledModel, Model
    from torch import nn

TOLERANCE: dict[Precision, float] = {"f32": 1e-4, "bf16": 0.01}
"""How far probabilities may lie from PyTorch's on the probes, in each precision; what is further off is not used."""

_N_PROBES = 4
_Run = Callable[[FloatArray], tuple[FloatArray, ...]]
_logger = logging.getLogger(__name__)


class ConvertedNetwork:
    """A network that OpenVINO runs, made ready when it is first asked; who shares it between threads holds a lock.

    Parameters
    ----------
    build : callable
        Returns the network, a `torch.nn.Module` on the CPU in evaluation mode: ``(batch, leads, samples)`` to logits
        ``(batch, n)``, or of one record to several arrays. Called where it has to be converted: PyTorch is not loaded
        for one that was kept.
    weights : str
        Checksum of its weights and name of its architecture, or whatever else tells it from other networks.
    shape : tuple of int
        Leads and samples of a record.
    precision : {"f32", "bf16"}, optional
        Of the arithmetic; what the environment states by default.
    """

    def __init__(
        self, build: "Callable[[], nn.Module]", weights: str, shape: tuple[int, int], precision: Precision | None = None
    ) -> None:
        self._build, self._weights, self._shape, self._precision = build, weights, shape, precision
        self._made: _Run | None = None
        self._settled = False

    def logits(self, values: FloatArray) -> FloatArray | None:
        """Run records.

        Parameters
        ----------
        values : numpy.ndarray
            float32 ``(n, leads, samples)``.

        Returns
        -------
        numpy.ndarray or None
            float32 ``(n, outputs)``; None where PyTorch is to run them: it was chosen, or OpenVINO was not asked for in
            so many words and cannot run this network as PyTorch does.

        Raises
        ------
        ConfigurationError
            If OpenVINO was asked for and cannot run this network as PyTorch does, or as in `check_backend`.
        """
        answers = [self.outputs(row) for row in values]
        some = [outputs[0] for outputs in answers if outputs is not None]
        return np.concatenate(some) if some and len(some) == len(answers) else None

    def outputs(self, values: FloatArray) -> tuple[FloatArray, ...] | None:
        """Run one record, float32 ``(leads, samples)``; returns all that the network gives, or None as `logits`."""
        if not self.ready() or self._made is None or values.shape != self._shape:
            return None
        return self._made(values[np.newaxis])

    def ready(self) -> bool:
        """Make the network ready unless that was done; False where PyTorch is to run it. Raises as `logits`."""
        if not self._settled:
            self._made = self._make()
            self._settled = True
        return self._made is not None

    def is_kept(self) -> bool:
        """Tell whether another backend than PyTorch was chosen and finds this network converted."""
        return chosen_backend() == "openvino" and is_kept(self._of())

    def _make(self) -> _Run | None:
        if chosen_backend() == "torch":
            return None
        check_backend()
        of = self._of()
        kept = self._read_kept(of)
        if kept is not None:
            return _as_function(kept)
        if computing().backend == "kept":
            return None
        net = self._build()
        try:
            return _as_function(self._converted(net, of))
        except (RuntimeError, TypeError, ValueError) as error:
            why = in_brief(error)
            if computing().backend == "openvino":
                raise ConfigurationError(
                    f"OpenVINO cannot run {type(net).__name__}: {why}", "Say --backend torch."
                ) from error
            _logger.warning("PyTorch runs %s, since OpenVINO cannot: %s", type(net).__name__, why)
            return None

    def _of(self) -> dict[str, str]:
        """Return all that a conversion depends on."""
        return {
            "weights": self._weights,
            "shape": "x".join(str(size) for size in self._shape),
            "code": code_of_networks(),
            "torch": installed_version("torch"),
            "openvino": installed_version("openvino"),
            "precision": self._precision or computing().precision,
            "processor": f"{processor()}; {' '.join(capabilities())}",
        }

    def _read_kept(self, of: Mapping[str, str]) -> "CompiledModel | None":
        content = read_kept(of)
        if content is None:
            return None
        try:
            return core().import_model(content, "CPU", self._config(of))
        except RuntimeError:
            _logger.warning("OpenVINO does not take back what it had kept: the network is converted again.")
            return None

    def _converted(self, net: "nn.Module", of: Mapping[str, str]) -> "CompiledModel":
        compiled = core().compile_model(convert(net, self._shape), "CPU", self._config(of))
        check_equal(net, _as_function(compiled), self._shape, TOLERANCE[self._precision or computing().precision])
        keep(of, _bytes_of(compiled))
        return compiled

    def _config(self, of: Mapping[str, str]) -> dict[str, str | int]:
        return {"INFERENCE_PRECISION_HINT": of["precision"], "INFERENCE_NUM_THREADS": n_threads(), "NUM_STREAMS": 1}


def in_brief(error: Exception) -> str:
    """Return what a converter says in many lines as part of one sentence."""
    return " ".join(str(error).split())[:200]


def convert(net: "nn.Module", shape: tuple[int, int]) -> "Model":
    """Convert a network for one record at a time, by the frontend itself: `openvino.convert_model` reports its use.

    Parameters
    ----------
    net : torch.nn.Module
        In evaluation mode.
    shape : tuple of int
        Leads and samples.

    Raises
    ------
    ValueError
        If the network has a layer that OpenVINO has no words for.
    """
    openvino_package()
    import torch
    from openvino.frontend import (
        FrontEndManager,
        GeneralFailure,
        NotImplementedFailure,
        OpConversionFailure,
        OpValidationFailure,
    )
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = torch.zeros(1, *shape)
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        # Tracing warns of each shape that it takes for fixed, and these are.
        warnings.simplefilter("ignore")
        decoder = TorchScriptPythonDecoder(net, example_input=(example,), trace_kwargs={"check_trace": False})
    frontend = FrontEndManager().load_by_framework("pytorch")
    try:
        model: Model = frontend.convert(frontend.load(decoder))
    except (GeneralFailure, NotImplementedFailure, OpConversionFailure, OpValidationFailure) as error:
        # These are no RuntimeErrors.
        raise ValueError(str(error)) from error
    model.reshape([1, *shape])
    return model


def check_equal(net: "nn.Module", run: _Run, shape: tuple[int, int], tolerance: float) -> None:
    """Compare a converted network with PyTorch on probes: noise of the size of an ECG."""
    import torch

    probes = np.random.default_rng(7).normal(scale=0.3, size=(_N_PROBES, 1, *shape)).astype(np.float32)
    # Slow waves as well as noise.
    probes[1::2] = np.cumsum(probes[1::2], axis=-1) * 0.1
    for probe in probes:
        with torch.inference_mode():
            answer = net(torch.from_numpy(probe))
        expected = answer if isinstance(answer, tuple) else (answer,)
        for converted, wanted in zip(run(probe), expected, strict=True):
            off = float(np.abs(_logistic(converted) - _logistic(wanted.numpy())).max())
            if not off <= tolerance:
                raise ValueError(f"its probabilities are off by {off:.2g}, more than {tolerance:g}")


def _logistic(logits: FloatArray) -> Float64Array:
    return np.asarray(1.0 / (1.0 + np.exp(-logits.astype(np.float64))), dtype=np.float64)


def _as_function(compiled: "CompiledModel") -> _Run:
    request = compiled.create_infer_request()

    def run(values: FloatArray) -> tuple[FloatArray, ...]:
        # Copies: the request writes its next answer over this one.
        answers = request.infer([np.ascontiguousarray(values)]).values()
        return tuple(np.array(answer, dtype=np.float32) for answer in answers)

    return run


def _bytes_of(compiled: "CompiledModel") -> bytes:
    content: Any = compiled.export_model()
    return content if isinstance(content, bytes) else bytes(content.getvalue())
