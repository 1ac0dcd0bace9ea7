"""What a training on labels other than the critical value may choose: its loss, and how many normal records it sees."""

from typing import Literal

from pydantic.dataclasses import dataclass

from cardiov_core.training.recipes.checks import KNOWN_FIELDS

LossName = Literal[
    "bce", "weighted_bce", "cross_entropy", "asymmetric", "lovasz_softmax", "lovasz_sigmoid", "random_switch", "mse"
]
"""Losses of several labels a record (`cardiov_core.training.loop.label_losses`)."""

WEIGHTED: tuple[LossName, ...] = ("weighted_bce", "cross_entropy", "random_switch")
"""Losses that weigh a class by how rare it is."""


@dataclass(frozen=True, config=KNOWN_FIELDS)
class LossSettings:
    """The loss of a task."""

    name: LossName = "bce"  # one of `LossName`
    # Of the asymmetric loss: exponents that focus on positives and on negatives, and the probability under which a
    # negative no longer counts. The defaults are those of Kang and Wen 2022 and their public code.
    gamma_positive: float = 0.0
    gamma_negative: float = 0.2
    margin: float = 0.05
    label_smoothing: float = 0.0  # share of a label that is spread over all classes, 0..1
