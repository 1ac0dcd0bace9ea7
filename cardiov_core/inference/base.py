"""What every grader has in common: a name, a card, out-of-fold predictions, and decoding."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cardiov_core import ordinal
from cardiov_core.domain import EcgRecord, Explanation, Measurements, Prediction, Reasons, Severity, Window
from cardiov_core.errors import ExplanationError
from cardiov_core.inference.conformal import contiguous_set
from cardiov_core.inference.grad_cam import Target
from cardiov_core.weights import INDEPENDENT_LEADS, ModelCard, out_of_fold_table, signal_fingerprint

Exceedances = npt.NDArray[np.float64]


class Predictor(ABC):
    """A grader with its card. Safe to share between threads.

    Parameters
    ----------
    card : ModelCard
        Says what the grader is fed and what its outputs mean.
    """

    def __init__(self, card: ModelCard) -> None:
        self.card = card

    @property
    def name(self) -> str:
        """The grader's name."""
        return self.card.name

    @abstractmethod
    def predict(
        self, record: EcgRecord, *, start_s: float | None = None, measurements: Measurements | None = None
    ) -> Prediction:
        """Grade one record with the shipped weights, even one that trained them (see `out_of_fold_prediction`).

        Parameters
        ----------
        record : EcgRecord
            At least 5 s with all leads of the contract.
        start_s : float, optional
            Where the window begins, in seconds of the record; the beginning by default.
        measurements : Measurements, optional
            From :func:`~cardiov_core.signals.measure` of the whole record where they are at hand: a grader that needs
            them need not measure again.

        Returns
        -------
        Prediction
            Level, probabilities, window and what was done on the way in.

        Raises
        ------
        RecordUnsupportedError
            If the record cannot be graded.
        """

    @abstractmethod
    def explain(
        self, record: EcgRecord, *, target: Target = None, start_s: float | None = None
    ) -> Explanation | Reasons:
        """Say why: where a network looked, or what the measurements speak for.

        Parameters
        ----------
        record : EcgRecord
            As in `predict`.
        target : int, str or None
            A level 0 to 3, 'above_no', 'above_low' or 'above_medium'; None is the level that the grader predicts.
        start_s : float, optional
            As in `predict`.

        Returns
        -------
        Explanation or Reasons
            The one for networks, the other for the measurement grader.

        Raises
        ------
        RecordUnsupportedError
            If the record cannot be graded.
        ExplanationError
            If there is no such target, or the grader cannot be explained.
        """

    def predict_batch(self, records: Sequence[EcgRecord]) -> list[Prediction]:
        """Grade several records.

        Parameters
        ----------
        records : sequence of EcgRecord
            As in `predict`.

        Returns
        -------
        list of Prediction
            In the same order.

        Raises
        ------
        RecordUnsupportedError
            If one of the records cannot be graded.
        """
        return [self.predict(record) for record in records]

    def out_of_fold_prediction(self, record: EcgRecord) -> Prediction | None:
        """Return the shipped prediction of a record that trained the grader.

        Parameters
        ----------
        record : EcgRecord
            Any record; known again by its samples, whatever its name and format.

        Returns
        -------
        Prediction or None
            By weights that had not seen the patient; None where the record did not train the grader.
        """
        if not self._out_of_fold:
            return None
        row = self._out_of_fold.get(signal_fingerprint(record))
        if row is None and record.derived_leads:
            # Computed limb leads differ from recorded ones by a microvolt or two.
            row = self._out_of_fold.get(signal_fingerprint(record, INDEPENDENT_LEADS))
        if row is None:
            return None
        window = Window(0.0, min(record.duration_s, self.card.contract.duration_s))
        return self._decoded(np.asarray([row[:3]]), [window], [()], set_limit=row[3], out_of_fold=True)[0]

    @cached_property
    def _out_of_fold(self) -> Mapping[str, tuple[float, float, float, float | None]]:
        """Fingerprint -> three exceedances and the limit of the prediction set, None where the grader has no sets."""
        table = out_of_fold_table(self.card)
        if table is None:
            return {}
        limits = table["set_limit"].tolist() if "set_limit" in table.columns else [None] * len(table)
        rows = [
            (*map(float, row), limit) for row, limit in zip(table[["e0", "e1", "e2"]].to_numpy(), limits, strict=True)
        ]
        return {
            str(fingerprint): (row[0], row[1], row[2], row[3])
            for column in ("fingerprint_500", "fingerprint_100", "independent_500", "independent_100")
            if column in table.columns
            for fingerprint, row in zip(table[column], rows, strict=True)
        }

    def _decoded(
        self,
        exceedances: Exceedances,
        windows: Sequence[Window],
        notes: Sequence[tuple[str, ...]],
        *,
        set_limit: float | None = None,
        out_of_fold: bool = False,
    ) -> list[Prediction]:
        """Turn exceedances, calibrated where the grader is, into predictions; with sets where there is a limit."""
        repaired, violations = ordinal.repair(exceedances)
        probabilities = ordinal.decode(exceedances)
        return [
            Prediction(
                severity=Severity(int(np.argmax(row))),
                probabilities=(float(row[0]), float(row[1]), float(row[2]), float(row[3])),
                exceedance=(float(above[0]), float(above[1]), float(above[2])),
                rank_violation=float(violation),
                model_name=self.name,
                model_sha256=self.card.sha256,
                window=window,
                notes=note,
                out_of_fold=out_of_fold,
                prediction_set=None if set_limit is None else tuple(map(Severity, contiguous_set(row, set_limit))),
            )
            for row, above, violation, window, note in zip(
                probabilities, repaired, violations, windows, notes, strict=True
            )
        ]


def attention_only(explanation: Explanation | Reasons) -> Explanation:
    """Return an explanation that can be painted behind the trace.

    Raises
    ------
    ExplanationError
        If the grader is no network and looked at no stretch of the signal.
    """
    if isinstance(explanation, Reasons):
        raise ExplanationError(
            f"{explanation.model_name} is no network: there is no stretch of signal that it looked at.",
            "Its reasons are what was measured: cardiov analyze --explain lists them.",
        )
    return explanation
