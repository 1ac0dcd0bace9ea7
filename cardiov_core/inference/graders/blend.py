"""The grader that asks others: their calibrated exceedances are blended on logits and calibrated once more.

A network that sees every sample and a forest that judges what was measured err on different records. Each explains its
own half: the network where it looked, the forest what was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from cardiov_core.domain import Contributions, EcgRecord, Explanation, Prediction
from cardiov_core.errors import ExplanationError, ModelCardError
from cardiov_core.inference.explanation.target import Target, checked_target
from cardiov_core.inference.graders.base import Exceedances, Grader
from cardiov_core.inference.uncertainty.calibration import CLIP, calibration_of
from cardiov_core.inference.uncertainty.decision import DecisionRule, OwnDecision
from cardiov_core.inference.uncertainty.prediction_sets import set_limits_of
from cardiov_core.signals import Examination, examined
from cardiov_core.weights import ModelCard


class BlendGrader(Grader):
    """A blend of graders with its card. Safe to share between threads.

    Parameters
    ----------
    members : mapping of Grader to float
        Graders with the weights of their logits, which add up to 1.
    card : ModelCard
        With calibration and the limit of the prediction sets.

    Raises
    ------
    ModelCardError
        If the card has no calibration.
    """

    def __init__(self, members: Mapping[Grader, float], card: ModelCard) -> None:
        super().__init__(card)
        self.members = tuple(members)
        self._weights = tuple(members.values())
        calibration = calibration_of(card)
        if calibration is None:
            raise ModelCardError(f"Model card {card.path.name}: calibration is missing.", "Restore the card.")
        self._calibration = calibration
        self._set_limits = set_limits_of(card)

    def _deciding(self, rule: DecisionRule, own: OwnDecision | None) -> Self:
        grader = super()._deciding(rule, own)
        # A panel that asks a blend and its members grades each member once: all of them decide alike.
        grader.members = tuple(member._deciding(rule, own) for member in self.members)
        return grader

    @property
    def n_stages(self) -> int:
        """How many stages of the member that is a network have maps."""
        return next((member.n_stages for member in self.members if member.n_stages), 0)

    def make_ready(self) -> None:
        """Make the members ready; raises as `Grader.make_ready`."""
        super().make_ready()
        for member in self.members:
            member.make_ready()

    def predict(self, record: EcgRecord | Examination, *, start_s: float | None = None) -> Prediction:
        """Grade one record; arguments as in `Grader.predict`.

        Raises
        ------
        RecordUnsupportedError
            If one of the members cannot grade the record: half of a blend is another grader.
        """
        examination = examined(record)
        return self.blended([member.predict(examination, start_s=start_s) for member in self.members])

    def blended(self, predictions: Sequence[Prediction]) -> Prediction:
        """Return what the blend says where its members, in their order, said this of one record."""
        return self._blended([[prediction] for prediction in predictions])[0]

    def predict_batch(self, records: Sequence[EcgRecord]) -> list[Prediction]:
        """Grade several records; as `predict`, but for float32 rounding (1e-6)."""
        return self._blended([member.predict_batch(records) for member in self.members])

    def explain(
        self, record: EcgRecord | Examination, *, target: Target = None, start_s: float | None = None
    ) -> Explanation:
        """Show where the network looked, and what the measurements spoke for; arguments as in `Grader.explain`.

        Each half is its member's own explanation of the same target: the level of the blend where none is given.

        Raises
        ------
        RecordUnsupportedError
            If the record cannot be graded.
        ExplanationError
            If there is no such target, or no member is a network.
        """
        wanted, examination = checked_target(target), examined(record)
        if wanted is None:
            wanted = int(self.predict(examination, start_s=start_s).severity)
        explanations = [member.explain(examination, target=wanted, start_s=start_s) for member in self.members]
        looked = next((item for item in explanations if isinstance(item, Explanation)), None)
        if looked is None:
            raise ExplanationError(
                f"No member of {self.name} is a network: there is no stretch of signal that it looked at.",
                "Ask its members for their reasons.",
            )
        return replace(looked, reasons=next((item for item in explanations if isinstance(item, Contributions)), None))

    def _blended(self, parts: Sequence[Sequence[Prediction]]) -> list[Prediction]:
        """Blend the members' predictions, one list a member."""
        if not parts[0]:
            return []
        exceedance = self._calibration(
            blend([[prediction.exceedance for prediction in part] for part in parts], self._weights)
        )
        windows = [prediction.window for prediction in parts[0]]
        notes = [
            tuple(dict.fromkeys(note for prediction in one for note in prediction.notes))
            for one in zip(*parts, strict=True)
        ]
        blended = self._decoded(exceedance, windows, notes, set_limits=self._set_limits)
        # All members learned from the same records, and the distance is one of the signal: one member knows it for all.
        scopes = [
            next((item.scope for item in one if item.scope is not None), None) for one in zip(*parts, strict=True)
        ]
        return [replace(item, scope=scope) for item, scope in zip(blended, scopes, strict=True)]


def blend(exceedances: Sequence[npt.ArrayLike], weights: Sequence[float]) -> Exceedances:
    """Return the weighted mean of exceedances on the logit scale.

    Parameters
    ----------
    exceedances : sequence of array_like, shape (n, 3)
        One a member, repaired in rank; kept within 0.001 and 0.999.
    weights : sequence of float
        One a member; they add up to 1.

    Returns
    -------
    numpy.ndarray, shape (n, 3)
        Where the members' never rise, these never rise.
    """
    logits = [logit(np.clip(np.asarray(item, dtype=np.float64), CLIP, 1.0 - CLIP)) for item in exceedances]
    mean = sum(weight * item for weight, item in zip(weights, logits, strict=True))
    return np.asarray(expit(mean), dtype=np.float64)
