"""Records with what somebody else said of them: SNOMED CT codes, LUDB's diagnoses, PTB-XL's statements and axis."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from cardiov_core.datasets.ludb import Ludb
from cardiov_core.datasets.ptbxl.tree import PtbXl
from cardiov_core.domain import EcgRecord
from cardiov_core.errors import DatasetError
from cardiov_core.io import collect, read_record

Source = Literal["CinC", "LUDB", "PTB-XL"]

AXIS_LABEL = "heart_axis"
"""The label of a PTB-XL record whose table states an axis; `heart_axis:LAD` and the like say which."""

_MICROVOLTS_PER_MV = 1000.0
_DX = re.compile(r"Dx:\s*(?P<codes>\d+(?:\s*,\s*\d+)*)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class LabelledRecord:
    """One ECG and its labels.

    Attributes
    ----------
    record : EcgRecord
        As read, with age and sex where the data set knows them.
    source : {"CinC", "LUDB", "PTB-XL"}
        The kind of labels.
    labels : frozenset of str
        CinC: SNOMED CT codes. LUDB: the diagnoses in lower case, each also without what follows its first comma or
        colon. PTB-XL: SCP-ECG statements of any likelihood, and `heart_axis:...` with `heart_axis` where stated.
    """

    record: EcgRecord
    source: Source
    labels: frozenset[str]


def labelled_records(folder: Path, folds: Iterable[int] = range(1, 11)) -> Iterator[LabelledRecord]:
    """Read the labelled records of a folder.

    Parameters
    ----------
    folder : pathlib.Path
        PTB-XL (with ``ptbxl_database.csv``), LUDB (with ``ludb.csv``), or records of the CinC 2020 and 2021
        collections, whose headers state SNOMED CT codes in a comment ``Dx:``.

    Yields
    ------
    LabelledRecord
        In the order of the data set. CinC records whose ``Dx`` is empty are left out: they were never labelled.

    Raises
    ------
    DatasetError
        If a record is damaged, or the folder has no labelled record.
    """
    if (folder / "ptbxl_database.csv").is_file():
        yield from _of_ptbxl(PtbXl(folder), folds)
    elif (folder / "ludb.csv").is_file():
        yield from _of_ludb(Ludb(folder))
    else:
        yield from _of_cinc(folder)


def _of_ptbxl(dataset: PtbXl, folds: Iterable[int]) -> Iterator[LabelledRecord]:
    axes = dataset.table["heart_axis"].to_dict() if "heart_axis" in dataset.table.columns else {}
    for ecg_id in dataset.ecg_ids(folds):
        labels = set(dataset.scp_codes(ecg_id))
        axis = axes.get(ecg_id)
        if isinstance(axis, str) and axis.strip():
            labels |= {AXIS_LABEL, f"{AXIS_LABEL}:{axis.strip()}"}
        yield LabelledRecord(dataset.record(ecg_id), "PTB-XL", frozenset(labels))


def _of_ludb(dataset: Ludb) -> Iterator[LabelledRecord]:
    for record_id in dataset.ids():
        whole = {diagnosis.rstrip(".").lower() for diagnosis in dataset.diagnoses(record_id)}
        heads = {re.split("[:,]", diagnosis, maxsplit=1)[0].strip() for diagnosis in whole}
        yield LabelledRecord(in_true_mv(dataset.record(record_id)), "LUDB", frozenset(whole | heads))


def in_true_mv(record: EcgRecord) -> EcgRecord:
    """Undo LUDB's scaling: its headers state gains that bring every lead to exactly 1 mV from peak to peak.

    The stored numbers are microvolts: taken as such, III = II - I holds to the last digit in all 100 records that were
    looked at, and by the stated gains it is off by 59 % of III's own size (median).

    Parameters
    ----------
    record : EcgRecord
        As LUDB's header states it.

    Returns
    -------
    EcgRecord
        In true mV; unchanged where the header stated no gains.
    """
    gains = record.provenance.gains_per_mv
    if gains is None or len(gains) != len(record.leads):
        return record
    factors = np.asarray(gains, dtype=np.float32)[:, np.newaxis] / np.float32(_MICROVOLTS_PER_MV)
    return replace(record, signal=record.signal * factors)


def _of_cinc(folder: Path) -> Iterator[LabelledRecord]:
    n_labelled = 0
    with collect([folder]) as collection:
        for source in collection.sources:
            record = read_record(source.path)
            codes = _dx_codes(record)
            if codes:
                n_labelled += 1
                yield LabelledRecord(record, "CinC", codes)
    if not n_labelled:
        raise DatasetError(
            f"{folder} has no record with diagnoses.",
            "Name the folder of PTB-XL, of LUDB, or of CinC records whose headers state SNOMED codes after Dx.",
        )


def _dx_codes(record: EcgRecord) -> frozenset[str]:
    for comment in record.comments:
        match = _DX.match(comment)
        if match:
            return frozenset(code.strip() for code in match["codes"].split(","))
    return frozenset()
