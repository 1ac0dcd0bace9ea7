"""Graders: reading a network, writing any kind, and out-of-fold predictions of the records that trained it."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.domain import JsonObject
from cardiov_core.errors import WeightsError
from cardiov_core.weights.cards.card import ModelCard, checked_card, load_card
from cardiov_core.weights.cards.document import SCHEMA_VERSION
from cardiov_core.weights.files import HINT_MAKE, Array, CardFields, fields_as_json, read_tensors
from cardiov_core.weights.out_of_fold import LIMIT_COLUMNS, OUT_OF_FOLD_COLUMNS, check_columns, out_of_fold_file

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

MEASURED_LATER = ("scope", "passport", "reasons_check")
"""Fields of a card that are measured once the weights are there: they do not come along to other weights."""

_INDEPENDENT_COLUMNS = ("independent_500", "independent_100")
"""Fingerprints of the eight independent leads; tables without them know no record that stores eight leads."""

RAW_COLUMNS = ("raw0", "raw1", "raw2")
"""Exceedances before calibration, of tables whose e0-e2 are calibrated: what a calibration is fitted on again."""

_OPTIONAL_COLUMNS = (*_INDEPENDENT_COLUMNS, "mark", "set_limit", *LIMIT_COLUMNS, "decided", "findings", *RAW_COLUMNS)
"""`decided` is the level by costs that were chosen without the record's group, `findings` what may have raised it;
`set_limit` one limit for all levels, of older tables."""


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """A grader's network as it lies in its file, which was compared with its checksum.

    Attributes
    ----------
    card : ModelCard
        Its card.
    arrays : mapping of str to numpy.ndarray
        Its weights.
    """

    card: ModelCard
    arrays: Mapping[str, Array]

    @cached_property
    def net(self) -> "nn.Module":
        """The network in PyTorch, built when it is first asked for; raises what `load_network` raises."""
        # Only here: where another backend runs the network, nothing waits for PyTorch.
        from cardiov_core.weights.torch_weights import built_network

        return built_network(self.card, self.arrays)


def read_network(name_or_path: str | Path) -> StoredNetwork:
    """Open the weights of a grader that is a network, without building it; arguments and errors as `load_network`."""
    card = load_card(name_or_path)
    return StoredNetwork(card, read_tensors(card.weights_path, card.sha256))


def write_grader(
    content: bytes,
    card: CardFields,
    folder: Path,
    *,
    n_parameters: int,
    out_of_fold: "pd.DataFrame | None",
    check: Callable[[ModelCard], None],
) -> Path:
    """Write a grader of any kind: weights file, out-of-fold table and card, nothing before all of it is checked."""
    table = None if out_of_fold is None else table_bytes(out_of_fold)
    filled_in = (*MEASURED_LATER, "schema_version")
    raw: JsonObject = {
        "schema_version": SCHEMA_VERSION,
        **{field: value for field, value in fields_as_json(card).items() if field not in filled_in},
        "sha256": hashlib.sha256(content).hexdigest(),
        "n_parameters": n_parameters,
        "out_of_fold": None,
    }
    out_of_fold_name = f"{raw.get('name')}.oof.csv"
    if table is not None:
        raw["out_of_fold"] = {"file": out_of_fold_name, "sha256": hashlib.sha256(table).hexdigest()}
    path = folder / f"{raw.get('name')}.json"
    checked = checked_card(raw, path)
    check(checked)
    folder.mkdir(parents=True, exist_ok=True)
    checked.weights_path.write_bytes(content)
    if table is not None:
        (folder / out_of_fold_name).write_bytes(table)
    path.write_text(_card_text(raw), encoding="utf-8", newline="\n")
    return path


def _card_text(raw: JsonObject) -> str:
    return json.dumps(raw, indent=2, ensure_ascii=False) + "\n"


def update_card(
    card: ModelCard, changes: Mapping[str, object], *, out_of_fold: "pd.DataFrame | None" = None
) -> ModelCard:
    """Write what was measured of a grader into its card; the weights stay as they are.

    Parameters
    ----------
    card : ModelCard
        The grader.
    changes : mapping
        Fields of the card with their new values, as parts or JSON values; None takes a field away.
    out_of_fold : pandas.DataFrame, optional
        Columns `OUT_OF_FOLD_COLUMNS`: takes the place of the table that lies beside the card.

    Returns
    -------
    ModelCard
        As it was written.

    Raises
    ------
    ModelCardError
        If the card makes no sense with these changes.
    WeightsError
        If the card or the table cannot be written, or the table lacks a column.
    """
    raw = {**card.raw, **fields_as_json(changes)}
    raw = {field: value for field, value in raw.items() if not (field in changes and value is None)}
    out_of_fold_name = f"{card.name}.oof.csv"
    table = None if out_of_fold is None else table_bytes(out_of_fold)
    if table is not None:
        raw["out_of_fold"] = {"file": out_of_fold_name, "sha256": hashlib.sha256(table).hexdigest()}
    checked = checked_card(raw, card.path)
    try:
        if table is not None:
            card.path.with_name(out_of_fold_name).write_bytes(table)
        card.path.write_text(_card_text(raw), encoding="utf-8", newline="\n")
    except OSError as error:
        raise WeightsError(
            f"{card.path} cannot be written: {error}.", "Copy the grader to a folder of your own."
        ) from error
    return checked


def out_of_fold_table(card: ModelCard) -> "pd.DataFrame | None":
    """Return the predictions of a grader's training records by networks that had not seen their patients.

    Parameters
    ----------
    card : ModelCard
        The grader.

    Returns
    -------
    pandas.DataFrame or None
        Columns `OUT_OF_FOLD_COLUMNS`, and the fingerprints of the independent leads (``independent_500``,
        ``independent_100``) where the table has them; None where the grader has no such table.

    Raises
    ------
    WeightsError
        If the table is missing or lacks a column.
    WeightsIntegrityError
        If its checksum is not the card's.
    """
    file = out_of_fold_file(card)
    if file is None:
        return None
    import pandas as pd

    path, content = file
    # Sixteen hexadecimal digits may look like a number.
    as_text = dict.fromkeys((*OUT_OF_FOLD_COLUMNS[-2:], *_INDEPENDENT_COLUMNS, "mark", "patient_id"), str)
    try:
        table = pd.read_csv(io.BytesIO(content), dtype=as_text)
    except ValueError as error:
        raise WeightsError(f"{path} is no table: {error}.", HINT_MAKE) from error
    check_columns(list(table.columns))
    return table


def table_bytes(table: "pd.DataFrame") -> bytes:
    """Return the CSV file of an out-of-fold table, with its optional columns where it has them."""
    check_columns(list(table.columns))
    columns = [*OUT_OF_FOLD_COLUMNS, *(column for column in _OPTIONAL_COLUMNS if column in table.columns)]
    text: str = table[columns].to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")
