"""Parts of model cards that are fitted or measured, typed; the fields of every card are in `card_document`.

A part is a class with the name of its field; `ModelCard.part` reads it when it is asked for, so that damage to one part
leaves the others in use. What a card is to state beside, becomes a class here.
"""

import math
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from cardiov_core.domain import Counts, Document, Ends, FileName, Sha256
from cardiov_core.weights.files import HINT_MAKE


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("expected 0 to 1")
    return value


Share = Annotated[float, AfterValidator(_share)]
"""A number from 0 to 1."""


class CardPart(Document):
    """A part that not every card has."""

    field: ClassVar[str]  # its name in the card
    hint: ClassVar[str] = HINT_MAKE  # what helps where it makes no sense


class LogLoss(Document):
    """Of the levels, before the calibration and after it, on patients that it was not fitted on."""

    before: float
    nested: float


class ComparedPart(Document):
    """How one kind of calibration does on groups that it was not fitted on."""

    kind: str
    log_loss: float
    brier: float
    ece: dict[str, float]
    mae: float
    auc: float | None
    high_risk_graded_no_or_low: int


class CalibrationPart(CardPart):
    """How exceedances are calibrated: a temperature, and an offset a threshold."""

    field: ClassVar[str] = "calibration"
    hint: ClassVar[str] = "Restore it, or fit it again: cardiov calibrate --ship."

    kind: str = "not stated"
    temperature: float
    offsets: tuple[float, ...]
    fitted_on: str | None = None
    log_loss: LogLoss | None = None
    compared: tuple[ComparedPart, ...] = ()

    @field_validator("temperature")
    @classmethod
    def _finite(cls, value: float) -> float:
        if not 0 < value < math.inf:
            raise ValueError(f"a temperature of {value:g} is none: it must lie above 0")
        return value

    @field_validator("offsets")
    @classmethod
    def _three(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) != 3 or not all(map(math.isfinite, value)):
            raise ValueError("expected three offsets")
        return value


class HeldPart(Document):
    """How many sets of a level's records held it, with Wilson's interval."""

    n: int
    held: int
    interval: Ends | None = None


class MeasuredSets(Document):
    """How often sets whose limit was fitted without the record's group of patients held its level."""

    kind: str | None = None
    n: int
    held: int
    coverage: float
    interval: Ends
    mean_size: float
    sets_of_size: Counts = Field(default_factory=dict)
    a_level: dict[str, HeldPart]
    alone: dict[str, HeldPart] = Field(default_factory=dict)
    note: str = ""


class ConformalPart(CardPart):
    """The limits of the prediction sets, one per level, and what was measured of them.

    ``limit`` is the smallest of them, or the one for all levels where a card has no ``limits``.
    """

    field: ClassVar[str] = "conformal"
    hint: ClassVar[str] = "Restore the card, or fit it again: cardiov calibrate --ship."

    kind: str | None = None
    wanted: float = 0.9
    limit: Share
    limits: tuple[float, float, float, float] | None = None
    fitted_on: str | None = None
    measured: MeasuredSets | None = None


class OutcomePart(Document):
    """What a decision comes to out of fold: each figure with a 95 % interval by patient.

    ``missed`` is the share of the high-risk records graded no or low; sensitivity and specificity are those of 'medium
    or higher'.
    """

    missed: float
    missed_interval: Ends
    sensitivity: float
    sensitivity_interval: Ends
    specificity: float
    specificity_interval: Ends
    mae: float
    mae_interval: Ends


class FloorPart(Document):
    """What it changed, out of fold, to let a finding raise records to a level: of `n` with it, `raised` were raised."""

    level: int
    n: int
    raised: int
    nearer: int
    mae_change: float


