"""What comes with CardioV of studies of networks, for the Performance page: files beside the weights."""

import json
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cardiov_core.errors import WeightsError
from cardiov_core.studies.nets.statements import StatementsCheck
from cardiov_core.studies.nets.table import ComparisonTable
from cardiov_core.weights import weights_folder

_FOLDER = "comparisons"
_STATEMENTS = "statements/networks.json"


def ship_comparison(table: ComparisonTable, folder: Path | None = None) -> Path:
    """Put a comparison beside the weights.

    Parameters
    ----------
    table : ComparisonTable
        From `cardiov_core.studies.table_of`.
    folder : pathlib.Path, optional
        Of the weights; the one in use where None.

    Raises
    ------
    WeightsError
        If the file cannot be written.
    """
    return _shipped(asdict(table), (folder or weights_folder()) / _FOLDER / f"{table.task}.json")


def ship_statements_check(check: StatementsCheck, folder: Path | None = None) -> Path:
    """Put the analyses of networks on statements beside the weights; arguments as in `ship_comparison`."""
    return _shipped(asdict(check), (folder or weights_folder()) / _STATEMENTS)


def _shipped(values: dict[str, object], path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise WeightsError(f"{path} cannot be written: {error}.", "Name a folder of your own.") from error
    return path


def shipped_statements_check(folder: Path | None = None) -> StatementsCheck | None:
    """Return the analyses beside the weights, None where there are none.

    Raises
    ------
    WeightsError
        If the file is damaged.
    """
    path = (folder or weights_folder()) / _STATEMENTS
    if not path.is_file():
        return None
    try:
        return TypeAdapter(StatementsCheck).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise WeightsError(
            f"{path.name} is no analysis of statements: {type(error).__name__}.",
            "Make it again with cardiov statements-check --ship.",
        ) from error


def shipped_comparisons(folder: Path | None = None) -> tuple[ComparisonTable, ...]:
    """Return the comparisons beside the weights, by the name of their task; none where there are none.

    Raises
    ------
    WeightsError
        If one is damaged.
    """
    tables = []
    for path in sorted(((folder or weights_folder()) / _FOLDER).glob("*.json")):
        try:
            tables.append(TypeAdapter(ComparisonTable).validate_json(path.read_bytes()))
        except (OSError, ValidationError) as error:
            raise WeightsError(
                f"{path.name} is no comparison: {type(error).__name__}.", "Make it again with cardiov compare --ship."
            ) from error
    return tuple(tables)
