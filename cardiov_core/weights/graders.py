"""Graders: opening one, writing one, and the out-of-fold predictions of the records that trained it."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from cardiov_core.domain import JsonObject
from cardiov_core.errors import ConfigurationError, ModelCardError, WeightsError, WeightsMismatchError
from cardiov_core.nets import build_net
from cardiov_core.weights.cards.card import ModelCard, checked_card, load_card
from cardiov_core.weights.cards.document import N_LOGITS, SCHEMA_VERSION
from cardiov_core.weights.files import (
    HINT_MAKE,
    CardFields,
    fields_as_json,
    read_tensors,
    tensor_bytes,
)
from cardiov_core.weights.out_of_fold import LIMIT_COLUMNS, OUT_OF_FOLD_COLUMNS, check_columns, out_of_fold_file

if TYPE_CHECKING:
    import pandas as pd

MEASURED_LATER = ("scope", "passport", "reasons_check")
"""Fields of a card that are measured once the weights are there: they do not come along to other weights."""

_INDEPENDENT_COLUMNS = ("independent_500", "independent_100")
"""Fingerprints of the eight independent leads; tables without them know no record that stores eight leads."""

RAW_COLUMNS = ("raw0", "raw1", "raw2")
"""Exceedances before calibration, of tables whose e0-e2 are calibrated: what a calibration is fitted on again."""

_OPTIONAL_COLUMNS = (*_INDEPENDENT_COLUMNS, "mark", "set_limit", *LIMIT_COLUMNS, "decided", "findings", *RAW_COLUMNS)
"""`decided` is the level by costs that were chosen without the record's group, `findings` what may have raised it;
`set_limit` one limit for all levels, of older tables."""


def load_network(name_or_path: str | Path) -> tuple[nn.Module, ModelCard]:
    """Open a grader's weights.

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
    card = load_card(name_or_path)
    state = read_tensors(card.weights_path, card.sha256)
    # Parameters made in inference mode could never take part in an explanation.
    with torch.inference_mode(False):
        net = _build(card)
        try:
            net.load_state_dict(state)
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
    return net.requires_grad_(False).eval(), card


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
        tensor_bytes(net.state_dict(), storage),
        card,
        folder,
        n_parameters=sum(parameter.numel() for parameter in net.parameters()),
        out_of_fold=out_of_fold,
        check=lambda checked: _check_fits(checked, net),
    )


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


def table_bytes(table: "pd.DataFrame") -> bytes:
    """Return the CSV file of an out-of-fold table, with its optional columns where it has them."""
    check_columns(list(table.columns))
    columns = [*OUT_OF_FOLD_COLUMNS, *(column for column in _OPTIONAL_COLUMNS if column in table.columns)]
    text: str = table[columns].to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")
