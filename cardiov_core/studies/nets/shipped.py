"""Comparisons that come with CardioV: one file a task beside the weights, shown on the Performance page."""

import json
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cardiov_core.errors import WeightsError
from cardiov_core.studies.nets.table import ComparisonTable
from cardiov_core.weights import weights_folder

_FOLDER = "comparisons"


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
    path = (folder or weights_folder()) / _FOLDER / f"{table.task}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(table), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise WeightsError(f"{path} cannot be written: {error}.", "Name a folder of your own.") from error
    return path


def shipped_comparisons(folder: Path | None = None) -> tuple[ComparisonTable, ...]:
    """Return the comparisons beside the weights, by the name of their task; none where there are none.

    Raises
    ------
    WeightsError
        If one is damaged.
    """
    found = []
    for path in sorted(((folder or weights_folder()) / _FOLDER).glob("*.json")):
        try:
            found.append(TypeAdapter(ComparisonTable).validate_json(path.read_bytes()))
        except (OSError, ValidationError) as error:
            raise WeightsError(
                f"{path.name} is no comparison: {type(error).__name__}.", "Make it again with cardiov compare --ship."
            ) from error
    return tuple(found)
