"""The fields of every model card, typed; parts that not every card has are in `cardiov_core.weights.cards.parts`."""

import math
from collections.abc import Mapping
from typing import Literal, Self, cast, get_args

from pydantic import Field, ValidationInfo, field_validator

from cardiov_core.domain import (
    STANDARD_LEADS,
    Counts,
    Document,
    FileName,
    FilterKind,
    InputContract,
    JsonObject,
    Normalisation,
    Sha256,
)
from cardiov_core.weights.cards.figures import Figures
from cardiov_core.weights.cards.parts import CalibrationPart, ConformalPart, DecisionPart, DoubtPart

SCHEMA_VERSION = 1
"""Version of the card's layout that this CardioV reads and writes."""

OutputKind = Literal["exceedance", "rank_consistent", "classification", "regression"]
"""What a network's numbers are; `cardiov_core.inference.outputs` says what they mean."""

N_LOGITS: Mapping[OutputKind, int] = {"exceedance": 3, "rank_consistent": 3, "classification": 4, "regression": 1}
"""Kind of output -> how many numbers a network gives."""


class Architecture(Document):
    """What the weights are of: a network of `cardiov_core.nets`, or another kind of grader, and its arguments."""

    name: str
    kwargs: JsonObject


class InputPart(Document):
    """What a grader is fed; ``measurements`` are those of a forest."""

    leads: tuple[str, ...]
    sampling_rate_hz: float
    n_samples: int
    units: str
    band_hz: tuple[float, ...]
    filter_order: int
    normalisation: str
    filter: str = "butterworth"
    note: str | None = None
    measurements: tuple[str, ...] | None = None

    @field_validator("leads")
    @classmethod
    def _known_leads(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value) or not set(value) <= set(STANDARD_LEADS):
            raise ValueError(f"expected some of {', '.join(STANDARD_LEADS)}, each once")
        return value

    @field_validator("units")
    @classmethod
    def _millivolts(cls, value: str) -> str:
        if value != "mV":
            raise ValueError("expected 'mV'")
        return value

    @field_validator("sampling_rate_hz", "n_samples", "filter_order")
    @classmethod
    def _above_0(cls, value: float) -> float:
        if not value > 0:
            raise ValueError("expected more than 0")
        return value

    @field_validator("band_hz")
    @classmethod
    def _within_nyquist(cls, value: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        highest = info.data.get("sampling_rate_hz", math.inf) / 2
        if len(value) != 2 or not 0 < value[0] < value[1] < highest:
            raise ValueError(f"expected two rising edges within 0 and {highest:g} Hz")
        return value

    @field_validator("normalisation")
    @classmethod
    def _known_normalisation(cls, value: str) -> str:
        if value not in get_args(Normalisation):
            raise ValueError(f"expected one of {', '.join(get_args(Normalisation))}")
        return value

    @field_validator("filter")
    @classmethod
    def _known_filter(cls, value: str) -> str:
        if value not in get_args(FilterKind):
            raise ValueError(f"expected one of {', '.join(get_args(FilterKind))}")
        return value

    @property
    def contract(self) -> InputContract:
        """The same as the contract that records are prepared by."""
        return InputContract(
            leads=self.leads,
            sampling_rate_hz=self.sampling_rate_hz,
            n_samples=self.n_samples,
            band_hz=(self.band_hz[0], self.band_hz[1]),
            filter_order=self.filter_order,
            normalisation=cast(Normalisation, self.normalisation),
            filter=cast(FilterKind, self.filter),
        )

    @classmethod
    def of_contract(
        cls, contract: InputContract, *, note: str | None = None, measurements: tuple[str, ...] | None = None
    ) -> Self:
        """Return a contract as cards state it, with `note` or `measurements` where there are some."""
        more = {
            # Cards from before there was another filter do not name it.
            "filter": None if contract.filter == "butterworth" else contract.filter,
            "note": note,
            "measurements": measurements,
        }
        stated = {
            "leads": contract.leads,
            "sampling_rate_hz": contract.sampling_rate_hz,
            "n_samples": contract.n_samples,
            "units": "mV",
            "band_hz": contract.band_hz,
            "filter_order": contract.filter_order,
            "normalisation": contract.normalisation,
        }
        return cls.model_validate(stated | {name: value for name, value in more.items() if value is not None})


class OutputPart(Document):
    """What a grader's numbers mean; ``residual_sd`` is the spread of a regression's errors, in levels."""

    kind: OutputKind
    levels: tuple[str, ...]
    thresholds: tuple[str, ...]
    meaning: tuple[str, ...]
    decoding: str | None = None
    residual_sd: float | None = Field(default=None, validate_default=True)

    @field_validator("levels", "thresholds", "meaning")
    @classmethod
    def _as_many(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kind: OutputKind = info.data.get("kind", "exceedance")
        wanted = {"levels": 4, "thresholds": 3, "meaning": N_LOGITS[kind]}[str(info.field_name)]
        if len(value) != wanted:
            raise ValueError(f"expected {wanted} entries")
        return value

    @field_validator("residual_sd")
    @classmethod
    def _spread_of_a_regression(cls, value: float | None, info: ValidationInfo) -> float | None:
        there = value is not None and 0 < value < math.inf
        if not there and (value is not None or info.data.get("kind") == "regression"):
            raise ValueError("a regression needs the spread of its residuals, above 0")
        return value


class FilePart(Document):
    """A file beside the card, with its checksum."""

    file: FileName
    sha256: Sha256


class TrainingPart(Document):
    """What a grader learned from; ``recipe`` is the recipe as JSON values, with which checkpoints are compared."""

    dataset: str = "PTB-XL"
    licence_of_data: str | None = None
    n_records: int | None = None
    n_patients: int | None = None
    records_a_level: Counts = Field(default_factory=dict)
    folds: tuple[int, ...] = ()
    validation_folds: tuple[int, ...] = ()
    corrected_labels: "CorrectedPart | None" = None
    recipe: JsonObject = Field(default_factory=dict)
    torch: str | None = None
    scikit_learn: str | None = None
    command: str | None = None

    @field_validator("folds", "validation_folds", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        """Take a fold that stands alone for a list of one."""
        return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, int) else value

    @property
    def cv_groups(self) -> int | None:
        """Parts of the recipe's cross-validation; None where the card does not say."""
        n_groups = self.recipe.get("cv_groups")
        return n_groups if isinstance(n_groups, int) else None


class CorrectedPart(Document):
    """How many labels cardiologists corrected, and the checksum of their file."""

    n: int
    n_changed: int
    sha256: str


class CardDocument(Document):
    """The fields of every model card."""

    schema_version: int
    name: FileName
    version: str
    title: str
    sha256: Sha256
    n_parameters: int
    architecture: Architecture
    input: InputPart
    output: OutputPart
    training: TrainingPart
    metrics: Figures
    intended_use: str
    limitations: tuple[str, ...]
    not_tested_on: tuple[str, ...] = ()
    licence: str
    references: tuple[str, ...]
    out_of_fold: FilePart | None = None

    @field_validator("schema_version")
    @classmethod
    def _this_version(cls, value: int) -> int:
        if value != SCHEMA_VERSION:
            raise ValueError(f"this CardioV reads version {SCHEMA_VERSION}")
        return value


class NewCard(Document):
    """A model card as a training makes it: without what is filled in when the weights are written.

    Its fields stand in the file in this order.
    """

    name: FileName
    version: str = "1.0.0"
    title: str
    architecture: Architecture
    input: InputPart
    output: OutputPart
    calibration: CalibrationPart | None = None
    conformal: ConformalPart | None = None
    decision: DecisionPart | None = None
    doubt: DoubtPart | None = None
    training: TrainingPart
    metrics: Figures
    intended_use: str
    limitations: tuple[str, ...]
    not_tested_on: tuple[str, ...]
    licence: str
    references: tuple[str, ...]
