"""Graders by name, and the one object that turns records into critical values."""

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cardiov_core import ordinal
from cardiov_core.domain import EcgRecord, Explanation, Prediction, PreparedInput, Severity, Window
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.inference.grad_cam import (
    Target,
    checked_target,
    evaluation_mode,
    on_record_axis,
    stage_maps,
    target_in_words,
)
from cardiov_core.preprocessing import prepare
from cardiov_core.weights import (
    INDEPENDENT_LEADS,
    ModelCard,
    default_name,
    load_network,
    out_of_fold_table,
    signal_fingerprint,
)

_BATCH = 16

Exceedances = npt.NDArray[np.float64]


class Predictor:
    """A network with its card. Safe to share between threads; the network is left as it was found.

    Parameters
    ----------
    net : torch.nn.Module
        ``(batch, leads, samples) -> (batch, 3)`` logits of the exceedances.
    card : ModelCard
        Says what the network is fed and what its outputs mean.
    """

    def __init__(self, net: nn.Module, card: ModelCard) -> None:
        self.card = card
        self._net = net
        # Hooks of an explanation would fire in every other forward pass meanwhile.
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The grader's name."""
        return self.card.name

    def predict(self, record: EcgRecord, *, start_s: float | None = None) -> Prediction:
        """Grade one record with the network, even one that trained it (see `out_of_fold_prediction`).

        Parameters
        ----------
        record : EcgRecord
            At least 5 s with all leads of the contract.
        start_s : float, optional
            Where the window begins, in seconds of the record; the beginning by default.

        Returns
        -------
        Prediction
            Level, probabilities, window and what was done on the way in.

        Raises
        ------
        RecordUnsupportedError
            If the record cannot be prepared, or has values without a finite result.
        """
        prepared = prepare(record, self.card.contract, start_s)
        return self._predictions([record], [prepared])[0]

    def predict_batch(self, records: Sequence[EcgRecord]) -> list[Prediction]:
        """Grade several records.

        Parameters
        ----------
        records : sequence of EcgRecord
            As in `predict`.

        Returns
        -------
        list of Prediction
            In the same order; the probabilities are those of `predict` but for float32 rounding (1e-6).

        Raises
        ------
        RecordUnsupportedError
            If one of the records cannot be prepared.
        """
        predictions: list[Prediction] = []
        for begin in range(0, len(records), _BATCH):
            part = records[begin : begin + _BATCH]
            predictions += self._predictions(part, [prepare(record, self.card.contract) for record in part])
        return predictions

    def explain(self, record: EcgRecord, *, target: Target = None, start_s: float | None = None) -> Explanation:
        """Show where the network looked (Grad-CAM).

        Parameters
        ----------
        record : EcgRecord
            As in `predict`.
        target : int, str or None
            A level 0 to 3, 'above_no', 'above_low' or 'above_medium'; None is the level that the network predicts.
        start_s : float, optional
            As in `predict`.

        Returns
        -------
        Explanation
            Attention of each stage on the record's own samples.

        Raises
        ------
        RecordUnsupportedError
            If the record cannot be prepared.
        ExplanationError
            If there is no such target, or the network cannot be explained.
        """
        wanted = checked_target(target)
        prepared = prepare(record, self.card.contract, start_s)
        with self._lock:
            maps, explained = stage_maps(self._net, self._tensor([prepared]), wanted)
        rate = self.card.contract.sampling_rate_hz
        return Explanation(
            model_name=self.name,
            target=target_in_words(explained),
            stages={stage: on_record_axis(cam, prepared, record, rate) for stage, cam in enumerate(maps, start=1)},
            window=prepared.window,
        )

    def out_of_fold_prediction(self, record: EcgRecord) -> Prediction | None:
        """Return the shipped prediction of a record that trained the grader.

        Parameters
        ----------
        record : EcgRecord
            Any record; known again by its samples, whatever its name and format.

        Returns
        -------
        Prediction or None
            By a network that had not seen the patient; None where the record did not train the grader.
        """
        if not self._out_of_fold:
            return None
        exceedance = self._out_of_fold.get(signal_fingerprint(record))
        if exceedance is None and record.derived_leads:
            # Computed limb leads differ from recorded ones by a microvolt or two.
            exceedance = self._out_of_fold.get(signal_fingerprint(record, INDEPENDENT_LEADS))
        if exceedance is None:
            return None
        window = Window(0.0, min(record.duration_s, self.card.contract.duration_s))
        return self._decoded(np.asarray([exceedance]), [window], [()], out_of_fold=True)[0]

    @cached_property
    def _out_of_fold(self) -> Mapping[str, tuple[float, ...]]:
        table = out_of_fold_table(self.card)
        if table is None:
            return {}
        exceedances = [tuple(map(float, row)) for row in table[["e0", "e1", "e2"]].to_numpy()]
        return {
            str(fingerprint): exceedance
            for column in ("fingerprint_500", "fingerprint_100", "independent_500", "independent_100")
            if column in table.columns
            for fingerprint, exceedance in zip(table[column], exceedances, strict=True)
        }

    def _predictions(self, records: Sequence[EcgRecord], prepared: Sequence[PreparedInput]) -> list[Prediction]:
        with self._lock, torch.no_grad(), evaluation_mode(self._net):
            logits = self._net(self._tensor(prepared))
        exceedances: Exceedances = torch.sigmoid(logits.double()).cpu().numpy()
        for record, row in zip(records, exceedances, strict=True):
            if not np.isfinite(row).all():
                raise RecordUnsupportedError(
                    f"{record.record_id} gives no finite result: its largest value is "
                    f"{float(np.nanmax(np.abs(record.signal))):g} mV.",
                    "Check gain and units of the file.",
                )
        return self._decoded(exceedances, [item.window for item in prepared], [item.notes for item in prepared])

    def _decoded(
        self,
        exceedances: Exceedances,
        windows: Sequence[Window],
        notes: Sequence[tuple[str, ...]],
        *,
        out_of_fold: bool = False,
    ) -> list[Prediction]:
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
            )
            for row, above, violation, window, note in zip(
                probabilities, repaired, violations, windows, notes, strict=True
            )
        ]

    def _tensor(self, prepared: Sequence[PreparedInput]) -> Tensor:
        device = next((parameter.device for parameter in self._net.parameters()), torch.device("cpu"))
        return torch.from_numpy(np.stack([item.values for item in prepared])).to(device)


def load_predictor(name: str | Path | None = None) -> Predictor:
    """Load a grader.

    Parameters
    ----------
    name : str, pathlib.Path or None
        A name that ``cardiov models`` lists, the path of a card or of a weights file; None is the default grader.

    Returns
    -------
    Predictor
        Ready to grade; load it once and share it.

    Raises
    ------
    WeightsError
        If there is no such grader, or its files are damaged or do not fit each other.
    """
    return Predictor(*load_network(default_name() if name is None else name))
