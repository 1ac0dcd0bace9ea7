"""What a PTB-XL tree holds: the paper's Table 1, the records per level under each label rule, and where they come from.

The paper (Wei et al. 2022, doi:10.1186/s12911-022-02035-w) counted PTB-XL 1.0.1 with 21,837 records; PhysioNet's 1.0.3
has 21,799, so its counts stand beside ours as a check of the reading, not as a target.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from cardiov_core.datasets.ptbxl import PtbXlTable
from cardiov_core.domain import AGE_OVER_89, JsonObject, Severity, as_json_values
from cardiov_core.errors import DatasetError
from cardiov_core.statements import LABEL_RULES, LabelRule, label_of

FOLD_GROUPS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"1-8": tuple(range(1, 9)), "9": (9,), "10": (10,), "all": tuple(range(1, 11))}
)
"""PTB-XL's own split: 1-8 train, 9 validates, 10 tests."""

CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "NORM": "Normal ECG",
        "MI": "Myocardial infarction",
        "STTC": "ST/T change",
        "CD": "Conduction disturbance",
        "HYP": "Hypertrophy",
    }
)
"""Diagnostic superclasses of ``scp_statements.csv`` in the order and the words of the paper's Table 1."""


@dataclass(frozen=True)
class PaperCounts:
    """The paper's Table 1, by the names of `Description`, and the records per level of its Table 2."""

    n_records: int
    n_patients: int
    classes: Mapping[str, int]
    sexes: Mapping[str, int]
    durations_s: Mapping[str, int]
    age_mean: float
    age_min: float
    age_max: float
    n_under_65: int
    n_from_65: int
    levels: tuple[int, ...]


PAPER = PaperCounts(
    n_records=21837,
    n_patients=18885,
    classes={"NORM": 9528, "MI": 5486, "STTC": 5250, "CD": 4907, "HYP": 2655},
    sexes={"male": 11379, "female": 10458},
    durations_s={"10": 21837},
    age_mean=60.0,
    age_min=2.0,
    age_max=95.0,
    n_under_65=12331,
    n_from_65=9417,
    levels=(9148, 5322, 3241, 4126),
)
"""Levels by highest likelihood."""

FIRST_NUMBERS = 500
"""PTB-XL's first records: of the oldest years and few devices, so that what holds on them need not hold on the rest."""

AGE_LIMIT = 65.0
_OLDEST = 90.0
_STATEMENTS_NAME = "scp_statements.csv"


@dataclass(frozen=True)
class Part:
    """Where some records of a tree come from.

    Attributes
    ----------
    title : str
        Which records.
    n_records : int
        How many.
    age_median : float or None
        In years; ages over 89, which PTB-XL masks, count as 90. None where none is stated.
    years : tuple of int, or None
        First and last year of recording; None where none is stated.
    devices, sites, annotators : mapping of str to int
        Records of each, the most frequent first; 'not stated' where the table has nothing.
    n_validated_by_human : int
        Records whose statements a human validated.
    levels : tuple of int
        Records of levels 0-3 by highest likelihood.
    """

    title: str
    n_records: int
    age_median: float | None
    years: tuple[int, int] | None
    devices: Mapping[str, int]
    sites: Mapping[str, int]
    annotators: Mapping[str, int]
    n_validated_by_human: int
    levels: tuple[int, ...]


@dataclass(frozen=True)
class Description:
    """Counts of a PTB-XL tree.

    Attributes
    ----------
    n_records, n_patients : int
        Rows of the table, and their different patients.
    classes : mapping of str to int, or None
        Diagnostic superclass -> records with a statement of it, whatever its likelihood (a record may have several);
        None where the tree has no ``scp_statements.csv``.
    durations_s : mapping of str to int
        Length in seconds -> records, by the headers at 500 Hz; ``"not there"`` counts records without one.
    sexes : mapping of str to int
        male, female and, where there are some, unknown.
    age_mean, age_min, age_max : float or None
        In years, of records with a stated age; PTB-XL writes 300 for every age over 89, which counts here only as
        'from 65'. None where no age is stated.
    n_under_65, n_from_65, n_over_89_masked, n_age_unknown : int
        Records.
    levels : mapping of str to mapping of str to tuple of int
        Label rule -> fold group (`FOLD_GROUPS`) -> records of levels 0-3.
    n_graded_differently : mapping of str to int
        Fold group -> records that the two rules put on different levels.
    parts : tuple of Part
        The records numbered up to `FIRST_NUMBERS`, and the rest; empty where all are in one of the two.
    """

    n_records: int
    n_patients: int
    classes: Mapping[str, int] | None
    durations_s: Mapping[str, int]
    sexes: Mapping[str, int]
    age_mean: float | None
    age_min: float | None
    age_max: float | None
    n_under_65: int
    n_from_65: int
    n_over_89_masked: int
    n_age_unknown: int
    levels: Mapping[LabelRule, Mapping[str, tuple[int, ...]]]
    n_graded_differently: Mapping[str, int]
    parts: tuple[Part, ...]

    def as_dict(self) -> JsonObject:
        """Return the counts as plain values, with the paper's under ``paper``."""
        return as_json_values(self) | {"paper": as_json_values(PAPER)}


