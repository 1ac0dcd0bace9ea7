"""The quality gate on real records: how often it doubts them, what PTB-XL's notes say, and which faults it finds.

The limits of the gate were chosen on PTB-XL's folds 1 to 5. Tables that would flatter it on those tell the other folds,
or both.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cardiov_core.datasets import PtbXl, labelled_records
from cardiov_core.domain import (
    LIMB_SWAPS,
    EcgRecord,
    Float64Array,
    JsonObject,
    Quality,
    QualityVerdict,
    ReasonCode,
    as_json_values,
    first_of,
)
from cardiov_core.errors import DatasetError, RecordUnsupportedError
from cardiov_core.evaluation import area_under_curve
from cardiov_core.signals import assess_quality, find_pacing_spikes
from cardiov_core.studies.signals.faults import FAULTS, Fault, random_of

NOTES: tuple[str, ...] = ("baseline_drift", "static_noise", "burst_noise", "electrodes_problems")
"""PTB-XL's columns in which its readers noted disturbances."""

CHOSEN_ON_FOLDS = range(1, 6)
"""Folds of PTB-XL on which the limits were chosen."""

# Note -> what of the gate answers to it; to a disturbance of any kind the geometric mean of the three.
_SCORE_OF_NOTE = {"baseline_drift": "drift_mv", "static_noise": "noise_mv", "burst_noise": "burst_mv", "any": "mean"}
_LEAST_MV = 1e-4  # a step of the digital scale, roughly: keeps the logarithm finite
_PACED_LABELS = frozenset({"PACE", "10370003", "pacemaker presence"})
_SOME = 100

_KINDS: Mapping[str, frozenset[ReasonCode]] = {
    "drift": frozenset({ReasonCode.DRIFT}),
    "muscle noise": frozenset({ReasonCode.MUSCLE_NOISE}),
    "bursts": frozenset({ReasonCode.NOISE_BURST}),
    "mains hum": frozenset({ReasonCode.MAINS_HUM}),
    "clipped": frozenset({ReasonCode.LEAD_CLIPPED}),
    "flat": frozenset({ReasonCode.LEAD_FLAT, ReasonCode.LEAD_FLAT_STRETCH}),
    "gaps": frozenset({ReasonCode.LEAD_GAP}),
    "limb leads contradict": frozenset({ReasonCode.LIMB_LEADS_CONTRADICT}),
    "gain of each limb lead": frozenset({ReasonCode.LIMB_LEADS_OWN_GAINS}),
    "limb electrodes": LIMB_SWAPS,
    "chest leads": frozenset({ReasonCode.CHEST_LEADS_INTERCHANGED}),
    "gain": frozenset({ReasonCode.GAIN_IMPOSSIBLE, ReasonCode.GAIN_DOUBTFUL}),
    "no QRS complex": frozenset({ReasonCode.NO_QRS}),
    "short": frozenset({ReasonCode.TOO_SHORT, ReasonCode.SHORT}),
    "missing": frozenset({ReasonCode.LEAD_MISSING}),
}


@dataclass(frozen=True, eq=False)
class JudgedRecord:
    """One record with the gate's verdict and what is known of it."""

    record: EcgRecord
    quality: Quality  # what the gate says
    source: str  # 'PTB-XL', 'LUDB' or 'CinC'
    fold: int | None  # PTB-XL's fold
    notes: tuple[str, ...] | None  # PTB-XL's columns that note a disturbance; None for other sources
    paced: bool  # labelled as paced

    @property
    def unseen(self) -> bool:
        """True where no limit was chosen on this record."""
        return self.fold not in CHOSEN_ON_FOLDS


@dataclass(frozen=True)
class VerdictRow:
    """Verdicts on some records; `reasons` counts records by reason."""

    group: str
    n: int
    acceptable: int
    limited: int
    not_analysable: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class NoteRow:
    """A note of PTB-XL against the gate.

    `auc` is the area under the ROC curve of the number `score` (None without a noted record), `sensitivity` the share
    of noted records that the gate limits, `specificity` the share of the records without any note that it accepts.
    """

    note: str
    group: str
    n_noted: int
    n_other: int
    score: str
    auc: float | None
    sensitivity: float | None
    specificity: float | None


