"""What a worker process does with one record: bring it here, read it, analyse it, make its row."""

import logging
from dataclasses import dataclass
from pathlib import Path

from cardiov_core.critical import load_rule_set
from cardiov_core.domain import Analysis, EcgRecord, RuleSet
from cardiov_core.errors import (
    CardioVError,
    OutputError,
    RecordError,
    RecordNotFoundError,
    WeightsError,
    log_unforeseen,
)
from cardiov_core.inference import OwnDecision, analyze, load_predictor, other_graders
from cardiov_core.io import brought, open_recording, read_source
from cardiov_core.scoring.entries import Entry
from cardiov_core.scoring.result_rows import Row, analysed_row, error_row
from cardiov_core.signals import Examination

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Grading:
    """By what records are graded; goes to every worker process, so that all do the same.

    Attributes
    ----------
    model : str
        Name of the grader, or the path of its card.
    paper : bool
        Levels are the most probable ones and nothing raises them, as in the paper.
    own : OwnDecision or None
        What the installation decides by; None where it is the graders' own costs.
    alone : bool
        Ask no other grader beside it.
    rule_set : RuleSet or None
        Rules for critical results; CardioV's own where None.
    sampling_rate_hz, units : float, str or None
        For files that do not say it.
    gain_factor : float
        As in `read_record`.
    """

    model: str
    paper: bool = False
    own: OwnDecision | None = None
    alone: bool = False
    rule_set: RuleSet | None = None
    sampling_rate_hz: float | None = None
    units: str | None = None
    gain_factor: float = 1.0


class Scorer:
    """A grader with all others beside it, ready to analyse records.

    Parameters
    ----------
    grading : Grading
        By what records are graded.

    Raises
    ------
    WeightsError
        If the grader cannot be loaded.
    """

    def __init__(self, grading: Grading) -> None:
        shipped = load_predictor(grading.model)
        graders = (shipped, *(() if grading.alone else other_graders(shipped)))
        self.predictor, *others = (
            grader.by_rule("paper") if grading.paper else grader.by_own(grading.own) for grader in graders
        )
        self.others = tuple(others)
        self.grading = grading
        self.rule_set = grading.rule_set or load_rule_set()

    def analysed(self, entry: Entry) -> Analysis:
        """Read and analyse a record.

        Parameters
        ----------
        entry : Entry
            Of a plan.

        Raises
        ------
        CardioVError
            What is wrong with the record.
        """
        if entry.error is not None:
            raise entry.error
        return self.judged(_read(entry, self.grading))

    def judged(
        self, record: EcgRecord | Examination, *, start_s: float | None = None, analyse_anyway: bool = False
    ) -> Analysis:
        """Analyse a record that was read.

        Parameters
        ----------
        record, start_s, analyse_anyway
            As in `analyze`.
        """
        return analyze(
            record,
            self.predictor,
            others=self.others,
            start_s=start_s,
            analyse_anyway=analyse_anyway,
            rule_set=self.rule_set,
            raise_level=not self.grading.paper,
        )

    def row_of(self, entry: Entry) -> Row:
        """Return the row of a record, whatever is wrong with it.

        Parameters
        ----------
        entry : Entry
            Of a plan.

        Raises
        ------
        OutputError, WeightsError
            If it is not the record that is wrong: no other could be analysed either.
        """
        shown_as, card = entry.place.shown_as, self.predictor.card
        try:
            return analysed_row(entry, self.analysed(entry), card)
        except (OutputError, WeightsError):
            raise
        except CardioVError as error:
            return error_row(entry, error, card)
        except Exception as error:  # noqa: BLE001 - logged, but for what it may quote
            # A bug that one record uncovers must not cost the other million.
            log_unforeseen(_logger, "Unforeseen error with one record.", error)
            wrong = RecordError(
                f"{shown_as}: something went wrong that CardioV did not foresee.", "The details are in the log."
            )
            return error_row(entry, wrong, card)


def _read(entry: Entry, grading: Grading) -> EcgRecord:
    rate_hz, units = entry.sampling_rate_hz or grading.sampling_rate_hz, entry.units or grading.units
    if entry.start_s is not None and entry.length_s is not None:
        recording = open_recording(Path(entry.place.file))
        if recording is None:
            raise RecordNotFoundError(f"{entry.place.shown_as} is not the recording that was listed.", "Begin anew.")
        return recording.part(
            entry.start_s, entry.length_s, sampling_rate=rate_hz, units=units, gain_factor=grading.gain_factor
        )
    with brought(entry.place) as source:
        return read_source(source, sampling_rate=rate_hz, units=units, gain_factor=grading.gain_factor)
