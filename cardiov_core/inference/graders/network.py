"""Graders that are networks."""

import threading
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cardiov_core.backends import ConvertedNetwork
from cardiov_core.domain import EcgRecord, Explanation, Prediction, PreparedInput
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.inference.explanation.grad_cam import (
    Target,
    checked_target,
    evaluation_mode,
    on_record_axis,
    stage_maps,
    target_in_words,
)
from cardiov_core.inference.explanation.lead_occlusion import lead_importance
from cardiov_core.inference.explanation.passport import passport_of
from cardiov_core.inference.graders.base import Exceedances, Grader
from cardiov_core.inference.outputs import exceedance_logits, output_of
from cardiov_core.inference.uncertainty.calibration import calibration_of
from cardiov_core.inference.uncertainty.prediction_sets import set_limits_of
from cardiov_core.signals import Examination, examined
from cardiov_core.weights import ModelCard

_BATCH = 16
_UNTESTED_LEADS = "Which leads count has not been tested for this network."


class NetworkGrader(Grader):
    """A network with its card. Safe to share between threads; the network is left as it was found.

    Parameters
    ----------
    net : torch.nn.Module
        ``(batch, leads, samples) -> (batch, n)``, as many numbers as the card's kind of output has.
    card : ModelCard
        Says what the network is fed and what its outputs mean; calibrates them and gives prediction sets where it
        states how.
    converted : ConvertedNetwork, optional
        The same network on another backend, which then grades; explanations are always PyTorch's.

    Raises
    ------
    ModelCardError
        If calibration, the limit of the sets or the passport makes no sense.
    """

    def __init__(self, net: nn.Module, card: ModelCard, converted: ConvertedNetwork | None = None) -> None:
        super().__init__(card)
        self._net, self._converted = net, converted
        self._output = output_of(card)
        self._calibration = calibration_of(card)
        self._set_limits = set_limits_of(card)
        self._passport = passport_of(card)
        # Hooks of an explanation would fire in every other forward pass meanwhile.
        self._lock = threading.Lock()

    @property
    def n_stages(self) -> int:
        """How many stages of the network have maps."""
        return len(getattr(self._net, "grad_cam_points", ()))

    def predict(self, record: EcgRecord | Examination, *, start_s: float | None = None) -> Prediction:
        """Grade one record; arguments as in `Grader.predict`."""
        examination = examined(record)
        return self._predictions([examination], [examination.prepared(self.card.contract, start_s)])[0]

    def predict_batch(self, records: Sequence[EcgRecord]) -> list[Prediction]:
        """Grade several records; the probabilities are those of `predict` but for float32 rounding (1e-6)."""
        predictions: list[Prediction] = []
        for begin in range(0, len(records), _BATCH):
            part = [examined(record) for record in records[begin : begin + _BATCH]]
            predictions += self._predictions(part, [one.prepared(self.card.contract) for one in part])
        return predictions

    def explain(
        self, record: EcgRecord | Examination, *, target: Target = None, start_s: float | None = None
    ) -> Explanation:
        """Show where the network looked (Grad-CAM): attention of each stage on the record's own samples.

        Maps that failed the network's passport come with the reason under `Explanation.withheld`: for research, not for
        a reader.
        """
        wanted, examination = checked_target(target), examined(record)
        prepared = examination.prepared(self.card.contract, start_s)
        values, calibration, output = self._tensor([prepared]), self._calibration, self._output
        whole: list[Tensor] = []

        def chosen(logits: Tensor) -> list[int | str]:
            # By the pass that draws the maps: none is made for the level alone.
            whole.append(logits)
            return [self._level(logits, examination, prepared) if wanted is None else wanted]

        importance = None
        with self._lock:
            maps, explained = stage_maps(self._net, values, chosen, calibration, output)
            leads_withheld = _UNTESTED_LEADS if self._passport is None else self._passport.leads_withheld(explained)
            if not leads_withheld:
                importance = lead_importance(self._net, values, explained, calibration, output, whole=whole[0])
        rate, leads = self.card.contract.sampling_rate_hz, self.card.contract.leads
        withheld = {} if self._passport is None else self._passport.withheld_stages(explained, len(maps))
        return Explanation(
            model_name=self.name,
            target=target_in_words(explained),
            stages={
                stage: on_record_axis(cam, prepared, examination.record, rate)
                for stage, cam in enumerate(maps, start=1)
            },
            window=prepared.window,
            withheld=withheld,
            leads=None if importance is None else dict(zip(leads, importance.tolist(), strict=True)),
            leads_withheld=leads_withheld,
        )

    def _predictions(self, examinations: Sequence[Examination], prepared: Sequence[PreparedInput]) -> list[Prediction]:
        logits = self._logits(prepared)
        exceedances = self._exceedances(exceedance_logits(logits, self._output), examinations)
        windows, notes = [item.window for item in prepared], [item.notes for item in prepared]
        return self._decoded(exceedances, windows, notes, set_limits=self._set_limits, records=examinations)

    def _level(self, logits: Tensor, examination: Examination, prepared: PreparedInput) -> int:
        exceedances = self._exceedances(logits, [examination])
        return int(self._decoded(exceedances, [prepared.window], [()])[0].severity)

    def _exceedances(self, logits: Tensor, examinations: Sequence[Examination]) -> Exceedances:
        """Return the calibrated exceedances of logits, ``(n, 3)``; refuse a record that gives none."""
        exceedances: Exceedances = torch.sigmoid(logits).cpu().numpy()
        for examination, row in zip(examinations, exceedances, strict=True):
            if not np.isfinite(row).all():
                record = examination.record
                raise RecordUnsupportedError(
                    f"{record.record_id} gives no finite result: its largest value is "
                    f"{float(np.nanmax(np.abs(record.signal))):g} mV.",
                    "Check gain and units of the file.",
                )
        return exceedances if self._calibration is None else self._calibration(exceedances)

    def _logits(self, prepared: Sequence[PreparedInput]) -> Tensor:
        with self._lock:
            if self._converted is not None:
                found = self._converted.logits(np.stack([item.values for item in prepared]))
                if found is not None:
                    return torch.from_numpy(found)
            with torch.no_grad(), evaluation_mode(self._net):
                logits: Tensor = self._net(self._tensor(prepared))
        return logits

    def _tensor(self, prepared: Sequence[PreparedInput]) -> Tensor:
        device = next((parameter.device for parameter in self._net.parameters()), torch.device("cpu"))
        return torch.from_numpy(np.stack([item.values for item in prepared])).to(device)