@dataclass(frozen=True)
class FaultRow:
    """A fault put into records: in how many it is found; `specificity` from all records as they were."""

    fault: str
    source: str
    n: int
    sensitivity: float
    n_unchanged: int
    specificity: float
    false_alarms: tuple[str, ...]


@dataclass(frozen=True)
class PacingRow:
    """Pacemaker spikes against labels."""

    source: str
    n_paced: int
    found: int  # of these; its name stands in the JSON
    n_other: int
    false_alarms: tuple[str, ...]
    missed: tuple[str, ...]


@dataclass(frozen=True)
class QualityCheck:
    """All tables of ``cardiov quality-check``."""

    verdicts: tuple[VerdictRow, ...]
    notes: tuple[NoteRow, ...]
    faults: tuple[FaultRow, ...]
    pacing: tuple[PacingRow, ...]
    skipped: tuple[str, ...] = field(default=())


def check_quality(folders: Sequence[Path], *, n_faulty: int = _SOME) -> QualityCheck:
    """Judge the records of some data sets, as they are and with faults put in.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Folders of PTB-XL, of LUDB or of labelled CinC records.
    n_faulty : int
        Records of a source that get each fault, spread evenly over those that were not used to choose limits and, in
        PTB-XL, carry no note of a disturbance.

    Returns
    -------
    QualityCheck
        The tables.

    Raises
    ------
    DatasetError
        If a folder is no such data set, or damaged.
    """
    judged: list[JudgedRecord] = []
    skipped: list[str] = []
    for folder in folders:
        for one in _judged(folder):
            if isinstance(one, str):
                skipped.append(one)
            else:
                judged.append(one)
    if not judged:
        raise DatasetError("There is no record to check.", "Name a folder of PTB-XL, of LUDB, or of CinC records.")
    sources = list(dict.fromkeys(one.source for one in judged))
    return QualityCheck(
        verdicts=tuple(_verdict_rows(judged, sources)),
        notes=tuple(_note_rows([one for one in judged if one.notes is not None])),
        faults=tuple(row for source in sources for row in _fault_rows(judged, source, n_faulty)),
        pacing=tuple(_pacing_row(judged, source) for source in sources),
        skipped=tuple(skipped),
    )


def quality_check_to_dict(check: QualityCheck) -> JsonObject:
    """Return the tables as plain values, ready for JSON."""
    return as_json_values(check)


def _judged(folder: Path) -> Iterator[JudgedRecord | str]:
    is_ptbxl = (folder / "ptbxl_database.csv").is_file()
    table = PtbXl(folder).table if is_ptbxl else None
    if table is not None and not set(NOTES) <= set(table.columns):
        raise DatasetError(
            f"{folder} has a table without the columns {', '.join(NOTES)}.", "Use ptbxl_database.csv as published."
        )
    for labelled in labelled_records(folder):
        record = labelled.record
        try:
            quality = assess_quality(record)
        except RecordUnsupportedError as error:
            yield f"{record.record_id}: {error.message}"
            continue
        fold, notes = None, None
        if table is not None:
            row = table.loc[int(record.record_id.split("_")[0])].to_dict()
            fold = int(str(row["strat_fold"]))
            notes = tuple(name for name in NOTES if isinstance(row[name], str) and row[name].strip())
        paced = bool(_PACED_LABELS & labelled.labels)
        yield JudgedRecord(record, quality, labelled.source, fold, notes, paced)


def _verdict_rows(judged: Sequence[JudgedRecord], sources: Sequence[str]) -> Iterator[VerdictRow]:
    for source in sources:
        yield _verdict_row(source, [one for one in judged if one.source == source])
    noted = [one for one in judged if one.notes is not None]
    if noted:
        free = [one for one in noted if not one.notes]
        yield _verdict_row("PTB-XL, noted as free of noise", free)
        yield _verdict_row("  of these, folds 1-5 (limits chosen)", [one for one in free if not one.unseen])
        yield _verdict_row("  of these, other folds", [one for one in free if one.unseen])
        yield _verdict_row("PTB-XL, a disturbance noted", [one for one in noted if one.notes])


