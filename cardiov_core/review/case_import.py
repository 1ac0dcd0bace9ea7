"""Cases from a list that ``cardiov cases`` or ``cardiov evaluate`` wrote, and from a folder of records."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.domain import CaseReference, CaseSource, EcgRecord, Quality, stored, texts
from cardiov_core.errors import CardioVError, ExchangeError, StoreUnavailableError
from cardiov_core.evaluation import FoundCase, read_cases
from cardiov_core.review.database.store import Store
from cardiov_core.review.intake import NewCase, put_case
from cardiov_core.review.own_decision import own_decision_of
from cardiov_core.review.people import DEFAULT_STUDY

if TYPE_CHECKING:
    from cardiov_core.inference import Grader
    from cardiov_core.io import Source

_PTBXL = "ptb-xl"


@dataclass(frozen=True)
class ImportReport:
    """What became of the rows of a file, or of the records of a folder.

    Attributes
    ----------
    added : int
        New ones.
    known : int
        Those that were there already, and were left as they are.
    left_out : int
        Those that were not asked for.
    errors : tuple of CardioVError
        One for each that could not be taken, which its message names.
    """

    added: int
    known: int
    left_out: int
    errors: tuple[CardioVError, ...]


def import_cases(
    store: Store,
    cases_file: Path,
    data: Path,
    by: str,
    *,
    study: str = DEFAULT_STUDY,
    everything: bool = False,
) -> ImportReport:
    """Take the cases of a list into the review, with their waveforms.

    Parameters
    ----------
    store : Store
        An open store.
    cases_file : pathlib.Path
        JSON or CSV of ``cardiov cases``, or the ``predictions.csv`` of ``cardiov evaluate``.
    data : pathlib.Path
        Folder of the data set that the paths of the list begin in.
    by : str
        Who brings them.
    study : str
        Of which study.
    everything : bool
        Of a ``predictions.csv``, take the rightly graded records too; a list of ``cardiov cases`` holds what was
        asked for, and all of it is taken.

    Returns
    -------
    ImportReport
        A row that cannot be taken is an error, and the rest goes on. A record that the study has already keeps its
        grade; another one is added as an event.

    Raises
    ------
    ExchangeError
        If the list cannot be read.
    DatasetError
        If a list of PTB-XL comes with a folder that is not PTB-XL.
    StoreUnavailableError
        If the database cannot be written; what was taken before stays.
    """
    listed, row_errors = read_cases(cases_file)
    errors: list[CardioVError] = list(row_errors)
    read = _reader_of(data, listed)
    added = known = left_out = 0
    for case in listed:
        # A list of `cardiov cases` states the quality; predictions do not, and hold every record.
        if case.quality is None and not (everything or case.error):
            left_out += 1
            continue
        try:
            new = _take(store, case, read(case), by, study)
        except StoreUnavailableError:
            raise
        except CardioVError as error:
            errors.append(_named(error, case.record_id or case.ecg_id))
        else:
            added, known = added + new, known + (not new)
    return ImportReport(added, known, left_out, tuple(errors))


def _named(error: CardioVError, name: str) -> ExchangeError:
    return ExchangeError(f"{name}: {error.message}", error.hint)


def _reader_of(data: Path, listed: tuple[FoundCase, ...]) -> Callable[[FoundCase], EcgRecord]:
    """Return how to read the record of a case: PTB-XL's table knows age and sex, which its files do not state."""
    from cardiov_core.datasets import PtbXl
    from cardiov_core.io import read_record

    root = data.resolve()
    inner = root / "ptb-xl-subset"
    ptbxl = PtbXl(inner if inner.is_dir() else root) if any(case.dataset == _PTBXL for case in listed) else None

    def _read(case: FoundCase) -> EcgRecord:
        if ptbxl is not None and case.dataset == _PTBXL:
            if not case.ecg_id.isdecimal():
                raise ExchangeError(f"{case.ecg_id!r} is no ecg_id of PTB-XL.", "Write the list again.")
            return ptbxl.record(int(case.ecg_id))
        path = (root / case.path).resolve()
        if not case.path or not path.is_relative_to(root):
            raise ExchangeError(f"The path {case.path!r} leaves the data set.", "Paths begin in the folder of --data.")
        return read_record(path)

    return _read


def _take(store: Store, case: FoundCase, record: EcgRecord, by: str, study: str) -> bool:
    quality = _quality(record) if case.quality is None else Quality(case.quality, (), stored(case.quality_reasons))
    new = NewCase(
        record,
        case.prediction,
        quality,
        CaseSource.CASES,
        label=case.label,
        reference=CaseReference(case.dataset, case.ecg_id, case.path),
        reasons=case.reasons,
        disagreement=case.disagreement,
        study=study,
    )
    return put_case(store, new, by)[1]


def _quality(record: EcgRecord) -> Quality:
    from cardiov_core.signals import Examination

    return Examination(record).quality


def import_folder(
    store: Store, folder: Path, predictor: "Grader", by: str, *, study: str = DEFAULT_STUDY
) -> ImportReport:
    """Grade the records of a folder or an archive and take them into the review, without labels.

    Parameters
    ----------
    store : Store
        An open store.
    folder : pathlib.Path
        A folder, an archive or a record.
    predictor : Grader
        The grader.
    by : str
        Who brings them.
    study : str
        Of which study.

    Returns
    -------
    ImportReport
        A record that cannot be read is an error, and the rest goes on; one whose level is withheld comes without.

    Raises
    ------
    RecordError
        If the folder itself cannot be opened.
    StoreUnavailableError
        If the database cannot be written; what was taken before stays.
    """
    from cardiov_core.inference import other_graders
    from cardiov_core.io import collect

    added = known = 0
    own = own_decision_of(store)
    predictor = predictor.by_own(own)
    others = tuple(grader.by_own(own) for grader in other_graders(predictor))
    errors: list[CardioVError] = []
    with collect([folder]) as collection:
        errors += [_named(fault.error, fault.shown_as) for fault in collection.errors]
        for source in collection.sources:
            try:
                _, new = put_case(store, _case_of_source(source, folder, predictor, others, study), by)
            except StoreUnavailableError:
                raise
            except CardioVError as error:
                errors.append(_named(error, source.shown_as))
            else:
                added, known = added + new, known + (not new)
    return ImportReport(added, known, 0, tuple(errors))


def _case_of_source(
    source: "Source", folder: Path, predictor: "Grader", others: "tuple[Grader, ...]", study: str
) -> NewCase:
    from cardiov_core.inference import analyze, disagreement_of
    from cardiov_core.io import read_source

    analysis = analyze(read_source(source), predictor, others=others)
    return NewCase(
        analysis.record,
        analysis.prediction,
        analysis.quality,
        CaseSource.FOLDER,
        reference=CaseReference(folder.name, "", source.shown_as.removeprefix(f"{folder}/")),
        reasons=texts(analysis.withheld),
        disagreement=disagreement_of(analysis.panel),
        study=study,
    )
