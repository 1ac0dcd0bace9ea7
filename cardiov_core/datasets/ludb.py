"""LUDB: 12-lead ECGs in which cardiologists marked every P wave, QRS complex and T wave of each lead.

Kalyakulina et al., LUDB: A New Open-Access Validation Tool for Electrocardiogram Delineation Algorithms, IEEE Access
8 (2020), doi:10.1109/ACCESS.2020.3029211. A lead's marks are a WFDB annotation file whose extension is the lead's
name in lower case; a wave is ``(``, its peak (``p``, ``N`` or ``t``) and ``)``. The first and the last beats of a
record carry no marks.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol, get_args

from cardiov_core.datasets.locate import data_root
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Sex, WaveBoundaries
from cardiov_core.errors import DatasetError, RecordError
from cardiov_core.io import read_record

WaveKind = Literal["p", "qrs", "t"]
"""The three waves that are marked."""

WAVE_KINDS: tuple[WaveKind, ...] = get_args(WaveKind)

_TABLE_NAME = "ludb.csv"
_KIND_OF_SYMBOL: dict[str, WaveKind] = {"p": "p", "N": "qrs", "t": "t"}
_SEXES: dict[str, Sex] = {"M": "male", "F": "female"}
_NO_STATEMENT = ("ID", "Sex", "Age")


@dataclass(frozen=True)
class AnnotatedWave:
    """One wave as a cardiologist marked it in one lead.

    Attributes
    ----------
    kind : {"p", "qrs", "t"}
        Which wave.
    boundaries : WaveBoundaries
        Onset and offset in seconds of the record.
    peak_s : float
        Its marked peak, in seconds of the record.
    """

    kind: WaveKind
    boundaries: WaveBoundaries
    peak_s: float


class Ludb:
    """LUDB in a folder.

    Parameters
    ----------
    root : pathlib.Path
        The folder that holds ``ludb.csv`` and ``data/``.

    Raises
    ------
    DatasetError
        If the folder has no ``ludb.csv``.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        if not (self.root / _TABLE_NAME).is_file():
            raise DatasetError(
                f"{self.root} has no {_TABLE_NAME}.", "Name the folder into which LUDB of PhysioNet was unpacked."
            )

    @cached_property
    def _rows(self) -> Mapping[int, Mapping[str, str]]:
        path = self.root / _TABLE_NAME
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return {int(row["ID"]): row for row in csv.DictReader(file)}
        except (OSError, ValueError, KeyError, csv.Error) as exc:
            raise DatasetError(f"{path} cannot be read: {exc!r}.", "Download the table from PhysioNet again.") from exc

    def ids(self) -> list[int]:
        """Return the numbers of all records whose header is there, rising.

        Raises
        ------
        DatasetError
            If the table is damaged.
        """
        return sorted(number for number in self._rows if self._path(number).with_suffix(".hea").is_file())

    def record(self, record_id: int) -> EcgRecord:
        """Read a record, with age and sex of the table.

        Raises
        ------
        DatasetError
            If the table has no such record, or its files are missing or damaged.
        """
        row = self._row(record_id)
        try:
            record = read_record(self._path(record_id).with_suffix(".hea"))
        except RecordError as exc:
            raise DatasetError(
                f"LUDB record {record_id} cannot be read: {exc.message}", "Complete or repeat the download."
            ) from exc
        age = (row.get("Age") or "").strip().lstrip(">")
        return replace(
            record,
            age=float(age) if age.isdecimal() else record.age,
            sex=_SEXES.get((row.get("Sex") or "").strip(), record.sex),
        )

    def diagnoses(self, record_id: int) -> tuple[str, ...]:
        """Return what the cardiologists stated of a record: rhythm, axis, conduction and all other columns in order.

        Raises
        ------
        DatasetError
            If the table has no such record.
        """
        row = self._row(record_id)
        cells = [cell or "" for name, cell in row.items() if name not in _NO_STATEMENT]
        return tuple(line.strip() for cell in cells for line in cell.splitlines() if line.strip())

    def rhythms(self, record_id: int) -> tuple[str, ...]:
        """Return the stated rhythms of a record, the first column of its diagnoses.

        Raises
        ------
        DatasetError
            If the table has no such record.
        """
        lines = (self._row(record_id).get("Rhythms") or "").splitlines()
        return tuple(line.strip() for line in lines if line.strip())

    def boundaries(self, record_id: int) -> dict[str, tuple[AnnotatedWave, ...]]:
        """Return the marked waves of each standard lead, in order of time.

        Parameters
        ----------
        record_id : int
            The record.

        Returns
        -------
        dict
            Lead -> its waves that have onset, peak and offset; a mark without the other two is left out.

        Raises
        ------
        DatasetError
            If the table has no such record, or an annotation file is missing or damaged.
        """
        self._row(record_id)
        return {lead: _waves(self._read_marks(record_id, lead)) for lead in STANDARD_LEADS}

    def _read_marks(self, record_id: int, lead: str) -> "_Marks":
        import wfdb

        path = self._path(record_id)
        try:
            marks: _Marks = wfdb.rdann(str(path), lead.lower())
            return marks
        # What wfdb raises on damaged files is not documented; these are the types seen.
        except (OSError, ValueError, IndexError, KeyError, TypeError) as exc:
            raise DatasetError(
                f"The marks {path.name}.{lead.lower()} of LUDB cannot be read: {exc}.",
                "Complete or repeat the download.",
            ) from exc

    def _path(self, record_id: int) -> Path:
        return self.root / "data" / str(record_id)

    def _row(self, record_id: int) -> Mapping[str, str]:
        if record_id not in self._rows:
            raise DatasetError(
                f"{self.root / _TABLE_NAME} has no record {record_id}.", "Use a number that the table lists."
            )
        return self._rows[record_id]


class _Marks(Protocol):
    """What is needed of wfdb's annotations of a lead."""

    symbol: Sequence[str]
    sample: Sequence[int]
    fs: float


def _waves(marks: _Marks) -> tuple[AnnotatedWave, ...]:
    waves = []
    triples = zip(range(len(marks.symbol) - 2), marks.symbol, marks.symbol[1:], marks.symbol[2:], strict=False)
    for index, before, peak, after in triples:
        if before == "(" and after == ")" and peak in _KIND_OF_SYMBOL:
            onset_s, peak_s, offset_s = (float(sample) / marks.fs for sample in marks.sample[index : index + 3])
            if onset_s < offset_s:
                waves.append(AnnotatedWave(_KIND_OF_SYMBOL[peak], WaveBoundaries(onset_s, offset_s), peak_s))
    return tuple(waves)


def find_ludb() -> Ludb | None:
    """Return the LUDB of this computer.

    Returns
    -------
    Ludb or None
        ``ludb`` in the folder of real records, or that folder itself; None where neither has LUDB's table.
    """
    root = data_root()
    if root is None:
        return None
    for folder in (root / "ludb", root):
        if (folder / _TABLE_NAME).is_file():
            return Ludb(folder)
    return None
