"""The explanation passport: whether attention maps depend on what a network learned, and what they show counts.

Three tests, a level and a stage, whose rules were laid down before anything was measured:

- **randomisation** (Adebayo et al. 2018, arXiv:1810.03292): a map that stays the same when the network's layers become
  untrained shows the ECG, not what was learned of it. Passes where the median rank correlation with the maps of the
  untrained network is below 0.5.
- **deletion** (after Petsiuk et al. 2018, arXiv:1806.07421): straight lines in place of the most attended tenth of the
  time must cost the level more log odds than in place of random stretches, as many and as long. Passes where the 95 %
  interval of the mean difference, by patient, lies above 0.
- **shift**: the same ECG a little later must be explained by the same parts of it. Passes where the median rank
  correlation of the maps, moved back, is above 0.5.

A level's maps are tested on the records to which the network gives it the highest probability, since those are the maps
that readers see. 0.5 is no law of nature: a quarter of the variance of ranks, midway between unrelated and the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import BoolArray, Float64Array, IntArray, Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation import bootstrap_interval
from cardiov_core.inference import calibration_of, output_of
from cardiov_core.preprocessing import prepare
from cardiov_core.studies.graders.lead_passport import LeadTests, lead_rules, run_lead_tests
from cardiov_core.studies.graders.maps import (
    Explained,
    Maps,
    bridged,
    common_part,
    empty,
    mean_of_known,
    most_attended,
    randomised_from_the_top,
    rank_correlations,
    shifted,
    shuffled_runs,
)
from cardiov_core.weights import (
    DeletionPart,
    FailedTest,
    MapRow,
    ModelCard,
    PassportPart,
    SanityRow,
    load_network,
    update_card,
)

HIGHEST_RANDOM = 0.5
"""Largest median rank correlation with an untrained network's maps."""

LOWEST_SHIFTED = 0.5
"""Smallest median rank correlation between two shifted passes."""

DELETED_SHARE = 0.1
"""Share of the time that is taken away."""

FEWEST_MAPS = 10
"""With fewer maps that show anything, a level's stage was not tested, and what was not tested does not pass."""

_SHIFTS_S = (0.1, 0.3)
_N_RANDOM = 10
_SEED = 0
_SEEDS = (0, 1, 2)


@dataclass(frozen=True, eq=False)
class MapTests:
    """What the three tests gave for each record and stage."""

    targets: IntArray  # shape (n,), level whose map was tested
    patients: npt.NDArray[np.str_]  # shape (n,), who each record is from
    shown: BoolArray  # shape (n, n_stages), whether the map shows anything
    # Shape (n, n_stages), lowest randomised part -> rank correlation with the trained network's map.
    randomised: Mapping[str, Float64Array]
    # Shape (n, n_stages), loss of log odds without the most attended stretches, less the mean loss without random ones.
    deletion: Float64Array
    shift: Float64Array  # shape (n, n_stages), mean rank correlation over the shifts


def check_passport(card: ModelCard, dataset: PtbXl, folds: Sequence[int], n_records: int) -> PassportPart:
    """Test a network's maps on real records.

    Parameters
    ----------
    card : ModelCard
        Of a network.
    dataset : PtbXl
        The records.
    folds : sequence of int
        Of PTB-XL.
    n_records : int
        Maps in all, a quarter of them for each level.

    Returns
    -------
    PassportPart
        Without the command; the same for the same weights and records.

    Raises
    ------
    ConfigurationError
        If there is no record in these folds.
    WeightsError
        If the grader is no network, or its files are damaged.
    """
    net, card = load_network(card.path)
    explained = Explained(net, output_of(card), calibration_of(card))
    windows, patients = _windows(card, dataset, folds)
    rows, targets = chosen_records(explained.probabilities(windows), n_records)
    rate_hz = card.contract.sampling_rate_hz
    tested = run_tests(explained, windows[rows], targets, patients[rows], rate_hz)
    of_leads = run_lead_tests(explained, windows[rows], targets, _shifts(rate_hz), _SEEDS)
    records = tested_records(
        card, rows, len(windows), folds, "they trained the network, so its maps of new records may be worse"
    )
    return passport_of_tests(
        tested,
        sha256=card.sha256,
        records=records,
        rules=lead_rules(_shifts_ms(), HIGHEST_RANDOM, LOWEST_SHIFTED),
        leads=leads_of_tests(of_leads, targets, patients[rows]),
    )


