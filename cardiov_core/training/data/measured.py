"""All that trainings need of a tree's records, read once: measurements, windows, marks and findings.

Reading and measuring 2,664 records takes minutes of a core, and forest, boosted trees, network and statement head
learn from the same. What was read is kept in a folder named after what it depends on: the tree's table, the folds and
the code that measures. Labels are not kept: they come out of the table each time.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

import cardiov_core
from cardiov_core.datasets import SAME_MARK, TABLE_NAME, PtbXl
from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.errors import DatasetError
from cardiov_core.preprocessing import prepare
from cardiov_core.signals import FEATURES, examined, features_of
from cardiov_core.training.cards.decision import FLOORS, Floors
from cardiov_core.training.data.records import checked_table, row_of

FloatMatrix = npt.NDArray[np.float64]
Windows = npt.NDArray[np.float32]

KEPT_IN = Path("runs/measured")
"""Where measured trees are kept unless another folder is named."""

CONTRACT = InputContract(
    leads=STANDARD_LEADS,
    sampling_rate_hz=100.0,
    n_samples=1000,
    band_hz=(0.5, 45.0),
    filter_order=3,
    normalisation="none",
)
"""How the windows are prepared: by the contract of the shipped network."""

_MEASURING = ("signals", "preprocessing.py", "datasets/fingerprint.py")
_NUMBERS, _WINDOWS, _DONE = "numbers.npy", "windows.npy", "records.json"


@dataclass(frozen=True, eq=False)
class Measured:
    """The records of some folds.

    Attributes
    ----------
    table : pandas.DataFrame
        As in `cardiov_core.training.data.records.TrainingRecords`. A recording that PTB-XL publishes twice stands in
        the fold of its first number both times.
    numbers : numpy.ndarray, shape (n, len(FEATURES))
        What was measured, NaN where something could not be.
    windows : numpy.ndarray
        float32 ``(n, leads, samples)`` by `CONTRACT`.
    findings : tuple of frozenset of str
        Codes of the findings that are present in each record.
    """

    table: pd.DataFrame
    numbers: FloatMatrix
    windows: Windows
    findings: tuple[frozenset[str], ...]

    @property
    def floors(self) -> Floors:
        """The levels below which findings let no record be graded."""
        levels = [
            max((int(level) for code, level in FLOORS.items() if code in present), default=0)
            for present in self.findings
        ]
        return Floors(np.array(levels, dtype=np.int64), FLOORS)


def measured(dataset: PtbXl, folds: Sequence[int], kept_in: Path = KEPT_IN, *, progress: bool = False) -> Measured:
    """Read and measure the records of some folds, or take what was kept.

    Returns
    -------
    Measured
        In the order of the data set's table.
    """
    ecg_ids = dataset.ecg_ids(folds)
    if not ecg_ids:
        raise DatasetError(
            f"{dataset.root.name} has no record in folds {', '.join(map(str, folds))}.",
            "Give a PTB-XL tree that has them, or other folds in the recipe.",
        )
    folder = kept_in / _key(dataset, ecg_ids)
    if not (folder / _DONE).is_file():
        _read_all(dataset, ecg_ids, folder, progress)
    kept = json.loads((folder / _DONE).read_text(encoding="utf-8"))
    rows = zip(ecg_ids, kept["fingerprints"], strict=True)
    table = checked_table([row_of(dataset, ecg_id, fingerprints) for ecg_id, fingerprints in rows])
    return Measured(
        with_twins_together(table),
        np.load(folder / _NUMBERS),
        np.load(folder / _WINDOWS, mmap_mode="r"),
        tuple(frozenset(codes) for codes in kept["findings"]),
    )


def twins_of(marks: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of rows whose marks say that they are one recording, the earlier row first."""
    bits = np.frombuffer(bytes.fromhex("".join(marks)), dtype=np.uint8).reshape(len(marks), -1)
    found = []
    for row in range(len(marks) - 1):
        differing = np.bitwise_count(bits[row] ^ bits[row + 1 :]).sum(axis=1)
        found += [(row, row + 1 + int(other)) for other in np.flatnonzero(differing <= SAME_MARK)]
    return found


def with_twins_together(table: pd.DataFrame) -> pd.DataFrame:
    """Put a recording that is there twice into one fold, whoever it is said to be from."""
    fold = table["fold"].to_numpy(copy=True)
    owner = table["patient_id"].to_numpy()
    for first, second in twins_of(table["mark"].tolist()):
        # With the twin goes all else of its patient.
        fold[owner == owner[second]] = fold[first]
    return table.assign(fold=fold)


def _read_all(dataset: PtbXl, ecg_ids: Sequence[int], folder: Path, progress: bool) -> None:
    """Read each record once; the file that says what is there is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = np.empty((len(ecg_ids), len(FEATURES)))
    windows = np.empty((len(ecg_ids), len(CONTRACT.leads), CONTRACT.n_samples), dtype=np.float32)
    fingerprints, findings = [], []
    read = tqdm(dataset.read(ecg_ids), disable=not progress, unit="record", total=len(ecg_ids))
    for row, (record, known_by) in enumerate(read):
        examination = examined(record)
        numbers[row] = features_of(record, examination.measurements)
        windows[row] = prepare(record, CONTRACT).values
        fingerprints.append(dict(known_by))
        findings.append(sorted(one.code for one in examination.findings if one.state == "present"))
    np.save(folder / _NUMBERS, numbers)
    np.save(folder / _WINDOWS, windows)
    partial = folder / f"{_DONE}.part"
    partial.write_text(json.dumps({"fingerprints": fingerprints, "findings": findings}), encoding="utf-8")
    partial.replace(folder / _DONE)


def _key(dataset: PtbXl, ecg_ids: Sequence[int]) -> str:
    """Return a name that changes with the tree, the records asked for and the code that measures."""
    digest = hashlib.sha256((dataset.root / TABLE_NAME).read_bytes())
    digest.update(json.dumps([list(ecg_ids), [feature.key for feature in FEATURES]]).encode())
    root = Path(cardiov_core.__file__).parent
    for name in _MEASURING:
        path = root / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    delineator = root.parent / "weights" / "delineator" / "delineator.json"
    if delineator.is_file():
        digest.update(delineator.read_bytes())
    return digest.hexdigest()[:16]
