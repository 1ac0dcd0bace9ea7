"""Whether another backend or precision says what PyTorch says, and what it takes; PyTorch in f32 is the reference.

Every record of a folder goes through the network of a grader in each way: OpenVINO in f32, in bf16 where the processor
has it, PyTorch in bf16 (which rounds like it anywhere), and OpenVINO in int8 where NNCF is installed, calibrated on
each ninth record. Levels are those of least expected cost. Times are processor time of one thread.

Usage: ``python benchmarks/backends.py FOLDER [--every N]``; exits with 0 whatever the figures are.
"""

import argparse
import copy
import importlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from cardiov_core import ordinal
from cardiov_core.backends import capabilities, convert, core, openvino_package
from cardiov_core.domain import FloatArray
from cardiov_core.inference import calibration_of, exceedance_logits, output_of
from cardiov_core.inference.uncertainty.costs import costs_of, decided
from cardiov_core.io import read_record
from cardiov_core.nets import DelineatorOutput, DelineatorStack, mean_of
from cardiov_core.preprocessing import prepare
from cardiov_core.weights import ModelCard, load_delineator, load_network

if TYPE_CHECKING:
    from openvino import Model

NETWORK = "cardiov-compact"


def on_openvino(model: "Model", values: FloatArray, precision: str) -> Callable[[], FloatArray]:
    """Make a network ready, and return what gives the logits of all records, one at a time."""
    config = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    request = core().compile_model(model, "CPU", config).create_infer_request()
    request.infer([values[:1]])
    return lambda: np.concatenate([np.array(request.infer([row[np.newaxis]])[0]) for row in values])


def run_on_torch(net: nn.Module, values: FloatArray, kind: torch.dtype) -> FloatArray:
    """Return the logits of all records, one at a time."""
    with torch.inference_mode():
        return np.concatenate([net(torch.from_numpy(row)[None].to(kind)).float().numpy() for row in values])


def compare(name: str, work: Callable[[], FloatArray], card: ModelCard, reference: FloatArray | None) -> FloatArray:
    """Print what a way takes, and how far it is from the reference."""
    begun = time.process_time()
    logits = work()
    taken = 1000.0 * (time.process_time() - begun) / len(logits)
    line = f"{name}: {taken:.1f} ms a record"
    if reference is not None:
        (p, levels), (p_reference, levels_reference) = _graded(logits, card), _graded(reference, card)
        off = np.abs(p - p_reference).max(axis=1)
        n_equal = int((levels == levels_reference).sum())
        line += (
            f"; levels equal {n_equal} of {len(off)} ({n_equal / len(off):.2%}), probabilities within {off.max():.2g}"
        )
    print(line, flush=True)
    return logits


def _graded(logits: FloatArray, card: ModelCard) -> tuple[np.ndarray, np.ndarray]:
    above = torch.sigmoid(exceedance_logits(torch.from_numpy(logits), output_of(card))).numpy()
    calibration = calibration_of(card)
    probabilities = ordinal.decode(above if calibration is None else calibration(above))
    return probabilities, np.asarray(decided(probabilities, costs_of(card)))


def int8(net: nn.Module, values: FloatArray) -> "Model | None":
    """Return the network in int8, calibrated on each ninth record; None where NNCF is not installed."""
    try:
        nncf = importlib.import_module("nncf")
    except ModuleNotFoundError:
        return None
    some = [values[index : index + 1] for index in range(0, len(values), 9)]
    return nncf.quantize(convert(net, values.shape[1:]), nncf.Dataset(some), subset_size=len(some))


def compare_delineators() -> None:
    """Print what the five delineators take for a beat on each backend, and what a start with them costs."""
    weights = load_delineator()
    if weights is None:
        return
    torch.manual_seed(0)
    beats = 0.3 * torch.randn(1, 12, 320)
    config = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    compiled = core().compile_model(convert(DelineatorStack(weights.nets), (12, 320)), "CPU", config)
    content = compiled.export_model()
    begun = time.process_time()
    core().import_model(content if isinstance(content, bytes) else content.getvalue(), "CPU", config)
    start_s = time.process_time() - begun
    request = compiled.create_infer_request()
    found = [np.array(part) for part in request.infer([beats.numpy()]).values()]
    with torch.inference_mode():
        reference = mean_of(DelineatorOutput(*(part[:, 0] for part in weights.together(beats))))
        off = max(float(np.abs(part - wanted.numpy()).max()) for part, wanted in zip(found, reference, strict=True))
        taken = min(_ms_of(lambda: request.infer([beats.numpy()])) for _ in range(30))
        print(f"delineators, OpenVINO: {taken:.1f} ms, log probabilities within {off:.2g}; a start {start_s:.2f} s")
        taken = min(_ms_of(lambda: weights.together(beats)) for _ in range(30))
    print(f"delineators as one grouped network, PyTorch: {taken:.1f} ms")


def _ms_of(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return 1000.0 * (time.process_time() - begun)


def main() -> None:
    """Print a line a way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="each N-th record")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    compare_delineators()
    net, card = load_network(NETWORK)
    paths = sorted(asked.folder.rglob("*_hr.hea"))[:: asked.every]
    values = np.stack([prepare(read_record(path), card.contract).values for path in paths])
    shape = (values.shape[1], values.shape[2])
    print(f"{NETWORK}, {len(values)} records, OpenVINO {openvino_package().__version__}: {' '.join(capabilities())}")
    reference = compare("PyTorch f32", lambda: run_on_torch(net, values, torch.float32), card, None)
    model = convert(net, shape)
    compare("OpenVINO f32", on_openvino(model, values, "f32"), card, reference)
    if "BF16" in capabilities():
        compare("OpenVINO bf16", on_openvino(model, values, "bf16"), card, reference)
    low = copy.deepcopy(net).to(torch.bfloat16)
    compare("PyTorch bf16", lambda: run_on_torch(low, values, torch.bfloat16), card, reference)
    small = int8(net, values)
    if small is not None:
        compare("OpenVINO int8", on_openvino(small, values, "f32"), card, reference)


if __name__ == "__main__":
    main()
