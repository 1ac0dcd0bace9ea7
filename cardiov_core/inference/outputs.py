"""What a network's numbers mean: the one place where raw output of any kind becomes exceedances.

Everything behind, decoding, calibration, prediction sets and ROC curves, works on the three questions whether
the level is above no, above low and above medium risk. Each kind of output answers them in its own way:

- 'exceedance': three independent logits (paper, Eq. 3). The answers can contradict each other.
- 'rank_consistent': three conditional logits, 'given that it is above k - 1, is it above k?'; an exceedance is the
  product of the answers so far and so never rises (CORN: Shi, Cao and Raschka 2023, doi:10.1007/s10044-023-01181-9).
- 'classification': four logits of a softmax; an exceedance is the sum over the levels above.
- 'regression': one number. A normal distribution around it, with the standard deviation of the residuals on records
  that the network had not seen, is taken at the four levels and made to sum to 1. So the most probable level is the
  nearest one, the number rounded, whatever the standard deviation.

Training and Grad-CAM need the same with gradients: `differentiable`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit, softmax

from cardiov_core.domain import Float64Array
from cardiov_core.ordinal import N_LEVELS
from cardiov_core.weights import ModelCard, OutputKind


@dataclass(frozen=True)
class Output:
    """How a network's numbers are to be read.

    Attributes
    ----------
    kind : {"exceedance", "rank_consistent", "classification", "regression"}
        As described above.
    residual_sd : float
        Standard deviation of a regression's residuals, in levels; no other kind uses it.
    """

    kind: OutputKind = "exceedance"
    residual_sd: float = 1.0


def output_of(card: ModelCard) -> Output:
    """Return how a grader's card says that its network is to be read."""
    stated = card.stated.output
    return Output(stated.kind, 1.0 if stated.residual_sd is None else stated.residual_sd)


def as_exceedances(raw: npt.ArrayLike, output: Output) -> Float64Array:
    """Turn a network's output, of whatever backend, into exceedances.

    Parameters
    ----------
    raw : array_like
        Shape ``(n, 3)``, ``(n, 3)``, ``(n, 4)`` or ``(n, 1)`` by kind.
    output : Output
        How to read it.

    Returns
    -------
    numpy.ndarray
        float64, shape ``(n, 3)``: P(level > 0), P(> 1), P(> 2). Of all kinds but 'exceedance' they never rise.
    """
    values = np.asarray(raw, dtype=np.float64)
    if output.kind == "exceedance":
        return np.asarray(expit(values), dtype=np.float64)
    if output.kind == "rank_consistent":
        return np.asarray(np.exp(np.cumsum(log_expit(values), axis=1)), dtype=np.float64)
    # For a regression the log density of a normal distribution around the number at each level, but for a constant.
    scores = values
    if output.kind == "regression":
        scores = -((values - np.arange(N_LEVELS)) ** 2) / (2 * output.residual_sd**2)
    shares = softmax(scores, axis=1)
    return np.cumsum(shares[:, :0:-1], axis=1)[:, ::-1]
