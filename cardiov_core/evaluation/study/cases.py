"""The cases that a grader gets wrong, on the records of some folds, each with the way back to its waveform."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from cardiov_core.datasets import LabelProvenance, PtbXl, label_provenance
from cardiov_core.domain import Analysis, Prediction, how_many, texts
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.evaluation.study.case_file import CaseList, FoundCase, priority_of
from cardiov_core.evaluation.study.leakage import TrainedOn, trained_on
from cardiov_core.evaluation.study.run import ecg_ids_of
from cardiov_core.inference import Grader, analyze, disagreement
from cardiov_core.signals import Examination, distortions
from cardiov_core.statements import STATEMENTS

DATASET = "ptb-xl"
"""How lists of cases call PTB-XL."""

FAR = 3
"""Levels between label and grade of a far miss: no risk graded high, or high risk graded no (paper, Case study)."""


def find_cases(
    dataset: PtbXl,
    predictor: Grader,
    folds: Sequence[int],
    *,
    others: Sequence[Grader] = (),
    everything: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> CaseList:
    """Grade the records of some folds and return those whose grade is not their label.

    A record that trained the grader counts with its out-of-fold prediction, and one that the weights have seen
    otherwise is left out, as in :func:`~cardiov_core.evaluation.study.run.evaluate_folds`; so do the other graders.

    Parameters
    ----------
    dataset : PtbXl
        The records; where it has corrected labels, these count.
    predictor : Grader
        The grader.
    folds : sequence of int
        1..10.
    others : sequence of Grader
        Graders whose levels are set beside; where they differ, the case says so. One that trained on one of the folds
        and has no out-of-fold predictions is not asked.
    everything : bool
        Return the rightly graded records too: a blind study mixes them in.
    progress : callable, optional
        Called with the records done and all of them.

    Returns
    -------
    CaseList
        Far misses first, then wide prediction sets, rank violations and low quality; equals in the order of the table.

    Raises
    ------
    ConfigurationError
        If one of the folds trained a grader that has no out-of-fold predictions.
    DatasetError
        If the folder has no record of these folds, or one that cannot be read.
    """
    seen = trained_on(predictor.card)
    seen.check_folds(tuple(folds))
    beside = [(other, theirs) for other in others if not (theirs := trained_on(other.card)).trained_blindly(folds)]
    outcomes = []
    for done, ecg_id in enumerate(ecg_ids := ecg_ids_of(dataset, folds), start=1):
        outcomes.append(_graded_case(dataset, ecg_id, predictor, seen, beside))
        if progress is not None:
            progress(done, len(ecg_ids))
    graded = [case for case in outcomes if isinstance(case, FoundCase)]
    return CaseList(
        model_name=predictor.name,
        model_sha256=predictor.card.sha256,
        folds=tuple(folds),
        n_graded=len(graded),
        cases=tuple(sorted((case for case in graded if everything or case.error), key=_urgency)),
        skipped=tuple(objection for objection in outcomes if isinstance(objection, str)),
        distorted=_distorted(graded),
    )


def _distorted(graded: Sequence[FoundCase]) -> dict[int, tuple[int, int]]:
    """Return how many records of each error have a distorted signal, and how many there are."""
    distorted = Counter(case.error for case in graded if case.distortions)
    return {gap: (distorted[gap], n) for gap, n in sorted(Counter(case.error for case in graded).items())}


def _urgency(case: FoundCase) -> int:
    quality = case.quality
    return 0 if quality is None else -priority_of(case.label, case.prediction, quality)


def _graded_case(
    dataset: PtbXl, ecg_id: int, predictor: Grader, seen: TrainedOn, beside: Sequence[tuple[Grader, TrainedOn]]
) -> FoundCase | str:
    """Return a graded record, or why it has no grade."""
    record = dataset.record(ecg_id)
    objection = None
    if predictor.out_of_fold_prediction(record) is None:
        objection = seen.objection(ecg_id, record.patient_id)
    if objection is not None:
        return f"{record.record_id}: {objection}"
    # As in the evaluation, every record counts, whatever its signal is like.
    examination = Examination(record)
    analysis = analyze(examination, predictor, analyse_anyway=True)
    grade = analysis.prediction
    if grade is None:
        return f"{record.record_id}: {' '.join(texts(analysis.withheld))}"
    theirs = [_theirs(ecg_id, examination, *other) for other in beside]
    return _case(dataset, ecg_id, analysis, grade, [one for one in theirs if one is not None])


def _theirs(ecg_id: int, examination: Examination, other: Grader, seen: TrainedOn) -> Prediction | None:
    """Return what another grader says that has not seen the patient; None where it cannot say."""
    record = examination.record
    shipped = other.out_of_fold_prediction(record)
    if shipped is not None or seen.objection(ecg_id, record.patient_id) is not None:
        return shipped
    try:
        return other.predict(examination)
    except RecordUnsupportedError:
        return None


def _case(
    dataset: PtbXl, ecg_id: int, analysis: Analysis, grade: Prediction, theirs: Sequence[Prediction]
) -> FoundCase:
    label = dataset.label(ecg_id)
    corrected = None if dataset.corrected is None else dataset.corrected.levels.get(ecg_id)
    codes = dataset.scp_codes(ecg_id)
    provenance = label_provenance(codes, corrected=corrected)
    path = PurePosixPath(str(dataset.table.loc[ecg_id, "filename_hr"]))
    return FoundCase(
        record_id=analysis.record.record_id,
        dataset=DATASET,
        ecg_id=str(ecg_id),
        path=str(path),
        label=label,
        prediction=grade,
        quality=analysis.quality.verdict,
        quality_reasons=texts(analysis.quality.reasons),
        statement=provenance.deciding.words,
        reasons=tuple(_reasons(provenance, abs(int(label) - int(grade.severity)), grade, theirs)),
        statements=tuple(_statements(codes, provenance)),
        distortions=distortions(analysis.quality),
        graders=tuple(f"{one.model_name} {int(one.severity)} {one.probabilities[one.severity]:.3f}" for one in theirs),
    )


def _statements(codes: dict[str, float], provenance: LabelProvenance) -> list[str]:
    """Return the statements of a record, the deciding one first, then those that it overruled."""
    deciding = provenance.deciding.statement.code
    overruled = [one.statement.code for one in provenance.overruled]
    rest = [code for code in codes if code != deciding and code not in overruled]
    roles = {deciding: "decides"} | dict.fromkeys(overruled, "overruled") | dict.fromkeys(rest, "beside")
    return [f"{code} {codes[code]:g} {int(STATEMENTS[code].critical_value)} {role}" for code, role in roles.items()]


def _reasons(provenance: LabelProvenance, gap: int, grade: Prediction, theirs: Sequence[Prediction]) -> list[str]:
    """Say what is to know of a case, without what the quality gate says."""
    reasons = [f"The label comes from {provenance.deciding.words}."]
    if provenance.corrected is not None:
        reasons = [f"Cardiologists set the label; PTB-XL's came from {provenance.deciding.words}."]
    reasons += [f"It overruled {one.words}, {one.level.title.lower()}." for one in provenance.overruled]
    if gap:
        reasons.append(f"The grade is {how_many(gap, 'level')} off the label.")
    differ = disagreement((one.model_name, one.severity) for one in (grade, *theirs))
    if differ is not None:
        reasons.append(differ.text)
    if grade.prediction_set is not None and len(grade.prediction_set) > 1:
        reasons.append(f"The prediction set holds {len(grade.prediction_set)} levels.")
    if grade.rank_violation > 0.0:
        reasons.append(f"The raw exceedances rose by {grade.rank_violation:.3f} before their repair.")
    return reasons
