"""Graders by name."""

import json
from pathlib import Path

from cardiov_core.backends import ConvertedNetwork, check_backend
from cardiov_core.inference.graders.base import Grader
from cardiov_core.inference.graders.blend import BlendGrader
from cardiov_core.inference.graders.measurements import MeasurementGrader
from cardiov_core.inference.graders.network import NetworkGrader
from cardiov_core.weights import (
    BLEND,
    BOOSTING,
    FOREST,
    ModelCard,
    default_name,
    load_blend,
    load_boosting,
    load_card,
    load_forest,
    read_network,
)

__all__ = ["BlendGrader", "Grader", "MeasurementGrader", "NetworkGrader", "load_predictor"]


def load_predictor(name: str | Path | None = None) -> Grader:
    """Load a grader.

    Parameters
    ----------
    name : str, pathlib.Path or None
        A name that ``cardiov models`` lists, the path of a card or of a weights file; None is the default grader.

    Returns
    -------
    Grader
        Ready to grade; load it once and share it.

    Raises
    ------
    WeightsError
        If there is no such grader, or its files are damaged or do not fit each other.
    ConfigurationError
        If the backend that networks are to run on cannot be had.
    """
    card = load_card(default_name() if name is None else name)
    if card.architecture.name == FOREST:
        return MeasurementGrader(*load_forest(card.path))
    if card.architecture.name == BOOSTING:
        return MeasurementGrader(*load_boosting(card.path))
    if card.architecture.name == BLEND:
        members, card = load_blend(card.path)
        return BlendGrader(
            {load_predictor(card.path.with_name(f"{member.name}.json")): member.weight for member in members}, card
        )
    return _network_grader(card.path)


def _network_grader(path: Path) -> NetworkGrader:
    check_backend()
    stored = read_network(path)
    converted = ConvertedNetwork(lambda: stored.net, _told_by(stored.card), _shape_of(stored.card))
    if not converted.is_kept():
        # Weights that do not fit their card are refused here, and not at the first record. What was converted did fit.
        _ = stored.net
    return NetworkGrader(stored, stored.card, converted)


def _told_by(card: ModelCard) -> str:
    """Return all that weights and card say of a network, so that another finds no conversion of it."""
    architecture = f"{card.architecture.name} {json.dumps(card.architecture.kwargs, sort_keys=True)}"
    return f"{card.sha256} {architecture} {card.stated.output.kind} {card.stated.n_parameters}"


def _shape_of(card: ModelCard) -> tuple[int, int]:
    return len(card.contract.leads), card.contract.n_samples
