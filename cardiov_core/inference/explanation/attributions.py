"""What moved one output of a network, sample by sample and lead by lead, in three ways.

Integrated gradients, layer-wise relevance propagation, guided Grad-CAM: those of the benchmark paper's section IV-D.

All are for a look by people who know the methods: unlike the maps of the page they have passed no sanity check, and
guided methods are known to draw the input whatever the network learned (Adebayo et al. 2018, arXiv:1810.03292).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiov_core.domain import Float64Array
from cardiov_core.errors import ExplanationError
from cardiov_core.inference.explanation.grad_cam import evaluation_mode
from cardiov_core.nets import PooledNet

_STEPS = 50
_EPSILON = 0.1
"""The benchmark's, section IV-D."""


def integrated_gradients(net: nn.Module, values: Tensor, output: int, *, steps: int = _STEPS) -> Float64Array:
    """Return how much each sample of each lead moved a logit, from a flat line to the record.

    The gradients along the straight way from zeros, averaged at the middles of `steps` parts, times the record
    (Sundararajan et al. 2017, arXiv:1703.01365): they add up to the logit less that of the flat line.

    Parameters
    ----------
    net : torch.nn.Module
        ``(batch, leads, samples) -> (batch, outputs)``; it is left as it was.
    values : torch.Tensor
        One record, ``(leads, samples)``.
    output : int
        Which logit.
    steps : int
        Parts of the way.

    Returns
    -------
    numpy.ndarray
        float64, ``(leads, samples)``.

    Raises
    ------
    ExplanationError
        If the logit does not exist or is not finite.
    """
    shares = (torch.arange(steps, dtype=values.dtype, device=values.device) + 0.5) / steps
    total = torch.zeros_like(values)
    with torch.inference_mode(False), torch.enable_grad(), evaluation_mode(net):
        # One at a time: fifty long records at once would take the memory of a training.
        for share in shares:
            point = (values.detach().clone() * share).unsqueeze(0).requires_grad_(True)
            (gradient,) = torch.autograd.grad(_logit(net(point), output), point)
            total = total + gradient[0]
    attribution: Float64Array = (values.detach() * total / steps).double().cpu().numpy()
    return attribution


def guided_grad_cam(net: nn.Module, values: Tensor, output: int) -> Float64Array:
    """Return guided backpropagation times the Grad-CAM map of the last layer (Selvaraju et al. 2017).

    Guided backpropagation passes on only what is positive at every ReLU (Springenberg et al. 2015, arXiv:1412.6806).

    Parameters
    ----------
    net, values, output
        As in `integrated_gradients`; the network needs maps (`grad_cam_points`) and reads the record whole.

    Raises
    ------
    ExplanationError
        If the network has no maps, or the logit does not exist or is not finite.
    """
    points: Sequence[nn.Module] = getattr(net, "grad_cam_points", ())
    if not points:
        raise ExplanationError(f"{type(net).__name__} has no layer to map.", "Choose a network with stages.")
    with torch.inference_mode(False), torch.enable_grad(), evaluation_mode(net), _whole(net):
        point = values.detach().clone().unsqueeze(0).requires_grad_(True)
        kept: list[Tensor] = []
        handle = points[-1].register_forward_hook(lambda _m, _i, y: kept.append(y))
        try:
            (gradient,) = torch.autograd.grad(_logit(net(point), output), kept[0])
        finally:
            handle.remove()
        weighted = (gradient.mean(dim=-1, keepdim=True) * kept[0]).sum(dim=1, keepdim=True)
        cam = functional.interpolate(torch.relu(weighted), size=values.shape[-1], mode="linear", align_corners=False)
        with _guided(net):
            (guided,) = torch.autograd.grad(_logit(net(point), output), point)
    attribution: Float64Array = (guided * cam)[0].detach().double().cpu().numpy()
    return attribution


def layer_relevance(net: nn.Module, values: Tensor, output: int, *, epsilon: float = _EPSILON) -> Float64Array:
    """Return how a logit is shared out over samples and leads, layer by layer (Bach et al. 2015).

    doi:10.1371/journal.pone.0130140. The rule of the benchmark's section IV-D: in proportion to what each input adds,
    less what biases add and `epsilon` takes. It is the record times a gradient that is made smaller behind each layer,
    so that shortcuts and poolings share in proportion, too.

    Parameters
    ----------
    net, values, output
        As in `guided_grad_cam`; the network is one of convolutions, ReLUs and pooling, without gates.
    epsilon : float
        Takes from small sums what they would share out.

    Raises
    ------
    ExplanationError
        If relevance does not go through the network, or the logit does not exist or is not finite.
    """
    foreign = next((layer for layer in net.modules() if isinstance(layer, _CURVED)), None)
    if foreign is not None or not isinstance(net, PooledNet):
        raise ExplanationError(
            f"Relevance does not go through {type(foreign or net).__name__}.",
            "Choose a network of convolutions and ReLUs: fcn_wang, a resnet1d, an xresnet1d, inception1d.",
        )
    with torch.inference_mode(False), torch.enable_grad(), evaluation_mode(net), _whole(net), _sharing(net, epsilon):
        point = values.detach().clone().unsqueeze(0).requires_grad_(True)
        (gradient,) = torch.autograd.grad(_logit(net(point), output), point)
    attribution: Float64Array = (gradient * point)[0].detach().double().cpu().numpy()
    return attribution


_CURVED = (nn.ELU, nn.GELU, nn.Sigmoid, nn.Tanh)
"""Activations that give something else than their input or nothing."""


@contextmanager
def _sharing(net: nn.Module, epsilon: float) -> Iterator[None]:
    """Let every layer that adds up pass gradients back by the epsilon rule."""

    def shared(_layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if output.requires_grad:
            value = output.detach()
            kept = value / (value + torch.where(value < 0, -epsilon, epsilon))
            output.register_hook(lambda gradient: gradient * kept)

    with ExitStack() as stack:
        for layer in net.modules():
            if isinstance(layer, nn.Conv1d | nn.Linear | nn.BatchNorm1d):
                stack.callback(layer.register_forward_hook(shared).remove)
        yield


def _logit(logits: Tensor, output: int) -> Tensor:
    if not 0 <= output < logits.shape[1]:
        raise ExplanationError(
            f"The network has no output {output}.", f"Choose one of 0 to {logits.shape[1] - 1}, in the card's order."
        )
    chosen = logits[0, output]
    if not bool(torch.isfinite(chosen)):
        raise ExplanationError("The network's output is not finite.", "Look at the record's signal for damage.")
    return chosen


@contextmanager
def _whole(net: nn.Module) -> Iterator[None]:
    """Let a network read a record whole that it would read in windows."""
    windows = getattr(net, "windows", None)
    if windows is None:
        yield
        return
    net.windows = None  # type: ignore[assignment]
    try:
        yield
    finally:
        net.windows = windows


@contextmanager
def _guided(net: nn.Module) -> Iterator[None]:
    """Let every ReLU layer pass on positive gradients alone."""

    def positive(_layer: nn.Module, inward: tuple[Tensor, ...] | Tensor, _outward: object) -> tuple[Tensor, ...]:
        return tuple(torch.relu(part) for part in inward)

    with ExitStack() as stack:
        for layer in net.modules():
            if isinstance(layer, nn.ReLU):
                stack.callback(layer.register_full_backward_hook(positive).remove)
        yield
