"""Whether the measurement grader's leading reason counts: taken away, it must move the level more than other numbers.

The leading reason's numbers are replaced by their medians over all records, and so are as many others, drawn at random.
What the level's probability loses in the direction that the reason was given for is compared, record by record. The
rule was laid down before anything was measured: passes where the 95 % interval of the mean difference, by patient, lies
above 0.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cardiov_core import ordinal
from cardiov_core.datasets import PtbXl
from cardiov_core.domain import Float64Array, Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation import bootstrap_interval
from cardiov_core.inference import calibration_of, exceedances_of, forest_probabilities, gathered, path_contributions
from cardiov_core.signals import KeptExaminations, features_of
from cardiov_core.studies.graders.passport import chosen_records, tested_records
from cardiov_core.weights import Forest, ModelCard, ReasonsPart, ReasonsRow, load_forest, update_card

_N_RANDOM = 10
_SEED = 0
_RULE = (
    "95 % interval of the mean loss of probability without the leading reason's numbers, less that without as many "
    f"others ({_N_RANDOM} draws), above 0; laid down before anything was measured"
)


def check_reasons(card: ModelCard, dataset: PtbXl, folds: Sequence[int], n_records: int) -> ReasonsPart:
    """Test a forest's leading reasons on real records.

    Parameters
    ----------
    card : ModelCard
        Of a forest.
    dataset : PtbXl
        The records.
    folds : sequence of int
        Of PTB-XL.
    n_records : int
        Reasons in all, a quarter of them for each level.

    Returns
    -------
    ReasonsPart
        Without the command; the same for the same weights and records.

    Raises
    ------
    ConfigurationError
        If there is no record in these folds.
    WeightsError
        If the grader is no forest, or its files are damaged.
    """
    forest, card = load_forest(card.path)
    rows, patients = _measured(dataset, folds)
    votes = forest_probabilities(forest, rows)
    calibration = calibration_of(card)
    exceedances = exceedances_of(votes)
    shown = ordinal.decode(exceedances if calibration is None else calibration(exceedances))
    chosen, targets = chosen_records(shown, n_records)
    medians = np.nanmedian(rows, axis=0)
    losses = np.array(
        [
            losses_of(forest, rows[at], medians, int(target), index)
            for index, (at, target) in enumerate(zip(chosen, targets, strict=True))
        ]
    )
    records = tested_records(card, chosen, len(rows), folds, "they trained the forest")
    return ReasonsPart(
        sha256=card.sha256,
        records=records,
        rule=_RULE,
        levels={
            int(level): _figures(losses[targets == level], patients[chosen][targets == level]) for level in Severity
        },
    )


def ship_reasons_check(card: ModelCard, check: ReasonsPart, command: str) -> ModelCard:
    """Write what was found into the model card."""
    return update_card(card, {ReasonsPart.field: check.model_copy(update={"command": command})})


def losses_of(forest: Forest, row: Float64Array, medians: Float64Array, target: int, seed: int) -> tuple[float, float]:
    """Return what a level loses without the leading reason, and without as many other numbers.

    `forest`: what gives the probabilities, before calibration as in the reasons. `row`, `medians`: shape (n_features,),
    a record's numbers, and what takes their place. `seed`: of the draws, with the check's own.
    """
    _, contributions = path_contributions(forest, row)
    groups = gathered()
    totals = {name: float(contributions[indices, target].sum()) for name, indices in groups.items()}
    leading = max(totals, key=lambda name: abs(totals[name]))
    members, direction = groups[leading], np.sign(totals[leading])
    others = np.setdiff1d(np.arange(len(row)), members)
    rng = np.random.default_rng([_SEED, seed])
    changed = [row.copy() for _ in range(_N_RANDOM + 2)]
    changed[1][members] = medians[members]
    for one in changed[2:]:
        drawn = rng.choice(others, size=len(members), replace=False)
        one[drawn] = medians[drawn]
    probabilities = forest_probabilities(forest, np.stack(changed))[:, target]
    lost = direction * (probabilities[0] - probabilities[1:])
    return float(lost[0]), float(lost[1:].mean())


def _figures(losses: Float64Array, patients: npt.NDArray[np.str_]) -> ReasonsRow:
    differences = losses[:, 0] - losses[:, 1]
    low, high = bootstrap_interval(lambda values: float(values.mean()), differences, groups=patients, seed=_SEED)
    return ReasonsRow(
        n=len(losses),
        told_direction=round(float((losses[:, 0] > 0).mean()), 4),
        leading=round(float(losses[:, 0].mean()), 4),
        random=round(float(losses[:, 1].mean()), 4),
        difference=round(float(differences.mean()), 4),
        interval=(round(low, 4), round(high, 4)),
        passed=low > 0,
    )


def _measured(dataset: PtbXl, folds: Sequence[int]) -> tuple[Float64Array, npt.NDArray[np.str_]]:
    ecg_ids = dataset.ecg_ids(folds)
    if not ecg_ids:
        raise ConfigurationError(f"There is no record in folds {', '.join(map(str, folds))}.", "Name other folds.")
    rows, patients = [], []
    examinations = KeptExaminations().of(dataset.record(ecg_id) for ecg_id in ecg_ids)
    for ecg_id, examination in zip(ecg_ids, examinations, strict=True):
        rows.append(features_of(examination.record, examination.measurements))
        patients.append(examination.record.patient_id or f"record {ecg_id}")
    return np.stack(rows), np.array(patients, dtype=str)
