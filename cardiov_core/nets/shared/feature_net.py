"""What networks for classification have in common: features, one last dense layer, windows that are joined.

A network turns a window into features, and its layer ``dense`` turns features into logits; that layer is what a
training replaces when the task changes. A record longer than the network's window is cut into overlapping windows
whose outputs are joined.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Join = Literal["max", "mean", "mean_value"]
"""How windows become a record: highest probability, mean probability, or mean of the numbers themselves."""


@dataclass(frozen=True)
class Windows:
    """Windows of a record.

    Attributes
    ----------
    length : int
        Samples of a window.
    step : int
        Samples from one beginning to the next.
    join : {"max", "mean", "mean_value"}
        What makes one output of theirs.
    """

    length: int
    step: int
    join: Join = "max"

    def cut(self, x: Tensor) -> Tensor:
        """Return the windows, ``(batch, leads, samples) -> (batch, n, leads, length)``; what is left over is dropped.

        A record shorter than a window is one window.
        """
        if x.shape[-1] <= self.length:
            return x.unsqueeze(1)
        # `Tensor.unfold` says the same in one word, which OpenVINO does not know.
        starts = range(0, int(x.shape[-1]) - self.length + 1, self.step)
        return torch.stack([x[..., start : start + self.length] for start in starts], dim=1)

    def joined(self, logits: Tensor) -> Tensor:
        """Return the logits of records, ``(batch, n, outputs) -> (batch, outputs)``."""
        if self.join == "max":
            return logits.amax(dim=1)
        return logits.mean(dim=1) if self.join == "mean_value" else mean_probability_logit(logits)


def mean_probability_logit(logits: Tensor) -> Tensor:
    """Return the logit of the mean probability over dimension 1, without overflow."""
    above = torch.logsumexp(functional.logsigmoid(logits), dim=1)
    return above - torch.logsumexp(functional.logsigmoid(-logits), dim=1)


class FeatureNet(nn.Module):
    """A network that ends in one dense layer.

    Attributes
    ----------
    dense : torch.nn.Linear
        From features, and what is known of the person where the network takes that, to logits.
    windows : Windows or None
        How a record longer than a window is read outside training; None reads it whole.
    n_person : int
        Numbers about the person that the network takes beside the signal: standardised age and sex, or none.
    """

    dense: nn.Linear
    windows: Windows | None = None
    n_person: int = 0

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """Layers for maps, ``(batch, channels, time)``, the finest in time first; none by default."""
        return ()

    def features(self, x: Tensor) -> Tensor:
        """Return what the dense layer is fed of the signal, ``(batch, leads, samples) -> (batch, k)``."""
        raise NotImplementedError

    def forward(self, x: Tensor, person: Tensor | None = None) -> Tensor:
        """Return logits.

        Parameters
        ----------
        x : torch.Tensor
            ``(batch, leads, samples)`` by the network's input contract. In training it is one window.
        person : torch.Tensor, optional
            ``(batch, n_person)``, standardised, NaN where unknown; all unknown where None.

        Returns
        -------
        torch.Tensor
            ``(batch, n_outputs)``.
        """
        if self.windows is None or self.training or x.shape[-1] <= self.windows.length:
            return self._logits(x, person)
        return self.windows.joined(self.segment_logits(x, person))

    def segment_logits(self, x: Tensor, person: Tensor | None = None) -> Tensor:
        """Return the logits of each window of a record, ``(batch, n_windows, n_outputs)``."""
        if self.windows is None:
            return self._logits(x, person).unsqueeze(1)
        parts = self.windows.cut(x)
        n_windows = parts.shape[1]
        repeated = None if person is None else person.repeat_interleave(n_windows, dim=0)
        logits = self._logits(parts.flatten(0, 1), repeated)
        return logits.view(len(x), n_windows, -1)

    def _logits(self, x: Tensor, person: Tensor | None) -> Tensor:
        features = self.features(x)
        if self.n_person:
            known = features.new_zeros(len(x), self.n_person) if person is None else torch.nan_to_num(person)
            features = torch.cat([features, known.to(features.dtype)], dim=1)
        logits: Tensor = self.dense(features)
        return logits
