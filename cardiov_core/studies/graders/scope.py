"""The scope flag against records that are not what a grader learned from: altered, made up, and of other sources.

Each altered record is measured from a range that was fitted without its fold, as are the unaltered ones that it is
compared with.
"""

import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from cardiov_core.datasets import PtbXl, labelled_records
from cardiov_core.domain import CHEST_LEADS, EcgRecord, Float64Array
from cardiov_core.errors import ConfigurationError, RecordUnsupportedError
from cardiov_core.inference import SHARE_INSIDE, distances, fit_range, fitted, limit_of, signature_of
from cardiov_core.weights import KnownRange, ModelCard, ScopePart, ScopeRow, out_of_fold_table, save_range

Alteration = Callable[[EcgRecord, np.random.Generator], EcgRecord]

_KIND = (
    "Mahalanobis distance of 71 numbers of the signal (size, spectrum, shape and likeness of the leads) on the "
    "principal components with 95 % of their variance; labels and network play no part"
)


@dataclass(frozen=True, eq=False)
class ScopeCheck:
    """A known range and what it tells.

    Attributes
    ----------
    known : KnownRange
        Of all training records.
    rows : tuple of ScopeRow
        One a kind.
    """

    known: KnownRange
    rows: tuple[ScopeRow, ...]

    def part(self, command: str) -> ScopePart:
        """Return what the model card says of it."""
        return ScopePart(
            kind=_KIND,
            limit=limit_of(self.known),
            share_inside=SHARE_INSIDE,
            n=len(self.known.held_out),
            fitted_on="training records; distances behind the limit measured from ranges that were fitted without "
            "the record's fold",
            measured=self.rows,
            command=command,
        )


def check_scope(card: ModelCard, dataset: PtbXl, foreign: Sequence[Path] = (), *, n_altered: int = 150) -> ScopeCheck:
    """Fit the known range of a grader's training records and try it on records that are none.

    Parameters
    ----------
    card : ModelCard
        With an out-of-fold table: says which records trained the grader, and their folds.
    dataset : PtbXl
        Has them.
    foreign : sequence of pathlib.Path
        Folders of other sources, as for `labelled_records`.
    n_altered : int
        At most so many training records are altered, evenly from among all of them.

    Returns
    -------
    ScopeCheck
        The same for the same records.

    Raises
    ------
    ConfigurationError
        If the grader has no out-of-fold table, or its records are too few.
    DatasetError
        If a record cannot be read.
    """
    table = training_folds(card)
    ids, folds = list(table), np.array(list(table.values()), dtype=np.int64)
    signatures = np.stack([signature_of(dataset.record(ecg_id)) for ecg_id in ids])
    known = fit_range(signatures, folds)
    without = {int(fold): fitted(signatures[folds != fold]) for fold in np.unique(folds)}
    limit, rows = limit_of(known), []
    altered: dict[str, list[float]] = {what: [] for what in ALTERATIONS}
    for ecg_id, fold in list(zip(ids, folds.tolist(), strict=True))[:: math.ceil(len(ids) / n_altered)]:
        record = dataset.record(ecg_id)
        for what, alter in ALTERATIONS.items():
            changed = alter(record, _random_of(record, what))
            altered[what] += distances(without[fold], signature_of(changed)[np.newaxis]).tolist()
    for what, measured in (*altered.items(), *_foreign(known, foreign).items()):
        values = np.asarray(measured, dtype=np.float64)
        auc = _auc(values, known.held_out)
        share = round(float((values > limit).mean()), 4)
        foreign_kind = what not in ALTERATIONS
        rows.append(ScopeRow(what=what, n=len(values), auc=round(auc, 4), flagged=share, foreign=foreign_kind))
    return ScopeCheck(known, tuple(rows))


def training_folds(card: ModelCard) -> dict[int, int]:
    """Return the records that trained a grader, each with its fold: graders with the same ones have the same range.

    Raises
    ------
    ConfigurationError
        If the grader has no out-of-fold table.
    """
    table = out_of_fold_table(card)
    if table is None:
        raise ConfigurationError(f"{card.name} does not say which records trained it.", "Train it again.")
    return dict(zip(table["ecg_id"].astype(int).tolist(), table["fold"].astype(int).tolist(), strict=True))


def ship_scope(card: ModelCard, check: ScopeCheck, command: str) -> ModelCard:
    """Write the known range beside the weights and what it tells into the card."""
    return save_range(card, check.known, check.part(command))


def _foreign(known: KnownRange, folders: Sequence[Path]) -> dict[str, list[float]]:
    by_folder: dict[str, list[float]] = {}
    for folder in folders:
        for signature in _signatures(folder):
            by_folder.setdefault(folder.name, []).extend(distances(known, signature[np.newaxis]).tolist())
    return by_folder


def _signatures(folder: Path) -> Iterator[Float64Array]:
    for item in labelled_records(folder):
        try:
            yield signature_of(item.record)
        except RecordUnsupportedError:
            # Too short or without all leads: no grader grades it, so there is nothing to flag.
            continue


def _auc(positive: Float64Array, negative: Float64Array) -> float:
    """Return the share of pairs in which the positive one is larger; ties count half (Mann and Whitney 1947)."""
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    return float((ranks.sum() - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative)))


