"""Networks as files for other programs, ONNX or OpenVINO's own, with what they must be fed in the metadata."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.backends.choice import openvino_package
from cardiov_core.backends.converted import convert, in_brief
from cardiov_core.errors import ConfigurationError, OutputError

if TYPE_CHECKING:
    from torch import nn

INPUT, OUTPUT = "signal", "logits"
"""Names of what goes in, ``(batch, leads, samples)``, and what comes out, ``(batch, n)``."""

_OPSET = 17


def write_onnx(net: "nn.Module", shape: tuple[int, int], metadata: Mapping[str, str], path: Path) -> None:
    """Write an ONNX file that takes any number of records.

    Parameters
    ----------
    net : torch.nn.Module
        In evaluation mode.
    shape : tuple of int
        Leads and samples.
    metadata : mapping of str to str
        Becomes the model's ``metadata_props``.
    path : pathlib.Path
        The file.

    Raises
    ------
    ConfigurationError
        If the package onnx is missing, or the network has a layer that ONNX has no words for.
    OutputError
        If the file cannot be written.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise ConfigurationError("ONNX is not installed.", 'Install it: pip install "cardiov[onnx]"') from error
    import torch

    example = torch.zeros(2, *shape)
    try:
        with warnings.catch_warnings():
            # The exporter by tracing is called old; the new one needs two more packages and says the same.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                net, (example,), str(path), dynamo=False, opset_version=_OPSET, input_names=[INPUT],
                output_names=[OUTPUT], dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
            )  # fmt: skip
        model = onnx.load(path)
        onnx.helper.set_model_props(model, dict(metadata))
        onnx.save(model, path)
    except OSError as error:
        raise _not_written(path, error) from error
    except (RuntimeError, TypeError, ValueError) as error:
        raise _no_words("ONNX", net, error) from error


def write_openvino(net: "nn.Module", shape: tuple[int, int], metadata: Mapping[str, str], path: Path) -> None:
    """Write OpenVINO's two files, ``.xml`` and beside it ``.bin``, in f32; parameters and errors as in `write_onnx`."""
    try:
        openvino = openvino_package()
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "OpenVINO is not installed, and its format needs it.", 'Install it: pip install "cardiov[openvino]"'
        ) from error
    try:
        model = convert(net, shape)
        model.reshape([-1, *shape])
        model.input(0).set_names({INPUT})
        model.output(0).set_names({OUTPUT})
        for key, value in metadata.items():
            model.set_rt_info(value, ["cardiov", key])
        openvino.save_model(model, path, compress_to_fp16=False)
    except OSError as error:
        raise _not_written(path, error) from error
    except (RuntimeError, TypeError, ValueError) as error:
        raise _no_words("OpenVINO", net, error) from error


def _not_written(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path} cannot be written: {error.strerror or error}.", "Choose another place with --out.")


def _no_words(name: str, net: "nn.Module", error: Exception) -> ConfigurationError:
    return ConfigurationError(f"{name} cannot hold {type(net).__name__}: {in_brief(error)}", "Choose the other format.")
