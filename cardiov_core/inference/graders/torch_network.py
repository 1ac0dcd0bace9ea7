"""A network in PyTorch, the reference of every backend: what it says of records, and where it looked.

Callers that share the network between threads hold a lock: hooks of an explanation would fire in every other pass.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cardiov_core.domain import EcgRecord, Float64Array, FloatArray, PreparedInput
from cardiov_core.inference.explanation.grad_cam import evaluation_mode, on_record_axis, stage_maps
from cardiov_core.inference.explanation.lead_occlusion import lead_importance
from cardiov_core.inference.explanation.passport import Passport
from cardiov_core.inference.outputs import Output
from cardiov_core.inference.uncertainty.calibration import Calibration

_UNTESTED_LEADS = "Which leads count has not been tested for this network."


@dataclass(frozen=True, eq=False)
class Looked:
    """Where a network looked."""

    maps: list[Float64Array]  # one per stage, at its own length
    explained: int | str
    leads: Float64Array | None  # what the answer loses without each lead; None where that is withheld
    leads_withheld: str  # why it is

    def stages(self, prepared: PreparedInput, record: EcgRecord, input_rate_hz: float) -> dict[int, FloatArray]:
        """Return the maps by stage, on the record's own samples."""
        return {
            stage: on_record_axis(cam, prepared, record, input_rate_hz) for stage, cam in enumerate(self.maps, start=1)
        }


def n_stages_of(net: nn.Module) -> int:
    """Return how many stages of a network have maps."""
    return len(getattr(net, "grad_cam_points", ()))


def logits_of(net: nn.Module, values: FloatArray) -> FloatArray:
    """Run records, float32 ``(n, leads, samples)``; the network is left as it was found."""
    with torch.no_grad(), evaluation_mode(net):
        logits: FloatArray = net(_tensor(net, values)).cpu().numpy()
    return logits


def looked(
    net: nn.Module,
    values: FloatArray,
    target: int | str | Callable[[Float64Array], int],
    output: Output,
    calibration: Calibration | None,
    passport: Passport | None,
) -> Looked:
    """Show where a network looked at one record, float32 ``(1, leads, samples)``.

    `target`: what is explained, or what chooses a level by the exceedances before calibration, ``(1, 3)``.
    """
    whole: list[Tensor] = []

    def chosen(logits: Tensor) -> list[int | str]:
        # By the pass that draws the maps: none is made for the level alone.
        whole.append(logits)
        return [target(torch.sigmoid(logits).cpu().numpy()) if callable(target) else target]

    asked = _tensor(net, values)
    maps, explained = stage_maps(net, asked, chosen, calibration, output)
    withheld = _UNTESTED_LEADS if passport is None else passport.leads_withheld(explained)
    leads = None if withheld else lead_importance(net, asked, explained, calibration, output, whole=whole[0])
    return Looked(maps, explained, leads, withheld)


def _tensor(net: nn.Module, values: FloatArray) -> Tensor:
    device = next((parameter.device for parameter in net.parameters()), torch.device("cpu"))
    return torch.from_numpy(values).to(device)