def _random_of(record: EcgRecord, what: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{record.record_id}/{what}".encode()))


def _scaled(factor: float) -> Alteration:
    return lambda record, _: replace(record, signal=(record.signal * np.float32(factor)).astype(np.float32))


def _declared(factor: float) -> Alteration:
    return lambda record, _: replace(record, sampling_rate=record.sampling_rate * factor)


def _relabelled(sources: Mapping[str, tuple[str, float]]) -> Alteration:
    def alter(record: EcgRecord, _: np.random.Generator) -> EcgRecord:
        signal = record.signal.copy()
        for lead, (source, sign) in sources.items():
            signal[record.leads.index(lead)] = np.float32(sign) * record.lead(source)
        return replace(record, signal=signal)

    return alter


def _noisy(sd_mv: float) -> Alteration:
    def alter(record: EcgRecord, rng: np.random.Generator) -> EcgRecord:
        return replace(record, signal=(record.signal + rng.normal(0, sd_mv, record.signal.shape)).astype(np.float32))

    return alter


def _noise_only(record: EcgRecord, rng: np.random.Generator) -> EcgRecord:
    return replace(record, signal=rng.normal(0, _NOISE_MV, record.signal.shape).astype(np.float32))


def _spikes_only(record: EcgRecord, rng: np.random.Generator) -> EcgRecord:
    """Return flat leads with pacemaker spikes of 2 ms at 75 a minute and no answer: the heart does not follow."""
    del rng
    signal = np.zeros_like(record.signal)
    period, width = round(0.8 * record.sampling_rate), max(1, round(0.002 * record.sampling_rate))
    for offset in range(width):
        signal[:, period // 2 + offset :: period] = _SPIKE_MV
    return replace(record, signal=signal)


def _one_lead(record: EcgRecord, rng: np.random.Generator) -> EcgRecord:
    del rng
    return replace(record, signal=np.repeat(record.lead("II")[np.newaxis], len(record.leads), axis=0))


def _ventricular_tachycardia(record: EcgRecord, rng: np.random.Generator) -> EcgRecord:
    """Return a wide regular wave at 150 to 220 a minute, of another size in each lead."""
    time_s = np.arange(record.n_samples) / record.sampling_rate
    phase = 2 * np.pi * rng.uniform(2.5, 3.7) * time_s
    wave = np.sin(phase) + 0.35 * np.sin(2 * phase + rng.uniform(0, 2 * np.pi))
    return _of_waves(record, 0.7 * rng.normal(size=(8, 1)) * wave, rng)


def _ventricular_fibrillation(record: EcgRecord, rng: np.random.Generator) -> EcgRecord:
    """Return three waves of 3.5 to 6.5 Hz that swell and fade, mixed anew for each lead."""
    time_s = np.arange(record.n_samples) / record.sampling_rate
    waves = []
    for _ in range(3):
        turn = np.cumsum(rng.normal(size=record.n_samples)) / np.sqrt(record.sampling_rate)
        swell = 0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * time_s + rng.uniform(0, 2 * np.pi))
        waves.append(swell * np.sin(2 * np.pi * rng.uniform(3.5, 6.5) * time_s + turn))
    return _of_waves(record, 0.3 * rng.normal(size=(8, 3)) @ np.array(waves), rng)


def _of_waves(record: EcgRecord, eight: Float64Array, rng: np.random.Generator) -> EcgRecord:
    """Complete I, II, V1-V6 to twelve leads, with 10 uV of noise."""
    eight = eight + rng.normal(0, 0.01, eight.shape)
    one, two = eight[0], eight[1]
    limbs = {"I": one, "II": two, "III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    rows = limbs | dict(zip(CHEST_LEADS, eight[2:], strict=True))
    return replace(record, signal=np.stack([rows[lead] for lead in record.leads]).astype(np.float32))


_NOISE_MV = 0.3
_SPIKE_MV = 2.0
_ARMS = {"I": ("I", -1.0), "II": ("III", 1.0), "III": ("II", 1.0), "aVR": ("aVL", 1.0), "aVL": ("aVR", 1.0)}
_CHEST_REVERSED = {lead: (other, 1.0) for lead, other in zip(CHEST_LEADS, reversed(CHEST_LEADS), strict=True)}

ALTERATIONS: Mapping[str, Alteration] = {
    "ten times the gain": _scaled(10.0),
    "a tenth of the gain": _scaled(0.1),
    "twice the gain": _scaled(2.0),
    "all leads upside down": _scaled(-1.0),
    "arm electrodes swapped": _relabelled(_ARMS),
    "V1 to V6 in reverse order": _relabelled(_CHEST_REVERSED),
    "lead II in all twelve leads": _one_lead,
    "noise of 0.3 mV and nothing else": _noise_only,
    "pacemaker spikes on flat leads": _spikes_only,
    "white noise of 0.05 mV added": _noisy(0.05),
    "white noise of 0.2 mV added": _noisy(0.2),
    "500 Hz declared as 250 Hz": _declared(0.5),
    "500 Hz declared as 1000 Hz": _declared(2.0),
    "made-up ventricular tachycardia": _ventricular_tachycardia,
    "made-up ventricular fibrillation": _ventricular_fibrillation,
}
"""What is done to training records, by the words of the table."""
