"""How far two ECGs of one person differ without a change: halves of one record, and ECGs a few days apart.

Halves of PTB-XL's records give the numbers and the rules' findings. Graders and detectors learned from those records,
and would agree on their halves too well: levels and probabilities come from the halves of records that they never saw.
ECGs of one person are whole records of PTB-XL, which graders and detectors answer out of fold.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from cardiov_core.comparison import (
    EXPECTED_LEVEL,
    PLACES,
    TRAINED,
    FlipNoise,
    NoiseFloor,
    NoiseSource,
    NumberNoise,
    Place,
    Spread,
    difference,
    expected_level,
    numbers_of,
    probabilities_of,
)
from cardiov_core.datasets import PtbXl, labelled_records
from cardiov_core.domain import Analysis, EcgRecord
from cardiov_core.errors import DatasetError
from cardiov_core.inference import Grader, analyze
from cardiov_core.signals import Examination

REPEAT_DAYS = 7.0
"""Two ECGs of one person that lie no further apart are repeats: some really changed, half of them hardly did."""

SHORTEST_S = 9.0
"""Shorter records are not halved."""

NORMAL_P95_TO_MEDIAN = 1.960 / 0.6745
"""95th percentile over median of the absolute value of a normal variable: a few real changes do not move a median."""

_BY_HALVES = ("heart_rate_bpm",)
# A rate that differs from day to day has changed, whatever the reason: only what halves differ by is no change.

_DIGITS = 3


@dataclass
class _Pairs:
    """What was collected of pairs of one kind."""

    differences: dict[Place, list[float]] = field(default_factory=dict)
    flips: dict[str, list[bool]] = field(default_factory=dict)
    n: int = 0

    def add(self, first: Analysis, second: Analysis, *, learned: bool, ruled: bool) -> None:
        """Take a pair: what rules and measurements say, what graders and detectors say, or both."""
        self.n += 1
        if ruled:
            one, other = numbers_of(first), numbers_of(second)
            for place in PLACES:
                self._differ(place, one[place].value, other[place].value)
        if learned:
            one_p, other_p = probabilities_of(first), probabilities_of(second)
            for code in one_p.keys() & other_p.keys():
                self._differ((TRAINED, code), one_p[code], other_p[code])
            self._differ((EXPECTED_LEVEL, ""), expected_level(first), expected_level(second))
            if first.level is not None and second.level is not None:
                self.flips.setdefault("level", []).append(first.level != second.level)
        for before, after in zip(first.findings, second.findings, strict=True):
            wanted = learned if TRAINED in before.measured or TRAINED in after.measured else ruled
            if wanted and "not measurable" not in (before.state, after.state):
                self.flips.setdefault(before.code, []).append(before.state != after.state)

    def _differ(self, place: Place, one: float | None, other: float | None) -> None:
        if one is not None and other is not None:
            self.differences.setdefault(place, []).append(abs(difference(place[0], one, other)))


def measure_noise_floor(
    folder: Path, unseen: Iterable[Path], grader: Grader, folds: Iterable[int] = range(1, 10)
) -> NoiseFloor:
    """Measure how far ECGs differ without a change.

    Parameters
    ----------
    folder : pathlib.Path
        PTB-XL.
    unseen : iterable of pathlib.Path
        Folders of labelled records that trained neither graders nor detectors: LUDB, CinC.
    grader : Grader
        Whose levels are compared.
    folds : iterable of int
        Folds of PTB-XL whose records are halved; repeats are looked for in all.

    Returns
    -------
    NoiseFloor
        With the limits that follow.

    Raises
    ------
    DatasetError
        If nobody in the folder has two ECGs within a week.
    """
    dataset = PtbXl(folder)
    halves = _Pairs()
    for ecg_id in dataset.ecg_ids(folds):
        for one, other in _halves(dataset.record(ecg_id, sampling_rate_hz=500)):
            halves.add(_examined(one), _examined(other), learned=False, ruled=True)
    new_halves, n_unseen = _new_halves(unseen, grader)
    repeats, n_same_day = _repeated(dataset, grader)
    if not repeats.n:
        raise DatasetError(
            f"In {folder} nobody has two ECGs within {REPEAT_DAYS:g} days.", "Name a folder of PTB-XL that has some."
        )
    n_patients = int((dataset.table.groupby("patient_id").size() > 1).sum())
    source = NoiseSource(
        data="PTB-XL",
        folds=", ".join(str(fold) for fold in folds),
        n_halved=halves.n,
        n_unseen_halved=new_halves.n,
        n_unseen=n_unseen,
        n_patients_with_several=n_patients,
        n_repeats=repeats.n,
        repeat_days=REPEAT_DAYS,
        n_same_day=n_same_day,
        grader=grader.name,
        command="cardiov noise-floor PTB-XL LUDB CINC --ship",
    )
    within = _merged(halves, new_halves)
    places = [*PLACES, *sorted({*within.differences, *repeats.differences} - {*PLACES})]
    numbers = {place: _noise(place, within, repeats) for place in places}
    return NoiseFloor(
        source, {place: noise for place, noise in numbers.items() if noise is not None}, _flips(within, repeats)
    )


def _new_halves(unseen: Iterable[Path], grader: Grader) -> tuple["_Pairs", int]:
    """Return the halves of records that trained nothing, and how many records these are."""
    pairs, n_records = _Pairs(), 0
    for path in unseen:
        for labelled in labelled_records(path):
            n_records += 1
            for one, other in _halves(labelled.record):
                pairs.add(analyze(one, grader), analyze(other, grader), learned=True, ruled=False)
    return pairs, n_records


def _repeated(dataset: PtbXl, grader: Grader) -> tuple["_Pairs", int]:
    """Return ECGs of one person within a week, and how many of these pairs are of one day."""
    pairs, n_same_day = _Pairs(), 0
    for one, other in _repeats(dataset):
        # The same file under two numbers is no second ECG.
        if one.fingerprint == other.fingerprint:
            continue
        n_same_day += _day(one) == _day(other)
        pairs.add(analyze(one, grader), analyze(other, grader), learned=True, ruled=True)
    return pairs, n_same_day


def _examined(record: EcgRecord) -> Analysis:
    whole = Examination(record)
    return Analysis(record, whole.quality, None, measurements=whole.measurements, findings=whole.findings)


def _halves(record: EcgRecord) -> Iterator[tuple[EcgRecord, EcgRecord]]:
    if record.duration_s < SHORTEST_S:
        return
    middle = record.n_samples // 2
    first, second = (record.signal[:, :middle], record.signal[:, middle : 2 * middle])
    yield replace(record, signal=first), replace(record, signal=second)


def _repeats(dataset: PtbXl) -> Iterator[tuple[EcgRecord, EcgRecord]]:
    """Yield ECGs that follow one another within days, of one person."""
    table = dataset.table.sort_values("recording_date", kind="stable")
    for _, rows in table.groupby("patient_id"):
        for first, second in pairwise(int(ecg_id) for ecg_id in rows.index):
            one, other = (dataset.record(ecg_id, sampling_rate_hz=500) for ecg_id in (first, second))
            if one.recorded_at is None or other.recorded_at is None:
                continue
            if other.recorded_at - one.recorded_at <= timedelta(days=REPEAT_DAYS):
                yield one, other


def _day(record: EcgRecord) -> str:
    return "" if record.recorded_at is None else record.recorded_at.date().isoformat()


def _merged(*kinds: _Pairs) -> _Pairs:
    merged = _Pairs()
    for kind in kinds:
        for place, values in kind.differences.items():
            merged.differences.setdefault(place, []).extend(values)
        for code, flips in kind.flips.items():
            merged.flips.setdefault(code, []).extend(flips)
    return merged


def _noise(place: Place, halves: _Pairs, repeats: _Pairs) -> NumberNoise | None:
    within, between = (_spread(kind.differences.get(place, [])) for kind in (halves, repeats))
    if not within.n and not between.n:
        return None
    of_repeats = 0.0 if place[0] in _BY_HALVES else NORMAL_P95_TO_MEDIAN * between.median
    return NumberNoise(within, between, _rounded(max(within.p95, of_repeats)))


def _spread(values: list[float]) -> Spread:
    if not values:
        return Spread(0, 0.0, 0.0)
    median, p95 = np.percentile(np.asarray(values), [50.0, 95.0])
    return Spread(len(values), _rounded(float(median)), _rounded(float(p95)))


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _flips(within: _Pairs, repeats: _Pairs) -> dict[str, FlipNoise]:
    codes = sorted({*within.flips, *repeats.flips})
    return {
        code: FlipNoise(
            len(within.flips.get(code, [])),
            sum(within.flips.get(code, [])),
            len(repeats.flips.get(code, [])),
            sum(repeats.flips.get(code, [])),
        )
        for code in codes
    }
