"""Graders that are networks."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.backends import ConvertedNetwork
from cardiov_core.domain import EcgRecord, Explanation, FloatArray, Prediction, PreparedInput
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.inference.explanation.passport import passport_of
from cardiov_core.inference.explanation.target import Target, checked_target, target_in_words
from cardiov_core.inference.graders.base import Exceedances, Grader
from cardiov_core.inference.outputs import as_exceedances, output_of
from cardiov_core.inference.uncertainty.calibration import calibration_of
from cardiov_core.inference.uncertainty.prediction_sets import set_limits_of
from cardiov_core.signals import Examination, examined
from cardiov_core.weights import ModelCard, StoredNetwork

if TYPE_CHECKING:
    from torch import nn

_BATCH = 16


class NetworkGrader(Grader):
    """A network with its card. Safe to share between threads; the network is left as it was found.

    PyTorch is loaded where it answers, or where a network is explained: elsewhere nothing waits for it.

    Parameters
    ----------
    net : torch.nn.Module or StoredNetwork
        ``(batch, leads, samples) -> (batch, n)``, as many numbers as the card's kind of output has; built when it is
        needed where it is stored.
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

    def __init__(
        self, net: "nn.Module | StoredNetwork", card: ModelCard, converted: ConvertedNetwork | None = None
    ) -> None:
        super().__init__(card)
        self._given, self._converted = net, converted
        self._output = output_of(card)
        self._calibration = calibration_of(card)
        self._set_limits = set_limits_of(card)
        self._passport = passport_of(card)
        # Hooks of an explanation would fire in every other forward pass meanwhile.
        self._lock = threading.Lock()

    @property
    def n_stages(self) -> int:
        """How many stages of the network have maps."""
        if self._passport is not None:
            # As many as were tested: the network need not be built to know them.
            return max((len(stages) for stages in self._passport.levels.values()), default=0)
        from cardiov_core.inference.graders.torch_network import n_stages_of

        return n_stages_of(self._net)

    def make_ready(self) -> None:
        """Make the network ready on the backend that is to run it; raises as `Grader.make_ready`."""
        super().make_ready()
        with self._lock:
            if self._converted is None or not self._converted.ready():
                _ = self._net

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
        from cardiov_core.inference.graders.torch_network import looked

        wanted, examination = checked_target(target), examined(record)
        prepared = examination.prepared(self.card.contract, start_s)

        def level(raw: Exceedances) -> int:
            return int(self._decoded(self._calibrated(raw, [examination]), [prepared.window], [()])[0].severity)

        with self._lock:
            looked_at = looked(
                self._net,
                prepared.values[np.newaxis],
                level if wanted is None else wanted,
                self._output,
                self._calibration,
                self._passport,
            )
        rate, leads = self.card.contract.sampling_rate_hz, self.card.contract.leads
        passport = self._passport
        return Explanation(
            model_name=self.name,
            target=target_in_words(looked_at.explained),
            stages=looked_at.stages(prepared, examination.record, rate),
            window=prepared.window,
            withheld={} if passport is None else passport.withheld_stages(looked_at.explained, len(looked_at.maps)),
            leads=None if looked_at.leads is None else dict(zip(leads, looked_at.leads.tolist(), strict=True)),
            leads_withheld=looked_at.leads_withheld,
        )

    @property
    def _net(self) -> "nn.Module":
        return self._given.net if isinstance(self._given, StoredNetwork) else self._given

    def _predictions(self, examinations: Sequence[Examination], prepared: Sequence[PreparedInput]) -> list[Prediction]:
        raw = as_exceedances(self._logits(np.stack([item.values for item in prepared])), self._output)
        windows, notes = [item.window for item in prepared], [item.notes for item in prepared]
        exceedances = self._calibrated(raw, examinations)
        return self._decoded(exceedances, windows, notes, set_limits=self._set_limits, records=examinations)

    def _calibrated(self, raw: Exceedances, examinations: Sequence[Examination]) -> Exceedances:
        """Return the calibrated exceedances, ``(n, 3)``; refuse a record that gives none."""
        for examination, row in zip(examinations, raw, strict=True):
            if not np.isfinite(row).all():
                record = examination.record
                raise RecordUnsupportedError(
                    f"{record.record_id} gives no finite result: its largest value is "
                    f"{float(np.nanmax(np.abs(record.signal))):g} mV.",
                    "Check gain and units of the file.",
                )
        return raw if self._calibration is None else self._calibration(raw)

    def _logits(self, values: FloatArray) -> FloatArray:
        with self._lock:
            logits = None if self._converted is None else self._converted.logits(values)
            if logits is not None:
                return logits
            from cardiov_core.inference.graders.torch_network import logits_of

            return logits_of(self._net, values)
