"""The critical value of an ECG, where the network looked, and all that is said of one record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cardiov_core.domain.arrays import BoolArray, FloatArray
from cardiov_core.domain.critical import CriticalResult, Severity
from cardiov_core.domain.findings import Finding, RhythmLine
from cardiov_core.domain.measurements import Measurements
from cardiov_core.domain.prepared import Window
from cardiov_core.domain.quality import Quality
from cardiov_core.domain.reasons import Reason
from cardiov_core.domain.record import EcgRecord


@dataclass(frozen=True)
class Scope:
    """A record's distance from the training records.

    Attributes
    ----------
    distance : float
        >= 0, in standard deviations over all directions together.
    limit : float
        Beyond it a record counts as outside: few of the held-out training records lie there.
    farther_share : float
        Share of the held-out training records that lie at least as far out, 0..1.
    n_records : int
        How many these are.
    """

    distance: float
    limit: float
    farther_share: float
    n_records: int

    @property
    def outside(self) -> bool:
        """Whether the record is unlike those that the grader learned from."""
        return self.distance > self.limit


@dataclass(frozen=True)
class Prediction:
    """A critical value with its probabilities.

    Attributes
    ----------
    severity : Severity
        The level on show: that of least expected cost, raised where a finding sets a floor; the most probable one
        where the grader has no costs, or the paper's rule was asked for.
    probabilities : tuple of float
        Four, one per level, >= 0, sum 1.
    exceedance : tuple of float
        Three, P(level > 0), P(> 1), P(> 2), after the repair: never rising.
    rank_violation : float
        How far the raw exceedances rose (largest repaired amount), 0 where they did not.
    model_name, model_sha256 : str
        The grader and its weights' checksum.
    window : Window
        The part of the record that was analysed.
    notes : tuple of Reason
        What was done to the record on the way in.
    out_of_fold : bool
        True where the record trained the grader and this is its shipped out-of-fold prediction.
    prediction_set : tuple of Severity or None
        90 % conformal set where the grader has one.
    scope : Scope or None
        How far the record lies from those that the grader learned from; None where it is one of them, or where the
        grader does not know what they look like.
    raised_from : Severity or None
        The level before a finding raised it to its floor; None where none did.
    decided_by : str
        'shipped' by the grader's own costs, 'paper' by the most probable level, 'installation' by costs that the
        installation chose.
    """

    severity: Severity
    probabilities: tuple[float, float, float, float]
    exceedance: tuple[float, float, float]
    rank_violation: float
    model_name: str
    model_sha256: str
    window: Window
    notes: tuple[Reason, ...] = ()
    out_of_fold: bool = False
    prediction_set: tuple[Severity, ...] | None = None
    scope: Scope | None = None
    raised_from: Severity | None = None
    decided_by: str = "shipped"

    @property
    def most_probable(self) -> Severity:
        """The most probable level: what the paper's rule shows."""
        return Severity(max(range(len(self.probabilities)), key=self.probabilities.__getitem__))

    @property
    def doubt(self) -> float:
        """Probability that another level than the one on show holds."""
        return 1.0 - self.probabilities[self.severity]


@dataclass(frozen=True)
class Tally:
    """How many of some records a grader got wrong.

    Attributes
    ----------
    n, wrong : int
        Records, and those among them whose level on show is not the label.
    """

    n: int
    wrong: int

    @classmethod
    def of(cls, wrong: BoolArray, among: BoolArray) -> "Tally":
        """Count those `among` all that are `wrong`, both of shape (n,)."""
        return cls(int(among.sum()), int(wrong[among].sum()))

    @property
    def of_hundred(self) -> int:
        """How many of 100 were wrong, rounded; 0 where there is no record."""
        return round(100 * self.wrong / self.n) if self.n else 0


@dataclass(frozen=True)
class Contribution:
    """One thing that was measured, and what it speaks for.

    Attributes
    ----------
    group : str
        What a clinician would call it: 'ST', 'T wave', 'heart rate'.
    leads : str
        Part of the heart that its leads face ('inferior leads'); empty where it belongs to no lead.
    lead : str or None
        Lead of `value`.
    measure : str
        What `value` is, in words.
    value : float or None
        The number of the group that weighed most; None where it could not be measured.
    unit : str
        Unit of `value`; empty for ratios and for sex.
    contribution : float
        By how much the whole group raised (above 0) or lowered the probability of the target, before calibration.
    statement : str
        All that as one line for a reader.
    """

    group: str
    leads: str
    lead: str | None
    measure: str
    value: float | None
    unit: str
    contribution: float
    statement: str