def describe(dataset: PtbXlTable) -> Description:
    """Count what is in a PTB-XL tree.

    Parameters
    ----------
    dataset : PtbXlTable
        The tree; corrected labels do not count here, since the question is about the statements.

    Returns
    -------
    Description
        Counts of the records in the tree's table.

    Raises
    ------
    DatasetError
        If a table cannot be read, or lacks a column.
    """
    table = dataset.table
    ages = table["age"].dropna()
    stated = ages[ages != AGE_OVER_89]
    labels = {
        rule: pd.Series([int(label_of(codes, rule)) for codes in table["scp_codes"]], index=table.index)
        for rule in LABEL_RULES
    }
    groups = {name: table["strat_fold"].isin(folds) for name, folds in FOLD_GROUPS.items()}
    one, other = LABEL_RULES
    return Description(
        n_records=len(table),
        n_patients=int(table["patient_id"].nunique()),
        classes=_classes(dataset),
        durations_s=_durations(dataset),
        sexes=_sexes(table["sex"]),
        age_mean=float(stated.mean()) if len(stated) else None,
        age_min=float(stated.min()) if len(stated) else None,
        age_max=float(stated.max()) if len(stated) else None,
        n_under_65=int((ages < AGE_LIMIT).sum()),
        n_from_65=int((ages >= AGE_LIMIT).sum()),
        n_over_89_masked=int((ages == AGE_OVER_89).sum()),
        n_age_unknown=int(table["age"].isna().sum()),
        levels={
            rule: {
                name: tuple(int((column[within] == level).sum()) for level in Severity)
                for name, within in groups.items()
            }
            for rule, column in labels.items()
        },
        n_graded_differently={
            name: int((labels[one] != labels[other])[within].sum()) for name, within in groups.items()
        },
        parts=_parts(table, labels["highest_likelihood"]),
    )


def _parts(table: pd.DataFrame, levels: "pd.Series[int]") -> tuple[Part, ...]:
    first = np.asarray(table.index <= FIRST_NUMBERS)
    if first.all() or not first.any():
        return ()
    named = ((f"numbers 1 to {FIRST_NUMBERS}", first), (f"numbers above {FIRST_NUMBERS}", ~first))
    return tuple(_part(title, table[within], levels[within]) for title, within in named)


def _part(title: str, table: pd.DataFrame, levels: "pd.Series[int]") -> Part:
    ages = table["age"].dropna().clip(upper=_OLDEST)
    years = pd.to_datetime(table["recording_date"], errors="coerce").dt.year.dropna()
    return Part(
        title=title,
        n_records=len(table),
        age_median=float(ages.median()) if len(ages) else None,
        years=(int(years.min()), int(years.max())) if len(years) else None,
        devices=_counted(table, "device"),
        sites=_counted(table, "site"),
        annotators=_counted(table, "validated_by"),
        n_validated_by_human=int((_column(table, "validated_by_human").astype(str) == "True").sum()),
        levels=tuple(int((levels == level).sum()) for level in Severity),
    )


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name] if name in table.columns else pd.Series(None, index=table.index, dtype=object)


def _counted(table: pd.DataFrame, name: str) -> dict[str, int]:
    """Count a column's values, the most frequent first; numbers as whole numbers, texts without runs of spaces."""
    counts = Counter(value_in_words(value) for value in _column(table, name))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def value_in_words(value: object) -> str:
    """Return a cell of the table as text: whole numbers without a fraction, 'not stated' where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "not stated"
    return f"{value:g}" if isinstance(value, float) else " ".join(str(value).split())


def _classes(dataset: PtbXlTable) -> dict[str, int] | None:
    path = dataset.root / _STATEMENTS_NAME
    if not path.is_file():
        return None
    try:
        statements = pd.read_csv(path, index_col=0)
        diagnostic = statements[statements["diagnostic"] == 1]["diagnostic_class"].to_dict()
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"{path} cannot be read: {error}.", "Download the table from PhysioNet again.") from error
    counts = Counter(
        name
        for codes in dataset.table["scp_codes"]
        for name in {diagnostic[code] for code in codes if code in diagnostic}
    )
    return {name: counts[name] for name in CLASSES}


def _sexes(column: pd.Series) -> dict[str, int]:
    counts = {"male": int((column == 0).sum()), "female": int((column == 1).sum())}
    unknown = len(column) - sum(counts.values())
    return counts | ({"unknown": unknown} if unknown else {})


def _durations(dataset: PtbXlTable) -> dict[str, int]:
    counts = Counter(_duration_of(dataset.root / f"{name}.hea") for name in dataset.table["filename_hr"])
    return {name: counts[name] for name in sorted(counts)}


def _duration_of(header: Path) -> str:
    """Read the first line of a WFDB header: name, leads, rate, samples."""
    try:
        with header.open(encoding="ascii", errors="replace") as file:
            parts = file.readline().split()
        return f"{int(parts[3]) / float(parts[2].partition('/')[0]):g}"
    except FileNotFoundError:
        return "not there"
    except (OSError, IndexError, ValueError, ZeroDivisionError):
        return "unreadable"