def ship_passport(card: ModelCard, passport: PassportPart, command: str) -> ModelCard:
    """Write the passport into the model card."""
    return update_card(card, {PassportPart.field: passport.model_copy(update={"command": command})})


def run_tests(
    explained: Explained, windows: Tensor, targets: IntArray, patients: npt.NDArray[np.str_], rate_hz: float
) -> MapTests:
    """Run the three tests on some windows.

    `windows`: ``(n, n_leads, n_samples)``. `targets`: shape (n,), level whose maps are tested. `patients`: shape (n,),
    who each is from.
    """
    maps = explained.maps(windows, targets)
    randomised: dict[str, list[Float64Array]] = {}
    for seed in _SEEDS:
        for name, net in randomised_from_the_top(explained.net, windows, seed):
            other = Explained(net, explained.output, explained.calibration).maps(windows, targets)
            randomised.setdefault(name, []).append(
                np.stack([rank_correlations(*pair) for pair in zip(maps, other, strict=True)], axis=1)
            )
    shifts = []
    for by in _shifts(rate_hz):
        moved = explained.maps(shifted(windows, by), targets)
        shifts.append(np.stack([rank_correlations(*pair) for pair in common_part(maps, moved, by)], axis=1))
    return MapTests(
        targets=targets,
        patients=patients,
        shown=np.stack([~empty(stage) for stage in maps], axis=1),
        randomised={name: mean_of_known(values) for name, values in randomised.items()},
        deletion=_deletion(explained, windows, targets, maps),
        shift=mean_of_known(shifts),
    )


def passport_of_tests(
    tested: MapTests,
    *,
    sha256: str = "",
    records: str = "",
    rules: Mapping[str, str | int] | None = None,
    leads: Mapping[int, SanityRow] | None = None,
) -> PassportPart:
    """Return the figures per level and stage, and what passed.

    `tested`: the network's maps. `sha256`, `records`: checksum of its weights, and on which records it was tested, in
    words. `rules`, `leads`: what was tested beside: the rules, by name, and the importance of leads, by level.
    """
    last = list(tested.randomised)[-1]
    return PassportPart(
        sha256=sha256,
        records=records,
        n=len(tested.targets),
        target="a level on the records to which the network gives it the highest probability",
        rules={
            "randomisation": f"median rank correlation with the maps of untrained networks ({len(_SEEDS)} draws) "
            f"below {HIGHEST_RANDOM}",
            "deletion": "95 % interval of the mean loss of log odds without the most attended "
            f"{100 * DELETED_SHARE:.0f} % of the time, less that without random stretches ({_N_RANDOM} draws), above 0",
            "shift": f"median rank correlation of maps of ECGs shifted by {_shifts_ms()} ms, moved back, above "
            f"{LOWEST_SHIFTED}",
            "origin": "laid down before anything was measured; 0.5 is a convention",
            "fewest_maps": FEWEST_MAPS,
            **(rules or {}),
        },
        cascade={
            name: tuple(_median(values[:, stage]) for stage in range(values.shape[1]))
            for name, values in tested.randomised.items()
        },
        levels={
            int(level): tuple(_stage(tested, level, stage, last) for stage in range(tested.shown.shape[1]))
            for level in Severity
        },
        leads=dict(leads or {}),
    )


def leads_of_tests(tested: LeadTests, targets: IntArray, patients: npt.NDArray[np.str_]) -> dict[int, SanityRow]:
    """Return the figures of lead importance by level, and what passed."""
    return {
        int(level): _row(targets == level, tested.shown, patients, tested.randomised, tested.deletion, tested.shift)
        for level in Severity
    }