def _verdict_row(group: str, judged: Sequence[JudgedRecord]) -> VerdictRow:
    verdicts = [one.quality.verdict for one in judged]
    reasons = {
        kind: sum(first_of(one.quality.reasons, codes) is not None for one in judged) for kind, codes in _KINDS.items()
    }
    return VerdictRow(
        group,
        len(judged),
        verdicts.count(QualityVerdict.ACCEPTABLE),
        verdicts.count(QualityVerdict.LIMITED),
        verdicts.count(QualityVerdict.NOT_ANALYSABLE),
        {kind: count for kind, count in reasons.items() if count},
    )


def _note_rows(judged: Sequence[JudgedRecord]) -> Iterator[NoteRow]:
    groups: tuple[tuple[str, Callable[[JudgedRecord], bool]], ...] = (
        ("all folds", lambda one: True),
        ("other folds", lambda one: one.unseen),
    )
    for group, belongs in groups if judged else ():
        chosen = [one for one in judged if belongs(one)]
        for note in (*NOTES, "any"):
            yield _note_row(note, group, chosen)


def _note_row(note: str, group: str, judged: Sequence[JudgedRecord]) -> NoteRow:
    noted = np.asarray([bool(one.notes) if note == "any" else note in (one.notes or ()) for one in judged])
    doubted = np.asarray([one.quality.verdict is not QualityVerdict.ACCEPTABLE for one in judged])
    free = np.asarray([not one.notes for one in judged])
    score = _SCORE_OF_NOTE.get(note, "")
    auc = None
    if score and noted.any() and not noted.all():
        auc = float(area_under_curve(noted, _scores(judged, score)))
    return NoteRow(
        note,
        group,
        int(noted.sum()),
        int((~noted).sum()),
        score,
        auc,
        float(doubted[noted].mean()) if noted.any() else None,
        float(1.0 - doubted[free].mean()) if free.any() else None,
    )


def _scores(judged: Sequence[JudgedRecord], name: str) -> Float64Array:
    """Return the number of each record: that of its worst lead, or the geometric mean over drift, noise and bursts."""
    if name == "mean":
        parts = [np.log(_scores(judged, part) + _LEAST_MV) for part in ("drift_mv", "noise_mv", "burst_mv")]
        together: Float64Array = np.exp(np.mean(parts, axis=0))
        return together
    worst = [max((item.measured.get(name, 0.0) for item in one.quality.leads), default=0.0) for one in judged]
    return np.asarray(worst, dtype=np.float64)


def _fault_rows(judged: Sequence[JudgedRecord], source: str, n_faulty: int) -> Iterator[FaultRow]:
    unseen = [one for one in judged if one.source == source and one.unseen and not one.notes]
    if not unseen:
        return
    some = unseen[:: max(1, -(-len(unseen) // max(1, n_faulty)))]
    for fault in FAULTS:
        alarms = tuple(one.record.record_id for one in unseen if fault.claimed_in(one.quality))
        yield FaultRow(
            fault.name,
            source,
            len(some),
            float(np.mean([_is_detected(fault, one.record) for one in some])),
            len(unseen),
            1.0 - len(alarms) / len(unseen),
            alarms,
        )


def _is_detected(fault: Fault, record: EcgRecord) -> bool:
    faulty, leads = fault.put(record, random_of(record, fault))
    return fault.detected_in(assess_quality(faulty), leads)


def _pacing_row(judged: Sequence[JudgedRecord], source: str) -> PacingRow:
    records = [one for one in judged if one.source == source]
    spiked = {one.record.record_id for one in records if find_pacing_spikes(one.record)}
    paced = {one.record.record_id for one in records if one.paced}
    return PacingRow(
        source,
        len(paced),
        len(spiked & paced),
        len(records) - len(paced),
        tuple(sorted(spiked - paced)),
        tuple(sorted(paced - spiked)),
    )
