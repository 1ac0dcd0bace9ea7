"""The figures of graded records as model cards and ``metrics.json`` state them; docs/use/evaluate.md describes them.

A figure that the records do not define is None, and so is its interval.
"""

from pydantic import Field

from cardiov_core.domain import Counts, Document, Ends

Numbers = dict[str, float | None]
"""Level or threshold -> figure."""

Limits = dict[str, Ends | None]
"""Level or threshold -> 95 % interval."""


class OperatingPoint(Document):
    """A level or higher as an alarm."""

    sensitivity: float | None
    specificity: float | None
    ppv: float | None
    npv: float | None
    ppv_at_stated: float | None = None
    npv_at_stated: float | None = None
    prevalence: float
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    stated_prevalence: float | None = None


class HighRisk(Document):
    """High-risk records, and how many of them were graded no or low risk."""

    n: int
    n_graded_no_or_low: int


class SubgroupIntervals(Document):
    """95 % intervals of a subgroup's figures."""

    auc: Limits = Field(default_factory=dict)
    mae: Ends | None = None
    accuracy: Ends | None = None
    within_one: Ends | None = None


class GroupCalibration(Document):
    """Of 'medium or higher': what was stated on average, the share that came true, expected calibration error."""

    stated: float
    observed: float
    observed_interval: Ends
    ece: float
    ece_interval: Ends


class GroupSets(Document):
    """How many of a group's prediction sets held the label, with Wilson's interval."""

    n: int
    held: int
    interval: Ends


class Subgroup(Document):
    """Figures of a part of the records: women, a device, a site."""

    n: int
    records_a_level: Counts
    auc: Numbers
    intervals: SubgroupIntervals
    mae: float | None
    accuracy: float | None
    within_one: float | None
    calibration: GroupCalibration | None = None
    sets: GroupSets | None = None


class SubgroupTest(Document):
    """Whether a figure of two subgroups differs by more than chance; the difference is the first less the second."""

    by: str
    groups: tuple[str, str]
    figure: str
    difference: float | None
    interval: Ends | None
    p_value: float | None
    test: str


class Intervals(Document):
    """95 % intervals by the names of `PlainFigures`."""

    mae: Ends | None = None
    accuracy: Ends | None = None
    within_one: Ends | None = None
    quadratic_weighted_kappa: Ends | None = None
    auc: Limits = Field(default_factory=dict)
    auc_threshold: Limits = Field(default_factory=dict)
    brier: Limits = Field(default_factory=dict)
    ece: Limits = Field(default_factory=dict)
    operating_points: dict[str, Limits] = Field(default_factory=dict)
    high_risk_graded_no_or_low: Ends | None = None
    rank_violation_rate: Ends | None = None
    confusion_share: dict[str, Limits] = Field(default_factory=dict)


class Figures(Document):
    """Figures of graded records; a card of an untrained grader has none."""

    n: int | None = None
    n_patients: int | None = None
    n_resamples: int | None = None
    mae: float | None = None
    accuracy: float | None = None
    within_one: float | None = None
    quadratic_weighted_kappa: float | None = None
    auc: Numbers = Field(default_factory=dict)
    auc_threshold: Numbers = Field(default_factory=dict)
    brier: Numbers = Field(default_factory=dict)
    ece: Numbers = Field(default_factory=dict)
    operating_points: dict[str, OperatingPoint] = Field(default_factory=dict)
    high_risk_graded_no_or_low: float | None = None
    rank_violation_rate: float | None = None
    confusion_share: dict[str, Numbers] = Field(default_factory=dict)
    intervals: Intervals = Intervals()
    confusion: tuple[tuple[int, ...], ...] = ()
    high_risk: HighRisk | None = None
    subgroups: dict[str, Subgroup] = Field(default_factory=dict)
    subgroup_tests: tuple[SubgroupTest, ...] = ()
    kind: str | None = None
    label_rule: str | None = None
