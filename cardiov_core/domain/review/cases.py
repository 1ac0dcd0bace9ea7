"""The review: cases that came in, who read them and how, what was decided, and the audit's events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cardiov_core.domain.critical import Severity
from cardiov_core.domain.quality import QualityVerdict
from cardiov_core.domain.record import Sex
from cardiov_core.domain.review.terms import CaseSource, CaseStatus, EventKind, ReadKind, Role, Verdict
from cardiov_core.errors import ConfigurationError


@dataclass(frozen=True)
class CaseReference:
    """Where the record of a case was found, so that its data set can be given what was decided.

    Attributes
    ----------
    dataset : str
        'ptb-xl', the name of a folder, or empty where the record was uploaded.
    ecg_id : str
        The record's number in the data set; empty where it has none.
    path : str
        Path relative to the data set; empty where the record was uploaded.
    """

    dataset: str = ""
    ecg_id: str = ""
    path: str = ""


@dataclass(frozen=True)
class Case:
    """A record under review with the grade it came with. For the study's owner: a blind reader gets a `BlindCase`.

    Attributes
    ----------
    id : str
        Random, so that it tells nothing of order or source.
    study : str
        The study that the case belongs to.
    record_id : str
        The file's stem.
    source : CaseSource
        How it came in.
    reference : CaseReference
        Where the record was found.
    label, level : Severity or None
        The original label, and the model's level; None where there is no label, or the level was withheld.
    probabilities, exceedance : tuple of float or None
        Of the model: four and three numbers.
    prediction_set : tuple of Severity or None
        90 % conformal set where the grader has one.
    rank_violation : float
        How far the raw exceedances rose; 0 where they did not.
    model_name, model_sha256 : str
        The grader and its weights' checksum; empty where the level was withheld.
    out_of_fold : bool
        True where the record trained the grader and the level is its out-of-fold prediction.
    quality_verdict : QualityVerdict
        Of the quality gate.
    quality_reasons, reasons : tuple of str
        What the gate says; and why the case is here or what decided, in sentences.
    age : float or None
        In years; 300 stands for 'over 89', as in PTB-XL.
    sex : {"male", "female"} or None
        As stated.
    status : CaseStatus
        How far it is.
    priority : int
        Higher comes first; see `cardiov_core.review.intake.priority_of`.
    created_at : datetime.datetime
        UTC.
    waveform_id : str
        SHA-256 of the stored waveform; cases of one waveform share it.
    waveform_deleted : bool
        True where the waveform was deleted for good.
    n_reads : int
        Committed reads that were not undone, of both kinds.
    disagreement : int or None
        Largest gap between two blind reads in levels; None with fewer than two.
    assigned_to : tuple of str
        Readers whom the case was given to; empty: any.
    decision : Severity or None
        The settled level; the latest sign-off's where there is one.
    indeterminate : bool
        True where the adjudicator decided that no level can be given.
    record_sha256 : str
        Checksum of the files it came from.
    graders_disagree : bool
        True where graders differ by a level or more; one of `reasons` says who says what.
    """

    id: str
    study: str
    record_id: str
    source: CaseSource
    reference: CaseReference
    label: Severity | None
    level: Severity | None
    probabilities: tuple[float, ...] | None
    exceedance: tuple[float, ...] | None
    prediction_set: tuple[Severity, ...] | None
    rank_violation: float
    model_name: str
    model_sha256: str
    out_of_fold: bool
    quality_verdict: QualityVerdict
    quality_reasons: tuple[str, ...]
    reasons: tuple[str, ...]
    age: float | None
    sex: Sex | None
    status: CaseStatus
    priority: int
    created_at: datetime
    waveform_id: str
    waveform_deleted: bool
    n_reads: int
    disagreement: int | None
    assigned_to: tuple[str, ...]
    decision: Severity | None
    indeterminate: bool
    record_sha256: str
    graders_disagree: bool = False

    @property
    def error(self) -> int | None:
        """Levels between label and grade; None where one of them is missing."""
        return None if self.label is None or self.level is None else abs(int(self.label) - int(self.level))


@dataclass(frozen=True)
class BlindCase:
    """What a blind reader gets to know of a case beside its trace.

    Attributes
    ----------
    id : str
        Of the case; random.
    age : float or None
        In years; 300 stands for 'over 89'.
    sex : {"male", "female"} or None
        As stated.
    """

    id: str
    age: float | None
    sex: Sex | None


@dataclass(frozen=True)
class Read:
    """One reader's first read of a case, and what followed it.

    Attributes
    ----------
    id : int
        Of the read, in the order of the commits.
    case_id, reader : str
        Whose read of what.
    level : Severity
        Before anything was revealed.
    confidence : int
        1 (low), 2, 3 (high).
    reasons : tuple of str
        What decided.
    text : str
        Free text.
    kind : ReadKind
        Blind, or by a reader who had seen the grade.
    committed_at : datetime.datetime
        UTC.
    revealed_at : datetime.datetime or None
        When label and grade were shown, UTC.
    revised_level : Severity or None
        After the reveal: the level that the reader keeps (equal to `level`) or changes to; None before that answer.
    verdict : Verdict or None
        In a study: with whom the reader sided.
    verdict_level : Severity or None
        The level of that verdict.
    """

    id: int
    case_id: str
    reader: str
    level: Severity
    confidence: int
    reasons: tuple[str, ...]
    text: str
    kind: ReadKind
    committed_at: datetime
    revealed_at: datetime | None = None
    revised_level: Severity | None = None
    verdict: Verdict | None = None
    verdict_level: Severity | None = None

    @property
    def switched(self) -> bool:
        """Whether the reader changed the level after the reveal."""
        return self.revised_level is not None and self.revised_level != self.level


@dataclass(frozen=True)
class Draft:
    """A read that is not committed yet; survives a reload.

    Attributes
    ----------
    level : Severity or None
        None where none was chosen yet.
    confidence : int or None
        1-3; None where none was chosen yet.
    reasons : tuple of str
        As ticked.
    text : str
        Free text.
    """

    level: Severity | None = None
    confidence: int | None = None
    reasons: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Reveal:
    """What is shown after the commit.

    Attributes
    ----------
    case : Case
        With label, model's level and probabilities.
    read : Read
        The reader's own.
    """

    case: Case
    read: Read


@dataclass(frozen=True)
class Adjudication:
    """What the adjudicator decided.

    Attributes
    ----------
    case_id, by, reason : str
        Of which case, who, and why.
    level : Severity or None
        None: indeterminate.
    at : datetime.datetime
        UTC.
    """

    case_id: str
    by: str
    level: Severity | None
    reason: str
    at: datetime


@dataclass(frozen=True)
class SignOff:
    """A signature under a settled case or a report; an amendment is a new one.

    Attributes
    ----------
    case_id, by, comment : str
        Of which case (empty for a report of no case), who, and what they add.
    level : Severity
        The level that was signed.
    at : datetime.datetime
        With its zone; UTC in the review.
    amends : bool
        True where an earlier sign-off is amended.

    Raises
    ------
    ConfigurationError
        If nobody could be asked about it: no name, or a time without zone.
    """

    case_id: str
    by: str
    level: Severity
    comment: str
    at: datetime
    amends: bool = False

    def __post_init__(self) -> None:
        """Refuse a signature that nobody could be asked about."""
        if not self.by.strip():
            raise ConfigurationError("The sign-off names no reader.", "Give the name of who read the ECG.")
        if self.at.tzinfo is None:
            raise ConfigurationError(f"The sign-off's time {self.at} has no time zone.", "Give a time with its zone.")


@dataclass(frozen=True)
class Reader:
    """A person of the review.

    Attributes
    ----------
    name : str
        As shown and as it stands in the audit.
    roles : frozenset of Role
        What they may do.
    """

    name: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class ReviewStudy:
    """What the owner of a study sets.

    Attributes
    ----------
    name : str
        Of the study.
    correct_share : float
        Share of correctly graded cases in a blind reader's queue, 0 (included) to 1 (excluded).
    reads_wanted : int
        Blind reads that a case gets, at least 1; equal ones settle it.
    with_verdict : bool
        Whether readers are shown the two candidate levels after their blind commit.
    """

    name: str
    correct_share: float
    reads_wanted: int
    with_verdict: bool


@dataclass(frozen=True)
class Event:
    """One entry of the audit; the database lets nobody change or remove it.

    Attributes
    ----------
    id : int
        In order.
    at : datetime.datetime
        UTC.
    who : str
        A reader's name, or who ran the command.
    kind : EventKind
        What happened.
    case_id : str or None
        The case that it belongs to.
    before, after : mapping
        JSON values by name.
    model, model_sha256 : str
        The grader that was in use; empty where none was.
    app_version : str
        CardioV's.
    """

    id: int
    at: datetime
    who: str
    kind: EventKind
    case_id: str | None
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    model: str = ""
    model_sha256: str = ""
    app_version: str = ""
