"""Many records, one at a time: a light row each, the order to work through them, and their table."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from cardiov_core.domain import Analysis, QualityVerdict, Reason, ReasonCode, RuleSet, Severity, Sex, first_of, texts
from cardiov_core.errors import CardioVError, RecordError, log_unforeseen
from cardiov_core.inference.analysis import analyze
from cardiov_core.inference.graders.load import Grader
from cardiov_core.inference.panel import disagreement_of
from cardiov_core.io import Source, read_source

if TYPE_CHECKING:
    import pandas as pd

_logger = logging.getLogger(__name__)

SEPARATOR = " | "
"""Between the sentences of one cell: none of them contains it."""

TRIAGE_RULE = (
    "Most urgent first: (1) level 3, or a critical finding at whatever level; last among them critical findings whose "
    "level is withheld, because they were measured on a doubtful signal; (2) the other records whose level is "
    "withheld: nobody knows how urgent they are, so they need a look; (3) the rest by level, from 2 down to 0. Within "
    "each, by the probability of being above low risk; equals stay in the order of their names."
)
"""The order of `triage_order` in words, for the page."""


class TriageGroup(IntEnum):
    """Parts of the list, in the order in which they are worked through."""

    URGENT = 0
    NEEDS_A_LOOK = 1
    GRADED = 2

    @property
    def title(self) -> str:
        """The part in words: 'Urgent', 'Needs a look', 'Graded'."""
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True)
class BatchRow:
    """What is kept of one record: no signal, so that thousands fit.

    Attributes
    ----------
    name : str
        The record's place in what was given.
    record_id : str
        The file's stem.
    files : tuple of str
        Names of its files, to open it again.
    level : Severity or None
        None where it is withheld.
    probabilities : tuple of float or None
        Four, one per level.
    exceedance : tuple of float or None
        P(level > 0), P(> 1), P(> 2).
    prediction_set : tuple of Severity or None
        90 % conformal set where the grader has one.
    out_of_fold : bool
        True where the record trained the grader and this is its out-of-fold prediction.
    quality : QualityVerdict
        Verdict of the quality gate.
    withheld : tuple of Reason
        Why there is no level.
    heart_rate_bpm, qtc_fridericia_ms : float or None
        None where not measurable.
    critical : tuple of str
        Titles of the critical findings that are present.
    age : float or None
        In years, as read.
    sex : {"male", "female"} or None
        As stated.
    warnings : tuple of Reason
        All warnings of the analysis.
    other_levels : mapping of str to Severity
        What the graders say that were asked beside the one whose level this is.
    disagreement : Reason or None
        Who says what, where graders differ by a level or more; None where they do not.
    """

    name: str
    record_id: str
    files: tuple[str, ...]
    level: Severity | None
    probabilities: tuple[float, ...] | None
    exceedance: tuple[float, float, float] | None
    prediction_set: tuple[Severity, ...] | None
    out_of_fold: bool
    quality: QualityVerdict
    withheld: tuple[Reason, ...]
    heart_rate_bpm: float | None
    qtc_fridericia_ms: float | None
    critical: tuple[str, ...]
    age: float | None
    sex: Sex | None
    warnings: tuple[Reason, ...]
    other_levels: Mapping[str, Severity] = field(default_factory=dict)
    disagreement: Reason | None = None

    @property
    def unsure(self) -> bool:
        """Whether its level is as doubtful as those that were often wrong."""
        return first_of(self.warnings, {ReasonCode.UNSURE}) is not None

    @property
    def group(self) -> TriageGroup:
        """Which part of the list it belongs to."""
        if self.level is Severity.HIGH_RISK or self.critical:
            return TriageGroup.URGENT
        return TriageGroup.NEEDS_A_LOOK if self.level is None else TriageGroup.GRADED


@dataclass(frozen=True)
class BatchError:
    """A record that could not be read or analysed.

    Attributes
    ----------
    name : str
        Its place in what was given.
    error : CardioVError
        What is wrong with it and what to do.
    """

    name: str
    error: CardioVError


def run_batch(
    sources: Iterable[Source],
    predictor: Grader,
    *,
    others: Sequence[Grader] = (),
    sampling_rate: float | None = None,
    units: str | None = None,
    rule_set: RuleSet | None = None,
    keep: Callable[[BatchRow, Analysis], None] | None = None,
    apart: bool = False,
) -> Iterator[BatchRow | BatchError]:
    """Read and analyse records one after the other; only one signal is held at a time.

    Parameters
    ----------
    sources : iterable of Source
        As `collect` finds them; they must stay readable until the last one was asked for.
    predictor : Grader
        The grader.
    others : sequence of Grader
        Graders to compare it with.
    sampling_rate, units
        As in `read_record`: for files that do not state them.
    rule_set : RuleSet, optional
        As in `analyze`.
    keep : callable, optional
        Gets each row with its analysis, before the row is handed out.
    apart : bool
        As in `read_source`: for strangers' files.

    Yields
    ------
    BatchRow or BatchError
        One a source, in order. Nothing that a record contains ends the batch.
    """
    for source in sources:
        try:
            record = read_source(source, sampling_rate=sampling_rate, units=units, apart=apart)
            analysis = analyze(record, predictor, others=others, rule_set=rule_set)
            row = row_of(source.shown_as, analysis)
            if keep is not None:
                keep(row, analysis)
            result: BatchRow | BatchError = row
            # The signal is gone before the row is handed out.
            del record, analysis
        except CardioVError as error:
            result = BatchError(source.shown_as, error)
        except Exception as error:  # noqa: BLE001 - logged, but for what it may quote
            # A bug that one record uncovers must not cost the reader the other thousand.
            log_unforeseen(_logger, "Unforeseen error with one record of a batch.", error)
            wrong = RecordError(
                f"{source.path.name}: something went wrong that CardioV did not foresee.",
                "The details are in the server's log.",
            )
            result = BatchError(source.shown_as, wrong)
        yield result


def row_of(name: str, analysis: Analysis) -> BatchRow:
    """Keep of an analysis what the table shows.

    `name`: the record's place in what was given.
    """
    record, prediction, measured = analysis.record, analysis.prediction, analysis.measurements
    return BatchRow(
        name=name,
        record_id=record.record_id,
        files=record.provenance.files,
        level=analysis.level,
        probabilities=None if prediction is None else prediction.probabilities,
        exceedance=None if prediction is None else prediction.exceedance,
        prediction_set=None if prediction is None else prediction.prediction_set,
        out_of_fold=prediction is not None and prediction.out_of_fold,
        quality=analysis.quality.verdict,
        withheld=analysis.withheld,
        heart_rate_bpm=None if measured is None else measured.heart_rate_bpm,
        qtc_fridericia_ms=None if measured is None else measured.qtc_fridericia_ms,
        critical=tuple(result.rule.title for result in analysis.critical),
        age=record.age if record.age is not None and math.isfinite(record.age) else None,
        sex=record.sex,
        warnings=analysis.warnings,
        other_levels=_other_levels(analysis),
        disagreement=disagreement_of(analysis.panel),
    )


def _other_levels(analysis: Analysis) -> dict[str, Severity]:
    if analysis.panel is None:
        return {}
    shown = analysis.prediction
    return {
        each.model_name: each.severity
        for each in analysis.panel.predictions
        if shown is None or each.model_name != shown.model_name
    }


def triage_order(rows: Iterable[BatchRow]) -> list[BatchRow]:
    """Sort rows by urgency; the rule in words is `TRIAGE_RULE`.

    A critical finding comes first at whatever level, because it is measured and the level is only estimated. Withheld
    levels stand before level 2: an unreadable tracing may hide anything, and can be repeated only while the patient is
    there. Level first and then P(above low risk) puts records of high risk as early as any order of the four
    probabilities that was tried on the out-of-fold predictions (``benchmarks/batch.py``), and reads as the list of
    levels that it looks like.

    Parameters
    ----------
    rows : iterable of BatchRow
        In any order.

    Returns
    -------
    list of BatchRow
        Most urgent first.
    """
    return sorted(rows, key=_urgency)


def _urgency(row: BatchRow) -> tuple[int, bool, int, float, str]:
    # The urgent are one part, whatever their level.
    level = -int(row.level) if row.level is not None and row.group is TriageGroup.GRADED else 0
    return row.group, row.level is None, level, -row.exceedance[1] if row.exceedance is not None else 0.0, row.name


def batch_table(rows: Sequence[BatchRow], predictor: Grader) -> "pd.DataFrame":
    """Return rows as the table that is downloaded; its columns keep their names and types.

    Parameters
    ----------
    rows : sequence of BatchRow
        In the order of the table; their position becomes ``triage_rank``.
    predictor : Grader
        The grader, for its name and checksum.

    Returns
    -------
    pandas.DataFrame
        One row per record. Sentences of one cell are joined by `SEPARATOR`; what is not known is missing, never a
        number.
    """
    import pandas as pd

    columns = {
        "triage_rank": "Int64", "triage_group": "string", "record": "string", "record_id": "string", "level": "Int64",
        "level_name": "string", "p_no": "Float64", "p_low": "Float64", "p_medium": "Float64", "p_high": "Float64",
        "p_above_no": "Float64", "p_above_low": "Float64", "p_above_medium": "Float64", "prediction_set": "string",
        "withheld": "string", "quality": "string", "heart_rate_bpm": "Float64", "qtc_fridericia_ms": "Float64",
        "critical_findings": "string", "age_years": "Float64", "sex": "string", "n_warnings": "Int64",
        "warnings": "string", "out_of_fold": "boolean", "model": "string", "model_sha256": "string",
        "graders_disagree": "boolean", "other_graders": "string", "unsure": "boolean",
    }  # fmt: skip
    model = {"model": predictor.name, "model_sha256": predictor.card.sha256}
    values = [_values(rank, row) | model for rank, row in enumerate(rows, start=1)]
    return pd.DataFrame(values, columns=list(columns)).astype(columns)


def _values(rank: int, row: BatchRow) -> dict[str, object]:
    p_no, p_low, p_medium, p_high = row.probabilities or (None,) * 4
    above_no, above_low, above_medium = row.exceedance or (None,) * 3
    return {
        "triage_rank": rank,
        "triage_group": row.group.title,
        "record": row.name,
        "record_id": row.record_id,
        "level": None if row.level is None else int(row.level),
        "level_name": None if row.level is None else row.level.title,
        "p_no": p_no,
        "p_low": p_low,
        "p_medium": p_medium,
        "p_high": p_high,
        "p_above_no": above_no,
        "p_above_low": above_low,
        "p_above_medium": above_medium,
        "prediction_set": _joined(level.title for level in row.prediction_set or ()),
        "withheld": _joined(texts(row.withheld)),
        "quality": str(row.quality),
        "heart_rate_bpm": row.heart_rate_bpm,
        "qtc_fridericia_ms": row.qtc_fridericia_ms,
        "critical_findings": _joined(row.critical),
        "age_years": row.age,
        "sex": row.sex,
        "n_warnings": len(row.warnings),
        "warnings": _joined(texts(row.warnings)),
        "out_of_fold": row.out_of_fold,
        # Missing where nobody was asked beside the grader.
        "graders_disagree": row.disagreement is not None if row.other_levels else None,
        "unsure": None if row.level is None else row.unsure,
        "other_graders": _joined(f"{name} {level.title}" for name, level in row.other_levels.items()),
    }


def _joined(sentences: Iterable[str]) -> str | None:
    return SEPARATOR.join(sentences) or None
