"""Weights and their cards: the only room that opens a weights file.

A grader is two files side by side: ``<name>.safetensors`` (tensors only, nothing that could run) and ``<name>.json``,
the model card, which carries the checksum, the architecture, the input contract and what each output means, so that
nobody can pair a network with another filter. A third, ``<name>.oof.csv``, holds the out-of-fold predictions of the
records that trained it. The delineator, which grades nothing, lies in a folder of its own,
and so does the statement head.
"""

from cardiov_core.datasets.fingerprint import SAME_MARK, differing_bits, signal_mark
from cardiov_core.weights.blend import BLEND, Member, load_blend, members_of, save_blend
from cardiov_core.weights.boosting import BOOSTING, Boosting, load_boosting, save_boosting
from cardiov_core.weights.cards.card import ModelCard, default_name, list_cards, load_card, weights_folder
from cardiov_core.weights.cards.document import N_LOGITS, SCHEMA_VERSION, NewCard, OutputKind
from cardiov_core.weights.cards.parts import CardPart
from cardiov_core.weights.delineator import DelineatorWeights, load_delineator, save_delineator
from cardiov_core.weights.forest import FOREST, Forest, load_forest, save_forest
from cardiov_core.weights.graders import (
    OUT_OF_FOLD_COLUMNS,
    RAW_COLUMNS,
    limits_in,
    load_network,
    out_of_fold_table,
    save,
    update_card,
)
from cardiov_core.weights.scope import KnownRange, load_range, save_range
from cardiov_core.weights.statement_head import StatementHead, load_statement_head, save_statement_head

__all__ = [
    "BLEND",
    "BOOSTING",
    "FOREST",
    "N_LOGITS",
    "OUT_OF_FOLD_COLUMNS",
    "RAW_COLUMNS",
    "SAME_MARK",
    "SCHEMA_VERSION",
    "Boosting",
    "CardPart",
    "DelineatorWeights",
    "Forest",
    "KnownRange",
    "Member",
    "ModelCard",
    "NewCard",
    "OutputKind",
    "StatementHead",
    "default_name",
    "differing_bits",
    "limits_in",
    "list_cards",
    "load_blend",
    "load_boosting",
    "load_card",
    "load_delineator",
    "load_forest",
    "load_network",
    "load_range",
    "load_statement_head",
    "members_of",
    "out_of_fold_table",
    "save",
    "save_blend",
    "save_boosting",
    "save_delineator",
    "save_forest",
    "save_range",
    "save_statement_head",
    "signal_mark",
    "update_card",
    "weights_folder",
]