@dataclass(frozen=True)
class Contributions:
    """Why a grader that is no network said what it said: what it measured.

    Attributes
    ----------
    model_name : str
        The grader.
    target : str
        'level 2' or 'above low', as in `Explanation`.
    reasons : tuple of Contribution
        The weightiest first.
    base : float
        Probability of the target before anything was measured; with all contributions, also those too small to be
        told, it makes the uncalibrated probability.
    window : Window
        The part of the record that was analysed.
    """

    model_name: str
    target: str
    reasons: tuple[Contribution, ...]
    base: float
    window: Window


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where a network looked (Grad-CAM), on the record's own time axis.

    Attributes
    ----------
    model_name : str
        The network.
    target : str
        'level 2' or 'above low'.
    stages : mapping of int to numpy.ndarray
        Stage 1-7 -> attention, float32, shape ``(n_samples,)`` of the record, 0..1, NaN outside the window.
    window : Window
        The part of the record that was analysed.
    withheld : mapping of int to str
        Stage -> why its map must not be shown to a reader, for those that failed the network's passport. Page, report,
        case list and JSON leave it out.
    reasons : Contributions or None
        What the measurements spoke for, where the grader blends a network with one that judges measurements.
    leads : mapping of str to float or None
        Lead -> what the target loses in log odds without it (lead occlusion), of this one record; None where that was
        not computed, because it must not be shown.
    leads_withheld : str
        Why not; empty where it is there.
    """

    model_name: str
    target: str
    stages: Mapping[int, FloatArray]
    window: Window
    withheld: Mapping[int, str] = field(default_factory=dict)
    reasons: Contributions | None = None
    leads: Mapping[str, float] | None = None
    leads_withheld: str = ""


@dataclass(frozen=True)
class LikelyStatement:
    """An ECG statement with its probability.

    Attributes
    ----------
    code : str
        PTB-XL's: 'IMI'.
    description : str
        The statement in words.
    level : Severity
        Its critical value (paper, Table 2).
    probability : float
        That a cardiologist's report of such a record has it, 0..1.
    out_of_fold : bool
        True where the record trained the head, and this comes from trees that had not seen its patient.
    """

    code: str
    description: str
    level: Severity
    probability: float
    out_of_fold: bool = False


@dataclass(frozen=True)
class Panel:
    """What each grader says of one record.

    Attributes
    ----------
    predictions : tuple of Prediction
        One a grader that gives a level, the asked one first.
    silent : mapping of str to Reason
        Grader -> why it gives none.
    where_split : mapping of str to tuple of Tally
        Grader -> how often it was wrong out of fold where these graders differed, and where they agreed; empty where
        they agree on this record, or have no records in common.
    """

    predictions: tuple[Prediction, ...]
    silent: Mapping[str, Reason] = field(default_factory=dict)
    where_split: Mapping[str, tuple[Tally, Tally]] = field(default_factory=dict)

    @property
    def gap(self) -> int:
        """Levels between the lowest and the highest grade; 0 where at most one grader gives a level."""
        levels = [int(prediction.severity) for prediction in self.predictions]
        return max(levels) - min(levels) if levels else 0

    def of(self, name: str) -> Prediction | None:
        """Return what one grader says; None where it gives no level."""
        return next((prediction for prediction in self.predictions if prediction.model_name == name), None)


@dataclass(frozen=True, eq=False)
class Analysis:
    """All that CardioV says of one record.

    Attributes
    ----------
    record : EcgRecord
        The record as read.
    quality : Quality
        The verdict of the gate.
    prediction : Prediction or None
        None where the level is withheld.
    withheld : tuple of Reason
        Why; empty where there is a prediction.
    warnings : tuple of Reason
        Warnings of the record, the quality gate, the scope and the way in, without repetition.
    measurements : Measurements or None
        What was measured; None where the record cannot be measured at all.
    findings : tuple of Finding
        What was found, one entry per row of the table.
    panel : Panel or None
        What each grader says, the one of `prediction` among them; None where no grader was asked.
    critical : tuple of CriticalResult
        The rules for critical results that the ECG meets, the gravest first; they raise the level on show.
    rhythm : RhythmLine or None
        The rhythm in one line; None where nothing was measured.
    statements : tuple of LikelyStatement
        Which ECG statements are likely, the most probable first; empty where none can be told.
    """

    record: EcgRecord
    quality: Quality
    prediction: Prediction | None
    withheld: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    measurements: Measurements | None = None
    findings: tuple[Finding, ...] = ()
    panel: Panel | None = None
    critical: tuple[CriticalResult, ...] = ()
    rhythm: RhythmLine | None = None
    statements: tuple[LikelyStatement, ...] = ()

    @property
    def level(self) -> Severity | None:
        """The level on show: the grader's, or high where a critical result raises it; None where it is withheld."""
        if self.prediction is None:
            return None
        return Severity.HIGH_RISK if self.critical else self.prediction.severity

    @property
    def raised(self) -> bool:
        """Whether a critical result raises the level above the grader's."""
        return self.prediction is not None and self.level != self.prediction.severity
