"""A PTB-XL tree turned into a cache (`cardiov_core.datasets.cache`), a record at a time and resumable.

Windows are flushed to the file before their rows are written down, so that after a kill every row that is there has its
window; ``cache.json``, which makes the folder a cache, is written last.
"""

import csv
import io
import json
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cardiov_core.datasets import (
    CACHE_NAME,
    PARTIAL,
    RECORD_COLUMNS,
    RECORDS_NAME,
    TABLE_NAME,
    TABLES,
    VERSION,
    WINDOWS_NAME,
    LabelledRecords,
    PtbXl,
    PtbXlCache,
    fingerprints_of,
    sha256_of,
    shortened,
)
from cardiov_core.domain import FloatArray, InputContract, as_json_values
from cardiov_core.errors import CardioVError, DatasetError
from cardiov_core.preprocessing import prepare

_CHUNK = 64
"""Records between two flushes: what a kill costs at most."""

Windows = FloatArray


@dataclass(frozen=True)
class Preparation:
    """What a preparation left behind."""

    cache: PtbXlCache  # the finished folder
    n_records: int  # records whose windows are in it
    unreadable: Mapping[int, str]  # ``ecg_id`` -> why there is no window; only where that was allowed


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One record's window and fingerprints, or why there are none."""

    ecg_id: int
    window: Windows | None = None
    fingerprints: Mapping[str, str] | None = None
    fault: str = ""


def prepare_cache(
    dataset: LabelledRecords,
    contract: InputContract,
    out: Path,
    *,
    skip_unreadable: bool = False,
    progress: bool = False,
) -> Preparation:
    """Prepare all records of a PTB-XL tree, or go on where that was interrupted.

    Parameters
    ----------
    dataset : LabelledRecords
        The tree; all of its folds are prepared, since the recipe says later which it wants.
    contract : InputContract
        The recipe's.
    out : pathlib.Path
        Folder of the cache; made where it is missing.
    skip_unreadable : bool
        Leave out records that cannot be read, and name them in ``cache.json``. By default everything else is
        prepared, and then they are an error: who mends them loses nothing.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Preparation
        With the finished cache.

    Raises
    ------
    DatasetError
        If `out` holds something else, the disk is too small, or records cannot be read.
    """
    if not isinstance(dataset, PtbXl):
        raise DatasetError(
            f"{dataset.source_name} is a cache already, so it has no whole records.",
            "Name the PTB-XL tree it was made of.",
        )
    identity = {"contract": as_json_values(contract), "table_sha256": sha256_of(dataset.root / TABLE_NAME)}
    if not (out / CACHE_NAME).is_file():
        _begin(out, identity, (len(dataset.table), len(contract.leads), contract.n_samples))
        faults = _fill(dataset, contract, out, progress)
        if faults and not skip_unreadable:
            raise DatasetError(_fault_sentence(faults, dataset), _MEND)
        _finish(dataset, identity, out, faults)
    cache = PtbXlCache(out)
    cache.require(contract)
    if cache.table_sha256 != identity["table_sha256"]:
        raise DatasetError(f"{out} holds a cache of another tree ({cache.source_name}).", "Choose another folder.")
    return Preparation(cache, len(cache.cached), cache.unreadable)


_MEND = (
    "Complete the download (`cardiov data ptb-xl`) and run the same command again, which goes on with these alone; or "
    "leave them out with --skip-unreadable."
)


def _fault_sentence(faults: Mapping[int, str], dataset: PtbXl) -> str:
    first = next(iter(faults.values()))
    names = shortened([f"{ecg_id:05d}" for ecg_id in faults])
    return f"{len(faults)} of {len(dataset.table)} records cannot be prepared: {names}. The first: {first}"


