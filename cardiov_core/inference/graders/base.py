"""What every grader has in common: a name, a card, out-of-fold predictions, and decoding."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from cardiov_core import ordinal
from cardiov_core.datasets import signal_mark
from cardiov_core.domain import (
    Contributions,
    EcgRecord,
    Explanation,
    Prediction,
    Reason,
    ReasonCode,
    Scope,
    Severity,
    Window,
)
from cardiov_core.inference.explanation.target import Target
from cardiov_core.inference.graders.training_rows import TrainingRow, TrainingRows
from cardiov_core.inference.uncertainty.costs import Costs, costs_of, decided
from cardiov_core.inference.uncertainty.decision import DecisionRule, OwnDecision, floors_of
from cardiov_core.inference.uncertainty.doubt import GradedOutOfFold, doubt_limit_of, unsure
from cardiov_core.inference.uncertainty.prediction_sets import Limits, contiguous_set
from cardiov_core.inference.uncertainty.scope import scope_of
from cardiov_core.signals import Examination
from cardiov_core.weights import KnownRange, ModelCard, OutOfFoldRows, load_range, out_of_fold_rows

Exceedances = npt.NDArray[np.float64]


class Grader(ABC):
    """A grader with its card. Safe to share between threads.

    Parameters
    ----------
    card : ModelCard
        Says what the grader is fed and what its outputs mean.
    """

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self._decision: DecisionRule = "shipped"
        self._own: OwnDecision | None = None

    @property
    def name(self) -> str:
        """The grader's name."""
        return self.card.name

    @property
    def n_stages(self) -> int:
        """How many stages of a network have maps that show where it looked; 0 without a network."""
        return 0

    @abstractmethod
    def predict(self, record: EcgRecord | Examination, *, start_s: float | None = None) -> Prediction:
        """Grade one record with the shipped weights, even one that trained them (see `out_of_fold_prediction`).

        Parameters
        ----------
        record : EcgRecord or Examination
            At least 5 s with all leads of the contract; an examination where there is one, so that nothing is measured
            or prepared again.
        start_s : float, optional
            Where the window begins, in seconds of the record; the beginning by default.

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
        self, record: EcgRecord | Examination, *, target: Target = None, start_s: float | None = None
    ) -> Explanation | Contributions:
        """Say why: where a network looked, or what the measurements speak for.

        Parameters
        ----------
        record : EcgRecord or Examination
            As in `predict`.
        target : int, str or None
            A level 0 to 3, 'above_no', 'above_low' or 'above_medium'; None is the level that the grader predicts.
        start_s : float, optional
            As in `predict`.

        Returns
        -------
        Explanation or Contributions
            The one for networks, the other for the measurement grader.

        Raises
        ------
        RecordUnsupportedError
            If the record cannot be graded.
        ExplanationError
            If there is no such target, or the grader cannot be explained.
        """

    def make_ready(self) -> None:
        """Load what the first record would wait for: tables, and the backend of a network.

        Raises
        ------
        ConfigurationError
            If the backend that was chosen cannot be had, or cannot run the network.
        WeightsError
            If a file beside the weights is missing or damaged.
        """
        _ = self._known_range, self._training_rows

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
        rows = self.training_rows(record)
        if not rows:
            return None
        notes: tuple[Reason, ...] = ()
        if len({row.patient_id for row in rows}) > 1:
            numbers = " and ".join(str(row.ecg_id) for row in rows)
            text = (
                f"These samples trained the grader twice, as PTB-XL {numbers} of different patients: each out-of-fold "
                "prediction comes from weights that had seen them under the other name. The graver one is shown."
            )
            notes = (Reason(ReasonCode.TRAINED_TWICE, text),)
        row = max(rows, key=lambda one: sum(one.exceedance))
        window = Window(0.0, min(record.duration_s, self.card.contract.duration_s))
        exceedance = np.asarray([row.exceedance])
        nested = self._decision == "shipped" and self._costs is not None and row.decided is not None
        levels = [row.decided] if nested and row.decided is not None else None
        return self._decoded(exceedance, [window], [notes], set_limits=row.set_limits, out_of_fold=True, levels=levels)[
            0
        ]

    def training_rows(self, record: EcgRecord) -> tuple[TrainingRow, ...]:
        """Return the training records that have a record's samples; empty where it did not train the grader.

        PTB-XL publishes some recordings twice, 145 and 463 even under two patients, so there may be several.

        Parameters
        ----------
        record : EcgRecord
            Any record; known again by its samples, whatever its name and format.

        Returns
        -------
        tuple of TrainingRow
            In the order of the table.
        """
        known = self._training_rows
        if known is None:
            return ()
        rows = known.of(record.fingerprint)
        if not rows and record.derived_leads:
            # Computed limb leads differ from recorded ones by a microvolt or two.
            rows = known.of(record.independent_fingerprint)
        if rows or not known.marked:
            return rows
        mark = signal_mark(record)
        return () if mark is None else known.like(mark)

    def scope_of(self, record: EcgRecord | Examination, start_s: float | None = None) -> Scope | None:
        """Tell how far a record lies from those that the grader learned from.

        Parameters
        ----------
        record, start_s : EcgRecord or Examination, float
            As in `predict`.

        Returns
        -------
        Scope or None
            None where the grader does not know what its training records look like.

        Raises
        ------
        RecordUnsupportedError
            If the record is too short or a lead is missing.
        WeightsError
            If the file of the known range is missing or damaged.
        """
        return None if self._known_range is None else scope_of(self._known_range, record, start_s)

    @cached_property
    def _known_range(self) -> KnownRange | None:
        return load_range(self.card)

    @cached_property
    def _costs(self) -> Costs | None:
        if self._own is not None:
            return self._own.costs
        return None if self._decision == "paper" else costs_of(self.card)

    @property
    def floors(self) -> Mapping[str, Severity]:
        """Code of a finding -> the level below which it lets no record be graded; none by the paper's rule."""
        return {} if self._decision == "paper" else floors_of(self.card)

    def by_rule(self, rule: Literal["shipped", "paper"]) -> Self:
        """Return the same grader with levels by its own costs ('shipped'), or the most probable ones ('paper')."""
        return self._deciding(rule, None)

    def by_own(self, own: OwnDecision | None) -> Self:
        """Return the same grader with levels by what an installation chose; by its own costs where that is None."""
        return self._deciding("shipped" if own is None else "installation", own)

    @property
    def own(self) -> OwnDecision | None:
        """What the installation decides by; None where it is the grader's own costs, or the paper's rule."""
        return self._own

    def _deciding(self, rule: DecisionRule, own: OwnDecision | None) -> Self:
        grader = copy(self)
        grader._decision, grader._own = rule, own
        for name in ("_costs", "graded_out_of_fold"):
            grader.__dict__.pop(name, None)
        return grader

    def doubt_in(self, prediction: Prediction) -> Reason | None:
        """Warn of a level of this grader that is as doubtful as those that were often wrong; None where it is not."""
        limit = self._doubt_limit
        return None if limit is None else unsure(prediction, limit, self.graded_out_of_fold)

    @cached_property
    def _doubt_limit(self) -> float | None:
        return doubt_limit_of(self.card)

    @cached_property
    def graded_out_of_fold(self) -> GradedOutOfFold | None:
        """What the grader shows of its training records by this decision; None where it has no such table."""
        table = self._out_of_fold
        if table is None:
            return None
        probabilities = table.numbers("p0", "p1", "p2", "p3")
        nested = self._costs is not None and self._decision == "shipped" and "decided" in table.columns
        return GradedOutOfFold(
            ecg_ids=table.integers("ecg_id"),
            labels=table.integers("label"),
            levels=table.integers("decided") if nested else decided(probabilities, self._costs),
            probabilities=probabilities,
            patients=table.text_array("patient_id"),
        )

    @cached_property
    def _out_of_fold(self) -> OutOfFoldRows | None:
        return out_of_fold_rows(self.card)

    @cached_property
    def _training_rows(self) -> TrainingRows | None:
        return None if self._out_of_fold is None else TrainingRows(self._out_of_fold)

    def _decoded(
        self,
        exceedances: Exceedances,
        windows: Sequence[Window],
        notes: Sequence[tuple[Reason, ...]],
        *,
        set_limits: Limits | None = None,
        out_of_fold: bool = False,
        levels: Sequence[int] | None = None,
        records: Sequence[EcgRecord | Examination] | None = None,
    ) -> list[Prediction]:
        """Turn exceedances, calibrated where the grader is, into predictions.

        With sets where there are limits, and with the scope where the records are given; `levels` where they were
        decided before.
        """
        repaired, violations = ordinal.repair(exceedances)
        probabilities = ordinal.decode(exceedances)
        graded = decided(probabilities, self._costs).tolist() if levels is None else list(levels)
        own = () if self._own is None else (Reason(ReasonCode.INSTALLATION_DECISION, self._own.words),)
        scopes: list[Scope | None] = [None] * len(exceedances)
        if records is not None:
            scopes = [self.scope_of(record, window.start_s) for record, window in zip(records, windows, strict=True)]
        return [
            Prediction(
                severity=Severity(level),
                probabilities=(float(row[0]), float(row[1]), float(row[2]), float(row[3])),
                exceedance=(float(above[0]), float(above[1]), float(above[2])),
                rank_violation=float(violation),
                model_name=self.name,
                model_sha256=self.card.sha256,
                window=window,
                # A blend has its members' notes already.
                notes=tuple(dict.fromkeys((*note, *own))),
                out_of_fold=out_of_fold,
                decided_by=self._decision,
                prediction_set=None
                if set_limits is None
                else tuple(map(Severity, contiguous_set(row, set_limits, level))),
                scope=scope,
            )
            for row, above, violation, level, window, note, scope in zip(
                probabilities, repaired, violations, graded, windows, notes, scopes, strict=True
            )
        ]
