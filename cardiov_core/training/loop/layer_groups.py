"""Groups of a network's layers, from the input to the output: what gradual unfreezing and rates a group go by."""

from collections.abc import Sequence

from torch import nn
from torch.optim.optimizer import ParamsT

from cardiov_core.training.recipes.network import Stage

_STACKS = ("stages", "blocks", "layers", "modules_in_order")
"""Names under which networks hold their stages, each a group of its own."""


def layer_groups(net: nn.Module) -> list[list[nn.Module]]:
    """Return the groups, input first: what comes before the stages, each stage, and the head with the dense layer.

    `net`: of `cardiov_core.nets`; one without stages has its dense layer in the last group and all else in the first.
    """
    before: list[nn.Module] = []
    stages: list[list[nn.Module]] = []
    head: list[nn.Module] = []
    for name, child in _opened(net):
        if name in _STACKS and isinstance(child, nn.Sequential | nn.ModuleList):
            stages += [[stage] for stage in child]
        elif stages or name == "dense":
            head.append(child)
        else:
            before.append(child)
    return [part for part in (before, *stages, head) if part]


def _opened(net: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the children of a network in their order, those of a backbone in its place."""
    stages: list[tuple[str, nn.Module]] = []
    for name, child in net.named_children():
        stages += list(child.named_children()) if name == "backbone" else [(name, child)]
    return stages


def rated_parameters(model: nn.Module, stage: Stage) -> ParamsT:
    """Return what an optimiser is given in a stage, and freeze what does not learn in it.

    `model`: with the network as ``net``, and whatever stands beside it. `stage`: how many groups learn, and by what the
    rate of each earlier one is lowered. Returns all parameters where all learn at one rate; otherwise groups, the
    output's last.
    """
    parameters = list(model.parameters())
    for parameter in parameters:
        parameter.requires_grad_(True)
    if not stage.unfrozen and stage.rate_decay == 1.0:
        return parameters
    groups = [_parameters_of(group) for group in layer_groups(model.get_submodule("net"))]
    learning = groups[-stage.unfrozen :] if stage.unfrozen else groups
    for parameter in (parameter for group in groups[: len(groups) - len(learning)] for parameter in group):
        parameter.requires_grad_(False)
    known = {id(parameter) for group in groups for parameter in group}
    # Direct parameters of a network and heads beside it learn as fast as the output.
    learning[-1] = learning[-1] + [parameter for parameter in parameters if id(parameter) not in known]
    rates = [stage.learning_rate * stage.rate_decay**distance for distance in reversed(range(len(learning)))]
    return [{"params": own, "lr": rate} for own, rate in zip(learning, rates, strict=True) if own]


def _parameters_of(layers: Sequence[nn.Module]) -> list[nn.Parameter]:
    return [parameter for layer in layers for parameter in layer.parameters()]
