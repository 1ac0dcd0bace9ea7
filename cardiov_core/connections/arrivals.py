"""An ECG that came in by itself: read, analysed, put on the worklist, its alert opened, its results queued."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.connections.outbox import SENDER, Outbox
from cardiov_core.domain import Analysis, CaseReference, CaseSource, EcgRecord, RuleSet, texts
from cardiov_core.errors import CardioVError, NoRoomError, RecordError, StoreUnavailableError
from cardiov_core.io import collect, deidentified, read_source
from cardiov_core.review import (
    ALERTS_STUDY,
    NewCase,
    alert_settings,
    channels_from_environment,
    deciding,
    deliver,
    open_alert,
    put_case,
    rule_set_in_force,
)

if TYPE_CHECKING:
    from cardiov_core.inference import Grader


_WFDB = (".hea", ".dat", ".mat")


@dataclass(frozen=True)
class Taken:
    """What became of a file."""

    cases: tuple[str, ...]  # the cases that its records stand under
    files: frozenset[str]  # names of all files that were read: a header brings its signal file
    errors: tuple[CardioVError, ...]  # one for each record that could not be read


@dataclass(frozen=True)
class Intake:
    """The way in: what the review room's own import does, for what arrives by itself.

    Attributes
    ----------
    outbox : Outbox
        Where results go; its store is the review.
    graders : tuple of Grader
        The first gives the level, the others are compared with it.
    study : str
        Which study the cases belong to.
    """

    outbox: Outbox
    graders: "tuple[Grader, ...]"
    study: str

    def take(self, file: Path) -> Taken:
        """Take the records of a file, or of an archive.

        Taking a file again changes nothing: its case is there, its alert is open, its results were queued.

        Parameters
        ----------
        file : pathlib.Path
            A record or an archive.

        Returns
        -------
        Taken
            The cases, and what could not be read.

        Raises
        ------
        StoreUnavailableError, NoRoomError
            If the database or the temporary folder cannot be used: the file is to be taken again.
        """
        cases: list[str] = []
        names: set[str] = {file.name}
        graders = deciding(self.graders)
        rules = rule_set_in_force(self.outbox.store)
        with collect([file]) as collection:
            errors = [fault.error for fault in collection.errors]
            for error in errors:
                if isinstance(error, NoRoomError):
                    raise error
            for source in collection.sources:
                try:
                    # What a cart or a share brings is as strange as what somebody drops on a page.
                    record = read_source(source, apart=True)
                    names |= set(record.provenance.files) if source.path == file else set()
                    cases.append(self._take_record(record, graders, rules, source.path))
                except (StoreUnavailableError, NoRoomError):
                    raise
                except CardioVError as error:
                    errors.append(error)
                    names |= _of_one_record(file) if source.path == file else set()
            if not collection.sources and not errors:
                errors.append(RecordError(f"{file.name} holds no ECG.", "Send a record, or an archive of records."))
        return Taken(tuple(cases), frozenset(names), tuple(errors))

    def _take_record(self, record: EcgRecord, graders: "tuple[Grader, ...]", rules: RuleSet, path: Path) -> str:
        from cardiov_core.inference import analyze, disagreement_of

        grader, *others = graders
        analysis = analyze(record, grader, others=others, rule_set=rules)
        arrived = NewCase(
            self._as_kept(record),
            analysis.prediction,
            analysis.quality,
            CaseSource.FOLDER,
            reference=CaseReference("arrivals"),
            reasons=texts(analysis.withheld),
            disagreement=disagreement_of(analysis.panel),
            study=self.study,
        )
        store = self.outbox.store
        case_id, _ = put_case(store, arrived, SENDER)
        self._alert(analysis, arrived)
        self.outbox.queue(analysis, grader.card, case_id, path)
        return case_id

    def _as_kept(self, record: EcgRecord) -> EcgRecord:
        """Return the record under a name that tells nothing: names of files often are the patient's."""
        if self.outbox.outgoing.identity_kept:
            return record
        return replace(record, record_id=deidentified(record).record_id)

    def _alert(self, analysis: Analysis, arrived: NewCase) -> None:
        """Open the alert of a critical result where the installation wants alerts, as for an uploaded ECG."""
        store = self.outbox.store
        if not analysis.critical or not alert_settings(store).open_alerts:
            return
        copy = replace(arrived, reasons=("Came in with a critical result.",), study=ALERTS_STUDY)
        case_id, _ = put_case(store, copy, SENDER)
        graded = None if analysis.prediction is None else analysis.prediction.severity
        alert, new = open_alert(store, case_id, analysis.critical, level=analysis.level, graded_level=graded, by=SENDER)
        if new:
            deliver(store, alert, channels_from_environment())


def _of_one_record(file: Path) -> set[str]:
    """Return the names of a WFDB record's files by one of them: alone each would be refused for lack of the other."""
    if file.suffix.lower() not in _WFDB or not file.with_suffix(".hea").is_file():
        return set()
    return {path.name for end in _WFDB if (path := file.with_suffix(end)).is_file()}