class DecisionPart(CardPart):
    """The costs by which the level is shown, floors that findings set, and what both come to beside the paper's rule.

    ``costs`` has a row per true level, a column per grade; ``floors`` name a level by the code of a finding, and
    ``floors_tried`` what each candidate changed, `nearer` of them towards the label.
    """

    field: ClassVar[str] = "decision"

    costs: tuple[tuple[float, ...], ...]
    floors: dict[str, int] = Field(default_factory=dict)
    floors_tried: dict[str, FloorPart] = Field(default_factory=dict)
    chosen_so_that: str | None = None
    measured: OutcomePart | None = None
    paper: OutcomePart | None = None

    @field_validator("costs")
    @classmethod
    def _four_by_four(cls, value: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
        square = len(value) == 4 and all(len(row) == 4 for row in value)
        if not square or not all(math.isfinite(cost) and cost >= 0 for row in value for cost in row):
            raise ValueError("expected four rows of four costs, none below 0")
        return value


class WarnedPart(Document):
    """How many records are warned of, and how many of them and of the others were wrong; Wilson's intervals."""

    kind: str
    n: int
    warned: int
    wrong_warned: int
    wrong_warned_interval: Ends | None = None
    wrong_others: int
    wrong_others_interval: Ends | None = None
    auc: float | None = None
    auc_most_probable: float | None = None


class DoubtPart(CardPart):
    """From which doubt on a level is warned of: 1 less the probability of the level on show.

    ``share`` of the records that it was fitted on are more doubtful; ``measured`` holds how well doubt tells wrong
    levels from right ones (``auc``), and the same of 1 less the largest probability (``auc_most_probable``).
    """

    field: ClassVar[str] = "doubt"
    hint: ClassVar[str] = "Train the grader again, or calibrate it: cardiov calibrate --ship."

    limit: Share
    share: Share
    fitted_on: str | None = None
    measured: WarnedPart | None = None


class RangePart(CardPart):
    """The file of the known range, which the scope flag needs."""

    field: ClassVar[str] = "scope"
    hint: ClassVar[str] = "Measure it again with cardiov scope-check --ship."

    file: FileName
    sha256: Sha256


class ScopeRow(Document):
    """How one kind of record is told from the training records.

    Attributes
    ----------
    what : str
        The kind.
    n : int
        Records of it.
    auc : float or None
        Of the distance against the training records, each held out.
    flagged : float
        Share beyond the limit.
    foreign : bool
        Whether these are records of another source, as they are.
    """

    what: str
    n: int
    auc: float | None = None
    flagged: float
    foreign: bool = False


class ScopePart(CardPart):
    """What the scope flag was found to be worth."""

    field: ClassVar[str] = "scope"
    hint: ClassVar[str] = "Measure it again with cardiov scope-check --ship."

    kind: str | None = None
    limit: float | None = None
    share_inside: float
    n: int
    fitted_on: str | None = None
    measured: tuple[ScopeRow, ...] = ()
    command: str | None = None


class DeletionPart(Document):
    """Loss of log odds without the most attended stretches, less that without random ones."""

    difference: float
    interval: Ends


FailedTest = Literal["too few maps", "randomisation", "deletion", "shift"]


class SanityRow(Document):
    """What the tests of the passport gave for one kind of explanation of one level.

    Attributes
    ----------
    n, n_empty : int
        Explanations tested, and those that showed nothing.
    randomisation, shift : float or None
        Median rank correlations with an untrained network's maps, and between shifted passes.
    deletion : DeletionPart or None
        With its interval.
    failed : tuple of str
        Tests that were not passed.
    """

    n: int
    n_empty: int = 0
    randomisation: float | None = None
    deletion: DeletionPart | None = None
    shift: float | None = None
    failed: tuple[FailedTest, ...]

    @model_validator(mode="after")
    def _failures_have_figures(self) -> Self:
        for name in self.failed:
            if name != "too few maps" and getattr(self, name) is None:
                raise ValueError(f"{name} failed, but its figure is missing")
        return self


class OfStage(Document):
    """A stage of a network, counted from 1."""

    stage: int


class MapRow(SanityRow, OfStage):
    """The same of the maps of one stage, which is named first in the file."""


class PassportPart(CardPart):
    """The explanation passport: what was measured of a network's maps; of other weights it counts as none.

    ``levels`` hold the attention maps of each stage, ``leads`` the importance of the leads.
    """

    field: ClassVar[str] = "passport"
    hint: ClassVar[str] = "Measure it again with cardiov passport --ship."

    sha256: str
    records: str = ""
    n: int | None = None
    target: str | None = None
    rules: dict[str, str | int] = Field(default_factory=dict)
    cascade: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    levels: dict[int, tuple[MapRow, ...]]
    leads: dict[int, SanityRow] = Field(default_factory=dict)
    command: str | None = None


class ReasonsRow(Document):
    """What the leading reason of one level was found to be worth."""

    n: int
    told_direction: float | None = None
    leading: float | None = None
    random: float | None = None
    difference: float
    interval: Ends
    passed: bool


class ReasonsPart(CardPart):
    """Whether a forest's leading reason counts; of other weights it counts as none."""

    field: ClassVar[str] = "reasons_check"
    hint: ClassVar[str] = "Measure it again with cardiov passport --ship."

    sha256: str
    records: str
    rule: str | None = None
    levels: dict[int, ReasonsRow]
    command: str | None = None
