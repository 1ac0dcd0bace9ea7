"""What ``metrics.json`` holds, typed; docs/method/evaluation.md describes it field by field."""

from cardiov_core.domain import Document, Ends
from cardiov_core.weights import CorrectedPart, Figures, HighRisk, Intervals, Numbers


class EvaluatedModel(Document):
    """The grader: its name, and the checksum of its weights."""

    name: str
    sha256: str


class RocCurve(Document):
    """Corners of a ROC curve, and the pointwise 95 % band of its sensitivity; a band may be empty."""

    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]
    band_at: tuple[float, ...]
    band_low: tuple[float, ...]
    band_high: tuple[float, ...]


class ReliabilityRow(Document):
    """A bin of stated probabilities, and what came true of it."""

    low: float
    high: float
    n: int
    n_positive: int
    mean_probability: float
    observed: float
    interval: Ends | None = None


class Curves(Document):
    """What figures are drawn from: level or threshold -> ROC curve, threshold -> bins."""

    roc: dict[str, RocCurve]
    reliability: dict[str, tuple[ReliabilityRow, ...]]


class OtherRule(Document):
    """The same grades beside labels by another rule."""

    label_rule: str | None = None
    n_labelled_differently: int
    mae: float | None
    accuracy: float | None
    within_one: float | None
    quadratic_weighted_kappa: float | None
    auc: Numbers
    intervals: Intervals


class PaperDecision(Document):
    """The same records by the paper's rule, the most probable level."""

    n_decided_differently: int
    confusion: tuple[tuple[int, ...], ...]
    mae: float | None
    accuracy: float | None
    within_one: float | None
    quadratic_weighted_kappa: float | None
    auc: Numbers
    intervals: Intervals


class PairedFigure(Document):
    """A figure of two graders on the same records; the difference is the first one's less the second one's."""

    figure: str
    value: float | None
    other: float | None
    difference: float | None
    interval: Ends | None
    p_value: float | None


class Beside(Document):
    """Another grader on the same records: how often the two differ, and by how much."""

    model: EvaluatedModel
    n: int
    n_differ: int
    n_differ_far: int
    accuracy_alike: float | None
    test: str
    figures: tuple[PairedFigure, ...]


class EvaluationDocument(Figures):
    """An evaluation of a grader on some folds of PTB-XL."""

    model: EvaluatedModel
    folds: tuple[int, ...]
    n: int
    n_patients: int
    n_resamples: int
    high_risk: HighRisk
    n_chosen_on: int = 0
    n_out_of_fold: int
    n_seen_twice: int = 0
    other_label_rule: OtherRule
    paper_decision: PaperDecision | None = None
    curves: Curves
    corrected_labels: CorrectedPart | None = None
    against: tuple[Beside, ...] = ()
    skipped: tuple[str, ...] = ()
