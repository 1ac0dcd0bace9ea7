"""Graders that judge measurements: trees on numbers of the median beat, explained by those numbers."""

import numpy as np

from cardiov_core.domain import (
    Contributions,
    EcgRecord,
    Float64Array,
    Measurements,
    Prediction,
    Reason,
    ReasonCode,
    Window,
)
from cardiov_core.errors import ModelCardError, RecordUnsupportedError, WeightsMismatchError
from cardiov_core.inference.explanation.contributions import reasons_of
from cardiov_core.inference.explanation.target import Target, checked_target, target_in_words
from cardiov_core.inference.graders.base import Exceedances, Grader
from cardiov_core.inference.graders.boosting import boosting_contributions, boosting_probabilities
from cardiov_core.inference.graders.forest import forest_probabilities, path_contributions
from cardiov_core.inference.uncertainty.calibration import calibration_of
from cardiov_core.inference.uncertainty.prediction_sets import set_limits_of
from cardiov_core.preprocessing import analysed_window, check_leads_and_length, window_notes
from cardiov_core.signals import FEATURES, Examination, examined, features_of, qrs_heights
from cardiov_core.weights import Boosting, Forest, ModelCard


class MeasurementGrader(Grader):
    """A forest, or boosted trees, with a card; needs no network and no GPU.

    Parameters
    ----------
    trees : Forest or Boosting
        ``(n, len(FEATURES)) -> (n, 4)`` probabilities.
    card : ModelCard
        With calibration and the limit of the prediction sets.

    Raises
    ------
    WeightsMismatchError
        If the card's measurements are not those that this CardioV takes.
    ModelCardError
        If the card lacks calibration or the limit.
    """

    def __init__(self, trees: Forest | Boosting, card: ModelCard) -> None:
        super().__init__(card)
        if card.stated.input.measurements != tuple(feature.key for feature in FEATURES):
            raise WeightsMismatchError(
                f"{card.path.name} was trained on other measurements than this CardioV takes.",
                "Train it again: cardiov train --recipe with its name.",
            )
        self._trees = trees
        calibration, limit = calibration_of(card), set_limits_of(card)
        if calibration is None or limit is None:
            raise ModelCardError(
                f"Model card {card.path.name} lacks {'calibration' if calibration is None else 'conformal'}.",
                "Restore the card: what trees say is no probability without it.",
            )
        self._calibration = calibration
        self._set_limits = limit

    def predict(self, record: EcgRecord | Examination, *, start_s: float | None = None) -> Prediction:
        """Grade one record by its measurements; arguments as in `Grader.predict`.

        Raises
        ------
        RecordUnsupportedError
            If leads or beats are missing, the record is too short, or no beat is found.
        """
        examination = examined(record)
        row, window, notes, _ = self._row(examination, start_s)
        exceedance = self._calibration(exceedances_of(self._probabilities(row)))
        return self._decoded(exceedance, [window], [notes], set_limits=self._set_limits, records=[examination])[0]

    def explain(
        self, record: EcgRecord | Examination, *, target: Target = None, start_s: float | None = None
    ) -> Contributions:
        """Say which measurements speak for the target, and which against it; arguments as in `Grader.explain`."""
        wanted = checked_target(target)
        row, window, _, heights_mv = self._row(examined(record), start_s)
        if wanted is None:
            exceedance = self._calibration(exceedances_of(self._probabilities(row)))
            wanted = int(self._decoded(exceedance, [window], [()])[0].severity)
        base, contributions = self._contributions(row)
        reasons, share = reasons_of(row, contributions, base, wanted, heights_mv)
        return Contributions(self.name, target_in_words(wanted), reasons, share, window)

    def _probabilities(self, row: Float64Array) -> Float64Array:
        if isinstance(self._trees, Forest):
            return forest_probabilities(self._trees, row[np.newaxis])
        return boosting_probabilities(self._trees, row[np.newaxis])

    def _contributions(self, row: Float64Array) -> tuple[Float64Array, Float64Array]:
        """Return the base and each number's contributions to the levels, before calibration."""
        if isinstance(self._trees, Forest):
            return path_contributions(self._trees, row)
        return boosting_contributions(self._trees, row)

    def _row(
        self, examination: Examination, start_s: float | None
    ) -> tuple[Float64Array, Window, tuple[Reason, ...], dict[str, float]]:
        """Measure the window and return its numbers, where it lies, what to know about them, and QRS heights in mV."""
        contract, record = self.card.contract, examination.record
        check_leads_and_length(record, contract, start_s)
        window = analysed_window(record, contract.duration_s, start_s)
        notes = window_notes(record, window)
        part = examination.within(window)
        measurements = part.measurements
        _check_measured(record, measurements)
        beat = measurements.median_beat
        unusable = [lead for lead in contract.leads if beat is not None and lead not in beat.usable_leads]
        if unusable:
            text = f"Graded without {', '.join(unusable)}: no signal to measure."
            notes.append(Reason(ReasonCode.GRADED_WITHOUT_LEADS, text, tuple(unusable)))
        missing = [name for name, value in (("age", record.age), ("sex", record.sex)) if value is None]
        if missing:
            text = f"Graded without {' and '.join(missing)}, which the record does not state."
            notes.append(Reason(ReasonCode.GRADED_WITHOUT_AGE_OR_SEX, text))
        heights_mv: dict[str, float] = {}
        if "r_mv" in measurements.not_measurable:
            text = f"Graded without voltages and axes: {measurements.not_measurable['r_mv']}."
            notes.append(Reason(ReasonCode.GRADED_WITHOUT_VOLTAGES, text))
        elif beat is not None:
            heights_mv = qrs_heights(beat)
        return features_of(part.record, measurements), window, tuple(notes), heights_mv


def exceedances_of(probabilities: Float64Array) -> Exceedances:
    """Return P(level > 0), P(> 1) and P(> 2) of level probabilities ``(n, 4)``."""
    above = probabilities[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    return np.asarray(np.clip(above, 0.0, 1.0), dtype=np.float64)


def _check_measured(record: EcgRecord, measurements: Measurements) -> None:
    """Refuse records without a beat: a level from age and sex alone would look like one from an ECG."""
    if measurements.median_beat is None:
        why = measurements.not_measurable.get("heart_rate_bpm", "no heart beat was found")
        raise RecordUnsupportedError(
            f"{record.record_id} cannot be graded by its measurements: {why}.", "Repeat the recording."
        )
