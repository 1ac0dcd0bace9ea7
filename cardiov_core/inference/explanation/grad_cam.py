"""Grad-CAM in one dimension (Selvaraju et al. 2017, doi:10.1109/ICCV.2017.74), all stages from one backward pass.

The map of a stage is the ReLU of its activations, weighted by channel with the mean gradient over time. Every lead
enters the first convolution, so a map is one band in time over all leads.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cardiov_core.domain import EcgRecord, FloatArray, PreparedInput
from cardiov_core.errors import ExplanationError
from cardiov_core.inference.differentiable import decoded_probabilities, exceedance_logits
from cardiov_core.inference.explanation.target import THRESHOLD_TARGETS, Target
from cardiov_core.inference.outputs import Output
from cardiov_core.inference.uncertainty.calibration import Calibration
from cardiov_core.nets import Windows

Chooser = Callable[[Tensor], Sequence[int | str]]
"""Chooses targets by the logits of the exceedances."""

# A level whose decoded probability is exactly zero has no logarithm.
_SMALLEST_PROBABILITY = 1e-12
# Below this a map is rounding noise, not attention.
_SMALLEST_PEAK = 1e-30


def stage_maps(
    net: nn.Module,
    values: Tensor,
    target: Target | Chooser,
    calibration: Calibration | None = None,
    output: Output | None = None,
) -> tuple[list[npt.NDArray[np.float64]], int | str]:
    """Compute Grad-CAM at every Grad-CAM point of a network.

    Neither hooks nor gradients nor modes stay behind, whatever happens. Callers that share the network between threads
    hold a lock.

    `net`: with `grad_cam_points`. `values`: input of one record, shape ``(1, n_leads, n_samples)``. `calibration`: of
    the grader: a level's probability is the calibrated one. `target`: as in `checked_target`, or what chooses it by the
    logits ``(1, 3)``, so that no pass is made for them alone. `output`: how to read the network; the paper's
    independent thresholds where None. The number of a regression speaks for a middle level from both sides: its map
    shows what moved the number towards the level. Returns `maps`: one per stage, at the stage's own length, >= 0, not
    normalised. Returns `target`: what was explained: the predicted level where None was asked for.
    """
    targets = target if target is None or callable(target) else [target]
    maps, explained = batch_maps(net, values, targets, calibration, output)
    return [stage[0] for stage in maps], explained[0]


def batch_maps(
    net: nn.Module,
    values: Tensor,
    targets: Sequence[int | str] | Chooser | None,
    calibration: Calibration | None = None,
    output: Output | None = None,
) -> tuple[list[npt.NDArray[np.float64]], list[int | str]]:
    """Compute Grad-CAM at every Grad-CAM point for several records in one pass.

    Parameters
    ----------
    net, calibration, output : torch.nn.Module, Calibration, Output
        As in `stage_maps`.
    values : torch.Tensor
        Input, shape ``(n, n_leads, n_samples)``.
    targets : sequence of int or str, or callable, optional
        One per record, or what chooses them by the logits ``(n, 3)``; the predicted levels where None.

    Returns
    -------
    maps : list of numpy.ndarray
        One per stage, shape ``(n, n_stage)``; a record's are those that it gets alone.
    targets : list of int or str
        What was explained.

    Raises
    ------
    ExplanationError
        As in `stage_maps`.
    """
    points: Sequence[nn.Module] | None = getattr(net, "grad_cam_points", None)
    if not points:
        raise ExplanationError(
            f"{type(net).__name__} has no convolutions to look at.", "Choose a grader that is a network."
        )
    with torch.inference_mode(False), torch.enable_grad(), evaluation_mode(net):
        # A copy, because tensors of inference mode cannot record gradients.
        asked = values.detach().clone().requires_grad_(True)
        with _recorded(points) as outputs:
            logits = exceedance_logits(net(asked), output or Output())
        if callable(targets):
            targets = targets(logits.detach())
        if not bool(torch.isfinite(logits).all()):
            raise ExplanationError("The network's output is not finite.", "Look at the record's signal for damage.")
        probabilities = decoded_probabilities(logits, calibration)
        explained = probabilities.argmax(dim=1).tolist() if targets is None else list(targets)
        # Records do not touch each other in evaluation mode, so the gradient of the sum is that of each.
        score = torch.stack([_score(*one) for one in zip(probabilities, logits, explained, strict=True)]).sum()
        activations = [outputs[index] for index in range(len(points))]
        gradients = torch.autograd.grad(score, activations)
    maps = [_cam(*pair) for pair in zip(activations, gradients, strict=True)]
    windows, n_samples = getattr(net, "windows", None), values.shape[-1]
    if isinstance(windows, Windows) and n_samples > windows.length:
        maps = [_along_record(cam, len(values), n_samples, windows) for cam in maps]
    return maps, explained


def _score(probabilities: Tensor, logits: Tensor, target: int | str) -> Tensor:
    """Return what is explained of one record: the log probability of a level, or the logit of a threshold."""
    if isinstance(target, int):
        return torch.log(probabilities[target].clamp(min=_SMALLEST_PROBABILITY))
    return logits[THRESHOLD_TARGETS.index(target)]


def on_record_axis(
    stage_map: npt.NDArray[np.float64], prepared: PreparedInput, record: EcgRecord, input_rate_hz: float
) -> FloatArray:
    """Map a stage's attention to the record's own samples and scale it to a maximum of 1.

    `stage_map`: shape ``(n_stage,)``, >= 0. Returns float32, shape ``(record.n_samples,)``, 0..1, linear between the
    centres of stage samples; NaN outside the window. A map of zeros stays zero.
    """
    n_input = prepared.values.shape[1]
    centres = stage_centres(n_input, len(stage_map))
    times_s = np.arange(record.n_samples) / record.sampling_rate
    # Half a sample of tolerance, since the window's limits went through floating point.
    slack_s = 0.5 / record.sampling_rate
    inside = (times_s >= prepared.window.start_s - slack_s) & (times_s < prepared.window.end_s - slack_s)
    positions = (times_s[inside] - prepared.window.start_s) * input_rate_hz + prepared.pad_left
    # The last samples of a faster record lie behind the input's last one: zeros begin there.
    last = n_input - prepared.pad_right - 1
    seen = np.interp(np.minimum(positions, last), centres, stage_map)
    peak = float(seen.max(initial=0.0))
    attention: FloatArray = np.full(record.n_samples, np.nan, dtype=np.float32)
    attention[inside] = seen / peak if peak > _SMALLEST_PEAK else 0.0
    return attention


def stage_centres(n_input: int, n_stage: int) -> npt.NDArray[np.float64]:
    """Return where in the input, in samples, the centres of a stage's samples lie."""
    return np.asarray((np.arange(n_stage) + 0.5) * _stride(n_input, n_stage) - 0.5, dtype=np.float64)


