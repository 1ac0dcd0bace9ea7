"""Networks out of weights files and into them: the one module of this room that loads PyTorch.

Trees, ranges, tables and checksums need none of it, and neither does a network that another backend runs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from cardiov_core.domain import JsonObject
from cardiov_core.errors import ConfigurationError, ModelCardError, WeightsMismatchError
from cardiov_core.nets import DelineatorNet, build_net
from cardiov_core.weights.cards.card import ModelCard
from cardiov_core.weights.cards.document import N_LOGITS
from cardiov_core.weights.files import HINT_MAKE, Array, CardFields, read_tensors, tensor_bytes
from cardiov_core.weights.graders import read_network, write_grader

if TYPE_CHECKING:
    import pandas as pd


def load_network(name_or_path: str | Path) -> tuple[nn.Module, ModelCard]:
    """Open a grader's weights and build its network.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        As in `load_card`.

    Returns
    -------
    net : torch.nn.Module
        On the CPU, float32, in evaluation mode; no parameter asks for a gradient.
    card : ModelCard
        Its card.

    Raises
    ------
    WeightsError
        If a file is missing or is no safetensors file.
    WeightsIntegrityError
        If the checksum is not the card's.
    WeightsMismatchError
        If weights, card and network do not fit each other.
    ModelCardError
        If the card is damaged or names a network that does not exist.
    """
    stored = read_network(name_or_path)
    return stored.net, stored.card


def save(
    net: nn.Module,
    card: CardFields,
    folder: Path,
    *,
    out_of_fold: "pd.DataFrame | None" = None,
    storage: Literal["float32", "float16"] = "float32",
) -> Path:
    """Write a grader: weights, out-of-fold table and card.

    Parameters
    ----------
    net : torch.nn.Module
        The network that the card's ``architecture`` builds.
    card : mapping
        The card without what is filled in here: schema version, checksums and number of parameters.
    folder : pathlib.Path
        Made where it is missing.
    out_of_fold : pandas.DataFrame, optional
        Columns `OUT_OF_FOLD_COLUMNS`.
    storage : {"float32", "float16"}
        Precision of the file; half of the size costs three decimal digits.

    Returns
    -------
    pathlib.Path
        The card.

    Raises
    ------
    ModelCardError
        If the card lacks a field.
    WeightsError
        If a weight cannot be stored, or the table lacks a column.
    """
    return write_grader(
        state_bytes(net.state_dict(), storage),
        card,
        folder,
        n_parameters=sum(parameter.numel() for parameter in net.parameters()),
        out_of_fold=out_of_fold,
        check=lambda checked: _check_fits(checked, net),
    )


def read_state(path: Path, sha256: str) -> dict[str, Tensor]:
    """Read a network's weights file once its checksum is the card's."""
    return _as_state(read_tensors(path, sha256))


def state_bytes(state: Mapping[str, Tensor], storage: Literal["float32", "float16"]) -> bytes:
    """Return the content of a safetensors file with a network's weights."""
    return tensor_bytes({key: value.detach().cpu().numpy() for key, value in state.items()}, storage)


def built_network(card: ModelCard, arrays: Mapping[str, Array]) -> nn.Module:
    """Build a card's network with the weights of its file; refuse what does not fit each other."""
    # Parameters made in inference mode could never take part in an explanation.
    with torch.inference_mode(False):
        net = _build(card)
        try:
            net.load_state_dict(_as_state(arrays))
        except RuntimeError as error:
            raise WeightsMismatchError(
                f"{card.weights_path.name} does not fit the network {card.architecture.name!r} of its card: "
                f"{' '.join(str(error).split())[:300]}",
                HINT_MAKE,
            ) from error
    n_parameters = sum(parameter.numel() for parameter in net.parameters())
    if n_parameters != card.stated.n_parameters:
        raise WeightsMismatchError(
            f"{card.path.name} states {card.stated.n_parameters} parameters, the network has {n_parameters}.",
            HINT_MAKE,
        )
    return net.requires_grad_(False).eval()


def built_delineators(
    arrays: Mapping[str, Array], architecture: JsonObject, n_nets: int, card: str, hint: str
) -> tuple[DelineatorNet, ...]:
    """Build the delineators of a weights file, one per fold; refuse what does not fit the card of that file name."""
    arguments: dict[str, Any] = architecture
    nets = []
    for fold in range(n_nets):
        try:
            # Without a random start, which would take longer than reading.
            with torch.device("meta"):
                net = DelineatorNet(**arguments)
            with torch.inference_mode(False):
                net.load_state_dict(_as_state({key: value[fold] for key, value in arrays.items()}), assign=True)
        except (TypeError, ValueError, IndexError, RuntimeError) as error:
            raise WeightsMismatchError(
                f"The weights of fold {fold + 1} do not fit {card}: {' '.join(str(error).split())[:300]}", hint
            ) from error
        nets.append(net.requires_grad_(False).eval())
    return tuple(nets)


def stacked_bytes(nets: Sequence[nn.Module]) -> bytes:
    """Return the content of a weights file of networks of one form, in half precision."""
    states = [net.state_dict() for net in nets]
    # One tensor per layer for all networks: the names of 460 small tensors would cost a tenth of the file.
    return state_bytes({key: torch.stack([state[key] for state in states]) for key in states[0]}, "float16")


def _as_state(arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    # Tensors made in inference mode could never take part in an explanation.
    with torch.inference_mode(False):
        return {key: torch.tensor(value) for key, value in arrays.items()}


def _build(card: ModelCard) -> nn.Module:
    expected = {"n_leads": len(card.contract.leads), "n_outputs": N_LOGITS[card.stated.output.kind]}
    arguments: dict[str, Any] = {**expected, **card.architecture.kwargs}
    for key, value in expected.items():
        if arguments[key] != value:
            raise WeightsMismatchError(
                f"Model card {card.path.name}: architecture.kwargs.{key} is {arguments[key]!r}, input and output need "
                f"{value}.",
                HINT_MAKE,
            )
    try:
        return build_net(card.architecture.name, **arguments)
    except ConfigurationError as error:
        raise ModelCardError(f"Model card {card.path.name}: {error.message}", error.hint) from error


def _check_fits(card: ModelCard, net: nn.Module) -> None:
    """Refuse to write weights that could not be read again."""
    expected = {key: value.shape for key, value in _build(card).state_dict().items()}
    if expected != {key: value.shape for key, value in net.state_dict().items()}:
        raise WeightsMismatchError(
            f"The network is not the one that architecture {card.architecture.name!r} of the card builds.",
            "State in the card with which name and arguments the network was built.",
        )
