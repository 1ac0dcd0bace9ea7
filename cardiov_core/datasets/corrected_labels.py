"""Labels that cardiologists corrected: the file that ``cardiov review export labels`` writes.

CSV with the columns ``ecg_id`` and ``level`` (0-3); ``reader`` and ``time`` say who decided and when, and are not used.
"""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cardiov_core.domain import Severity
from cardiov_core.errors import LabelError

_NEEDED = ("ecg_id", "level")


@dataclass(frozen=True)
class CorrectedLabels:
    """Levels that count instead of a data set's own."""

    levels: Mapping[int, Severity]  # ``ecg_id`` -> level
    sha256: str  # of the file, so that results can say which labels they used


def read_labels(path: Path) -> CorrectedLabels:
    """Read a file of corrected labels.

    Parameters
    ----------
    path : pathlib.Path
        CSV with a header.

    Returns
    -------
    CorrectedLabels
        One level per record.

    Raises
    ------
    LabelError
        If the file cannot be read, lacks a column, holds no label, names a record twice, or a row has no number or no
        level.
    """
    try:
        content = path.read_bytes()
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelError(f"{path} cannot be read: {error}.", "Name a CSV with the columns ecg_id and level.") from error
    if missing:
        raise LabelError(f"{path.name} lacks the columns {', '.join(missing)}.", "Needed: ecg_id and level.")
    levels: dict[int, Severity] = {}
    for number, row in enumerate(rows, start=1):
        try:
            ecg_id, level = int(row["ecg_id"]), Severity(int(row["level"]))
        except (TypeError, ValueError) as error:
            raise LabelError(
                f"{path.name}, row {number}: {row['ecg_id']!r}, {row['level']!r} are no record and level.",
                "Write the record's number and a level from 0 to 3.",
            ) from error
        if ecg_id in levels:
            raise LabelError(f"{path.name}, row {number}: record {ecg_id} again.", "Keep one row per record.")
        levels[ecg_id] = level
    if not levels:
        raise LabelError(f"{path.name} holds no label.", "Settle cases in the review first.")
    return CorrectedLabels(levels, hashlib.sha256(content).hexdigest())