@contextmanager
def evaluation_mode(net: nn.Module) -> Iterator[None]:
    """Switch all modules to evaluation and leave each in the mode it was found in."""
    training = [module for module in net.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


@contextmanager
def _recorded(points: Sequence[nn.Module]) -> Iterator[dict[int, Tensor]]:
    outputs: dict[int, Tensor] = {}

    def keeper(index: int) -> Callable[[nn.Module, object, Tensor], Tensor]:
        def keep(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
            outputs[index] = output
            # The network goes on with a copy: an in-place activation would otherwise overwrite what was recorded.
            return output.clone()

        return keep

    with ExitStack() as stack:
        for index, point in enumerate(points):
            stack.callback(point.register_forward_hook(keeper(index)).remove)
        yield outputs


def _cam(activation: Tensor, gradient: Tensor) -> npt.NDArray[np.float64]:
    weights = gradient.mean(dim=-1, keepdim=True)
    cam: npt.NDArray[np.float64] = torch.relu((weights * activation).sum(dim=1)).detach().double().cpu().numpy()
    return cam


def _along_record(
    cams: npt.NDArray[np.float64], n_records: int, n_samples: int, windows: Windows
) -> npt.NDArray[np.float64]:
    """Lay the maps of a record's windows along the record, the higher value where they overlap.

    ``(n_records * n_windows, n_stage) -> (n_records, n_stage * n_samples / length)``; what no window shows stays zero.
    """
    parts = cams.reshape(n_records, -1, cams.shape[-1])
    n_windows, n_stage = parts.shape[1:]
    stride = windows.length / n_stage
    whole = np.zeros((n_records, max(round(n_samples / stride), n_stage)))
    for index in range(n_windows):
        begin = min(round(index * windows.step / stride), whole.shape[1] - n_stage)
        own = whole[:, begin : begin + n_stage]
        np.maximum(own, parts[:, index], out=own)
    return whole


def _stride(n_input: int, n_stage: int) -> float:
    """Return how many input samples one stage sample stands for.

    Lengths are floor(n / 2) at each halving, so the last samples of the input may belong to no stage sample: 7 of 1000
    are 128 apart, not 143.
    """
    halved, stride = n_input, 1
    while halved > n_stage:
        halved //= 2
        stride *= 2
    return float(stride) if halved == n_stage else n_input / n_stage
