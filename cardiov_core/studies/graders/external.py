"""Graders on records of other sources, whose diagnoses a table turns into critical values. It chooses nothing.

The table (``diagnosis-levels.csv``: source, pattern, critical_value) was drawn up from the statements' levels: of each
LUDB diagnosis, in lower case, the first pattern that is found in it counts, of each SNOMED CT code its row; the gravest
makes the level of the record. A record without any known diagnosis is left out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from cardiov_core.datasets import Ludb, labelled_records
from cardiov_core.domain import EcgRecord, ReasonCode, Severity, Tally, first_of
from cardiov_core.errors import DatasetError
from cardiov_core.evaluation import (
    LEVEL_KEYS,
    Interval,
    accuracy,
    area_under_curve,
    bootstrap_interval,
    expected_calibration_error,
    mean_absolute_error,
)
from cardiov_core.inference import Grader, analyze

_COLUMNS = ("source", "pattern", "critical_value")

Table = Literal["ludb", "snomed"]


@dataclass(frozen=True)
class OutsideFigures:
    """Grades of the records of one source."""

    # Folder and grader.
    source: str
    model_name: str
    n: int  # graded records; an AUC of so few is a hint, no more
    n_withheld: int  # records that the quality gate or the grader refused
    n_per_level: tuple[int, ...]  # graded records per level of the table
    # Over the graded ones.
    mae: float
    mae_interval: Interval  # 95 %, bootstrap by record
    accuracy: float
    # ``no`` ... ``high`` and ``above_low`` (medium or high against the rest); NaN where not defined.
    auc: dict[str, float]
    # Of 'medium or higher': what was stated on average, the share that is so by the table, and the expected calibration
    # error.
    stated: float
    observed: float
    calibration_error: float
    held: Tally  # prediction sets, as ``wrong`` those that did not hold the table's level
    # Records that the scope flag is up for; levels warned of as unsure; the levels without either.
    flagged: Tally
    warned: Tally
    others: Tally


def read_levels(path: Path) -> dict[Table, list[tuple[str, int]]]:
    """Read the table of diagnoses.

    Returns
    -------
    dict
        ``ludb`` and ``snomed`` -> patterns or codes with their critical values, in the order of the file.

    Raises
    ------
    DatasetError
        If the file is missing or no such table.
    """
    try:
        table = pd.read_csv(path, dtype={"source": str, "pattern": str})
        values = table["critical_value"].astype(int).tolist()
        rows = list(zip(table["source"], table["pattern"], values, strict=True))
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(
            f"{path.name} is no table of diagnoses: {error}.", f"It needs the columns {', '.join(_COLUMNS)}."
        ) from error
    return {
        "ludb": [(pattern, value) for source, pattern, value in rows if source == "ludb"],
        "snomed": [(pattern, value) for source, pattern, value in rows if source == "snomed"],
    }


def level_by_patterns(diagnoses: Iterable[str], patterns: Iterable[tuple[str, int]]) -> int | None:
    """Return the gravest level of diagnoses, each by the first pattern found in it; None where none is known."""
    known = list(patterns)
    levels = (
        next((value for pattern, value in known if re.search(pattern, diagnosis.lower())), None)
        for diagnosis in diagnoses
    )
    return max((value for value in levels if value is not None), default=None)


def outside_records(folder: Path, levels: dict[Table, list[tuple[str, int]]]) -> Iterator[tuple[EcgRecord, int]]:
    """Read the records of LUDB or of CinC whose diagnoses the table knows, each with its level."""
    if (folder / "ludb.csv").is_file():
        dataset = Ludb(folder)
        for record_id in dataset.ids():
            level = level_by_patterns(dataset.diagnoses(record_id), levels["ludb"])
            if level is not None:
                yield dataset.record(record_id), level
        return
    codes = dict(levels["snomed"])
    for item in labelled_records(folder):
        known = [codes[label] for label in item.labels if label in codes]
        if known:
            yield item.record, max(known)


def check_outside(folder: Path, levels: dict[Table, list[tuple[str, int]]], predictor: Grader) -> OutsideFigures:
    """Grade the records of a folder, as the app would, and compare with the table.

    Raises
    ------
    DatasetError
        If no record of the folder could be graded.
    """
    truth, given, probabilities, withheld = [], [], [], 0
    signs: list[tuple[bool, bool, bool]] = []
    for record, level in outside_records(folder, levels):
        prediction = analyze(record, predictor).prediction
        if prediction is None:
            withheld += 1
            continue
        truth.append(level)
        given.append(int(prediction.severity))
        probabilities.append(prediction.probabilities)
        flagged = prediction.scope is not None and prediction.scope.outside
        warned = first_of(prediction.notes, {ReasonCode.UNSURE}) is not None
        signs.append((level in (prediction.prediction_set or ()), flagged, warned))
    if not truth:
        raise DatasetError(f"No record of {folder.name} could be graded.", "Name a folder of LUDB or of CinC records.")
    labels, shares = np.asarray(truth), np.asarray(probabilities)
    areas = {key: area_under_curve(labels == at, shares[:, at]) for at, key in enumerate(LEVEL_KEYS)}
    grave, above = labels > Severity.LOW_RISK, shares[:, 2:].sum(axis=1)
    areas["above_low"] = area_under_curve(grave, above)
    covered, flagged, warned = np.array(signs, dtype=bool).T
    wrong = labels != np.asarray(given)
    return OutsideFigures(
        source=folder.name,
        model_name=predictor.name,
        n=len(truth),
        n_withheld=withheld,
        n_per_level=tuple(int((labels == severity).sum()) for severity in Severity),
        mae=mean_absolute_error(truth, given),
        mae_interval=bootstrap_interval(mean_absolute_error, truth, given),
        accuracy=accuracy(truth, given),
        auc=areas,
        stated=float(above.mean()),
        observed=float(grave.mean()),
        calibration_error=expected_calibration_error(grave, above),
        held=Tally.of(~covered, np.ones(len(covered), dtype=bool)),
        flagged=Tally.of(wrong, flagged),
        warned=Tally.of(wrong, warned),
        others=Tally.of(wrong, ~flagged & ~warned),
    )