def chosen_records(probabilities: Float64Array, n_records: int) -> tuple[IntArray, IntArray]:
    """Return the records to which each level is given with the highest probability.

    `probabilities`: shape (n, 4), of the network. `n_records`: in all; a quarter of them for each level, or all records
    where there are fewer.
    """
    each = min(max(n_records // len(Severity), 1), len(probabilities))
    rows = [np.argsort(-probabilities[:, level], kind="stable")[:each] for level in Severity]
    return np.concatenate(rows).astype(np.int64), np.repeat(np.arange(len(Severity)), each)


def tested_records(card: ModelCard, rows: IntArray, n_records: int, folds: Sequence[int], trained: str) -> str:
    """Say on how many of the records of some folds a test was made, and `trained` where these trained the grader."""
    of_records = f"{len(np.unique(rows))} of the {n_records} records of PTB-XL's folds {', '.join(map(str, folds))}"
    return f"{of_records}; {trained}" if set(card.stated.training.folds) & set(folds) else of_records


def _stage(tested: MapTests, level: Severity, stage: int, last: str) -> MapRow:
    row = _row(
        tested.targets == level,
        tested.shown[:, stage],
        tested.patients,
        tested.randomised[last][:, stage],
        tested.deletion[:, stage],
        tested.shift[:, stage],
    )
    return MapRow(stage=stage + 1, **dict(row))


def _row(
    of_level: BoolArray,
    shown: BoolArray,
    patients: npt.NDArray[np.str_],
    randomised: Float64Array,
    deletion: Float64Array,
    shift: Float64Array,
) -> SanityRow:
    """Return the figures of a level's explanations, and which tests they failed."""
    rows = of_level & shown
    n, n_empty = int(rows.sum()), int((of_level & ~shown).sum())
    if n < FEWEST_MAPS:
        return SanityRow(n=n, n_empty=n_empty, randomisation=None, deletion=None, shift=None, failed=("too few maps",))
    differences = deletion[rows]
    low, high = bootstrap_interval(lambda values: float(values.mean()), differences, groups=patients[rows], seed=_SEED)
    random, moved = _median(randomised[rows]), _median(shift[rows])
    passed: dict[FailedTest, bool] = {
        "randomisation": random is not None and random < HIGHEST_RANDOM,
        "deletion": low > 0,
        "shift": moved is not None and moved > LOWEST_SHIFTED,
    }
    return SanityRow(
        n=n,
        n_empty=n_empty,
        randomisation=random,
        deletion=DeletionPart(difference=round(float(differences.mean()), 4), interval=(round(low, 4), round(high, 4))),
        shift=moved,
        failed=tuple(name for name, well in passed.items() if not well),
    )


def _deletion(explained: Explained, windows: Tensor, targets: IntArray, maps: Maps) -> Float64Array:
    """Return the loss of log odds without what was attended most, less the mean loss without random stretches."""
    before = explained.log_odds(windows, targets)
    signals, losses = windows.numpy().astype(np.float64), []
    for number, stage in enumerate(maps):
        attended = [most_attended(row, DELETED_SHARE) for row in stage]
        generators = [np.random.default_rng([_SEED, number, index]) for index in range(len(signals))]
        loss = before - explained.log_odds(_without(signals, attended), targets)
        random = [
            before
            - explained.log_odds(
                _without(signals, [shuffled_runs(mask, rng) for mask, rng in zip(attended, generators, strict=True)]),
                targets,
            )
            for _ in range(_N_RANDOM)
        ]
        losses.append(loss - np.mean(random, axis=0))
    return np.stack(losses, axis=1)


def _without(signals: Float64Array, masks: Sequence[BoolArray]) -> Tensor:
    windows = np.stack([bridged(window, mask) for window, mask in zip(signals, masks, strict=True)])
    return torch.from_numpy(windows.astype(np.float32))


def _median(values: Float64Array) -> float | None:
    there = values[~np.isnan(values)]
    return round(float(np.median(there)), 4) if len(there) else None


def _windows(card: ModelCard, dataset: PtbXl, folds: Sequence[int]) -> tuple[Tensor, npt.NDArray[np.str_]]:
    ecg_ids = dataset.ecg_ids(folds)
    if not ecg_ids:
        raise ConfigurationError(
            f"{dataset.root.name} has no record in folds {', '.join(map(str, folds))}.", "Name other folds."
        )
    windows, patients = [], []
    for ecg_id in ecg_ids:
        record = dataset.record(ecg_id)
        windows.append(prepare(record, card.contract).values)
        patients.append(record.patient_id or f"record {ecg_id}")
    return torch.from_numpy(np.stack(windows)), np.array(patients, dtype=str)


def _shifts(rate_hz: float) -> tuple[int, ...]:
    return tuple(round(seconds * rate_hz) for seconds in _SHIFTS_S)


def _shifts_ms() -> str:
    return " and ".join(f"{1000 * seconds:g}" for seconds in _SHIFTS_S)
