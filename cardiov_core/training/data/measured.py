"""All that trainings need of a tree's records, read once: measurements, windows, marks and findings.

Forest, boosted trees, network and statement head learn from the same. The measurements themselves are kept by
`cardiov_core.signals.KeptExaminations`; what is made of them here is kept beside, in a folder named after what it
depends on: the tree's table, the folds, the measurements and the finding detectors. Labels are not kept: they come out
of the table each time.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from cardiov_core.datasets import SAME_MARK, TABLE_NAME, PtbXl
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Float64Array, FloatArray, InputContract
from cardiov_core.errors import DatasetError
from cardiov_core.preprocessing import prepare
from cardiov_core.signals import FEATURES, KEPT_IN, KeptExaminations, code_digest, features_of, measuring_key
from cardiov_core.training.cards.decision import Floors
from cardiov_core.training.data.records import checked_table, row_of
from cardiov_core.weights import load_findings

Windows = FloatArray

CONTRACT = InputContract(
    leads=STANDARD_LEADS,
    sampling_rate_hz=100.0,
    n_samples=1000,
    band_hz=(0.5, 45.0),
    filter_order=3,
    normalisation="none",
)
"""How the windows are prepared: by the contract of the shipped network."""

_MADE_BY = ("signals/findings", "signals/features.py", "signals/wave_features.py", "datasets/fingerprint.py")
_NUMBERS, _WINDOWS, _DONE = "numbers.npy", "windows.npy", "records.json"


@dataclass(frozen=True, eq=False)
class Measured:
    """The records of some folds."""

    # As in `cardiov_core.training.data.records.TrainingRecords`. A recording that PTB-XL publishes twice stands in the
    # fold of its first number both times.
    table: pd.DataFrame
    numbers: Float64Array  # shape (n, len(FEATURES)), what was measured, NaN where something could not be
    windows: Windows  # float32 ``(n, leads, samples)`` by `CONTRACT`
    findings: tuple[frozenset[str], ...]  # codes of the findings that are present in each record

    @property
    def floors(self) -> Floors:
        """The findings that may raise a level."""
        return Floors.of(self.findings)


def measured_records(
    dataset: PtbXl, folds: Sequence[int], kept_in: Path = KEPT_IN, *, progress: bool = False
) -> Measured:
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
        _read_all(dataset, ecg_ids, folder, KeptExaminations(kept_in), progress)
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
    twins = []
    for row in range(len(marks) - 1):
        differing = np.bitwise_count(bits[row] ^ bits[row + 1 :]).sum(axis=1)
        twins += [(row, row + 1 + int(other)) for other in np.flatnonzero(differing <= SAME_MARK)]
    return twins


def with_twins_together(table: pd.DataFrame) -> pd.DataFrame:
    """Put a recording that is there twice into one fold, whoever it is said to be from."""
    fold = table["fold"].to_numpy(copy=True)
    owner = table["patient_id"].to_numpy()
    for first, second in twins_of(table["mark"].tolist()):
        # With the twin goes all else of its patient.
        fold[owner == owner[second]] = fold[first]
    return table.assign(fold=fold)


def _read_all(
    dataset: PtbXl, ecg_ids: Sequence[int], folder: Path, examinations: KeptExaminations, progress: bool
) -> None:
    """Read each record once; the file that says what is there is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = np.empty((len(ecg_ids), len(FEATURES)))
    windows = np.empty((len(ecg_ids), len(CONTRACT.leads), CONTRACT.n_samples), dtype=np.float32)
    fingerprints: list[dict[str, str]] = []
    findings: list[list[str]] = []

    def records() -> Iterator[EcgRecord]:
        for record, known_by in tqdm(dataset.read(ecg_ids), disable=not progress, unit="record", total=len(ecg_ids)):
            fingerprints.append(dict(known_by))
            yield record

    for row, examination in enumerate(examinations.of(records())):
        numbers[row] = features_of(examination.record, examination.measurements)
        windows[row] = prepare(examination.record, CONTRACT).values
        findings.append(sorted(one.code for one in examination.findings if one.state == "present"))
    np.save(folder / _NUMBERS, numbers)
    np.save(folder / _WINDOWS, windows)
    partial = folder / f"{_DONE}.part"
    partial.write_text(json.dumps({"fingerprints": fingerprints, "findings": findings}), encoding="utf-8")
    partial.replace(folder / _DONE)


def _key(dataset: PtbXl, ecg_ids: Sequence[int]) -> str:
    """Return a name that changes with the tree, the records asked for, what measures them and what finds."""
    digest = hashlib.sha256((dataset.root / TABLE_NAME).read_bytes())
    digest.update(json.dumps([list(ecg_ids), [feature.key for feature in FEATURES]]).encode())
    digest.update((measuring_key() + code_digest(_MADE_BY)).encode())
    detectors = load_findings()
    digest.update(b"" if detectors is None else detectors.card.sha256.encode())
    return digest.hexdigest()[:16]