def _begin(out: Path, identity: Mapping[str, object], shape: tuple[int, int, int]) -> None:
    """Claim the folder, or make sure that what was begun in it is this."""
    marker = out / f"{CACHE_NAME}{PARTIAL}"
    if marker.is_file():
        if json.loads(marker.read_text(encoding="utf-8")) != identity:
            raise DatasetError(
                f"A preparation of another tree or contract was begun in {out}.", "Delete that folder or name another."
            )
        return
    if out.is_dir() and any(out.iterdir()):
        raise DatasetError(f"{out} is not empty and no cache.", "Name a new folder for the cache.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        needed = int(np.prod(shape)) * np.dtype(np.float32).itemsize
        free = shutil.disk_usage(out).free
        if free < needed:
            raise DatasetError(
                f"The cache needs {needed / 1e9:.2f} GB, and {out} has {free / 1e9:.2f} GB free.",
                "Name a folder on a larger disk.",
            )
        np.lib.format.open_memmap(out / WINDOWS_NAME, mode="w+", dtype=np.float32, shape=shape).flush()
        (out / RECORDS_NAME).write_text(_line(RECORD_COLUMNS), encoding="utf-8")
        _write_whole(marker, json.dumps(identity, indent=2))
    except OSError as error:
        raise DatasetError(f"{out} cannot be written: {error.strerror}.", "Name a folder of your own.") from error


def _fill(dataset: PtbXl, contract: InputContract, out: Path, progress: bool) -> dict[int, str]:
    """Prepare what is not there yet and return why the rest cannot be."""
    ids = [int(ecg_id) for ecg_id in dataset.table.index]
    row_of = {ecg_id: row for row, ecg_id in enumerate(ids)}
    windows = np.load(out / WINDOWS_NAME, mmap_mode="r+", allow_pickle=False)
    done = _rows_kept(out / RECORDS_NAME, windows)
    missing = [ecg_id for ecg_id in ids if ecg_id not in done]
    faults: dict[int, str] = {}
    with (
        (out / RECORDS_NAME).open("a", encoding="utf-8", newline="") as listed,
        tqdm(total=len(ids), initial=len(done), disable=not progress, unit="record") as bar,
    ):
        for first in range(0, len(missing), _CHUNK):
            lines = []
            for ecg_id in missing[first : first + _CHUNK]:
                one = _prepared(dataset, contract, ecg_id)
                if one.window is None or one.fingerprints is None:
                    faults[one.ecg_id] = one.fault
                else:
                    windows[row_of[one.ecg_id]] = one.window
                    crc32 = zlib.crc32(one.window.data)
                    lines.append(_line((one.ecg_id, row_of[one.ecg_id], *one.fingerprints.values(), crc32)))
                bar.update()
            windows.flush()
            listed.write("".join(lines))
            listed.flush()
    return faults


def _rows_kept(path: Path, windows: Windows) -> set[int]:
    """Return the records that are finished, and drop rows that a kill tore or whose window did not reach the disk."""
    head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept, done = [], set()
    for line in rows:
        cells = line.rstrip("\n").split(",")
        if line.endswith("\n") and len(cells) == len(RECORD_COLUMNS):
            ecg_id, row, crc32 = int(cells[0]), int(cells[1]), int(cells[-1])
            if ecg_id not in done and zlib.crc32(windows[row].data) == crc32:
                kept.append(line)
                done.add(ecg_id)
    _write_whole(path, "".join([head, *kept]))
    return done


def _finish(dataset: PtbXl, identity: Mapping[str, object], out: Path, faults: Mapping[int, str]) -> None:
    for name in TABLES:
        if (dataset.root / name).is_file():
            shutil.copyfile(dataset.root / name, out / name)
    checked = [name for name in (*TABLES, RECORDS_NAME) if (out / name).is_file()]
    files: dict[str, object] = {
        name: {"bytes": (out / name).stat().st_size, "sha256": sha256_of(out / name)} for name in checked
    }
    files[WINDOWS_NAME] = {"bytes": (out / WINDOWS_NAME).stat().st_size}
    card = {
        "version": VERSION,
        "contract": identity["contract"],
        "source": {"name": dataset.root.resolve().name, "table_sha256": identity["table_sha256"]},
        "unreadable": {str(ecg_id): why for ecg_id, why in faults.items()},
        "files": files,
    }
    _write_whole(out / CACHE_NAME, json.dumps(card, indent=2, ensure_ascii=False))
    (out / f"{CACHE_NAME}{PARTIAL}").unlink()


def _prepared(dataset: PtbXl, contract: InputContract, ecg_id: int) -> _Prepared:
    try:
        full, coarse = dataset.record(ecg_id, 500), dataset.record(ecg_id, 100)
        return _Prepared(ecg_id, prepare(full, contract).values, fingerprints_of(full, coarse))
    except CardioVError as error:
        return _Prepared(ecg_id, fault=error.message)


def _line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, so that a kill leaves the old or the new one."""
    partial_path = path.with_name(f"{path.name}.tmp")
    partial_path.write_text(text, encoding="utf-8")
    partial_path.replace(path)
