"""Weights and their cards: the only room that opens a weights file.

A grader is two files side by side: ``<name>.safetensors`` (tensors only, nothing that could run) and ``<name>.json``,
the model card, which carries the checksum, the architecture, the input contract and what each output means, so that
nobody can pair a network with another filter. A third, ``<name>.oof.csv``, holds the out-of-fold predictions of the
records that trained it. The delineator, which grades nothing, lies in a folder of its own.
"""

from cardiov_core.weights.blend import BLEND, Member, load_blend, members_of, save_blend
from cardiov_core.weights.card_document import N_LOGITS, SCHEMA_VERSION, NewCard, OutputKind
from cardiov_core.weights.card_parts import CardPart
from cardiov_core.weights.cards import ModelCard, default_name, list_cards, load_card, weights_folder
from cardiov_core.weights.delineator import DelineatorWeights, load_delineator, save_delineator
from cardiov_core.weights.forest import FOREST, Forest, load_forest, save_forest
from cardiov_core.weights.graders import (
    OUT_OF_FOLD_COLUMNS,
    RAW_COLUMNS,
    load_network,
    out_of_fold_table,
    save,
    update_card,
)
from cardiov_core.weights.scope import KnownRange, load_range, save_range

__all__ = [
    "BLEND",
    "FOREST",
    "N_LOGITS",
    "OUT_OF_FOLD_COLUMNS",
    "RAW_COLUMNS",
    "SCHEMA_VERSION",
    "CardPart",
    "DelineatorWeights",
    "Forest",
    "KnownRange",
    "Member",
    "ModelCard",
    "NewCard",
    "OutputKind",
    "default_name",
    "list_cards",
    "load_blend",
    "load_card",
    "load_delineator",
    "load_forest",
    "load_network",
    "load_range",
    "members_of",
    "out_of_fold_table",
    "save",
    "save_blend",
    "save_delineator",
    "save_forest",
    "save_range",
    "update_card",
    "weights_folder",
]
