"""The cases that a grader gets wrong, on the records of some folds, each with the way back to its waveform."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import Analysis, Prediction
from cardiov_core.errors import DatasetError
from cardiov_core.evaluation.case_file import CaseList, FoundCase, priority_of
from cardiov_core.inference import Predictor, analyze
from cardiov_core.statements import STATEMENTS, deciding_statement

DATASET = "ptb-xl"
"""How lists of cases call PTB-XL."""


def find_cases(
    dataset: PtbXl,
    predictor: Predictor,
    folds: Sequence[int],
    *,
    everything: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> CaseList:
    """Grade the records of some folds and return those whose grade is not their label.

    A record that trained the grader counts with its out-of-fold prediction, as in
    :func:`~cardiov_core.evaluation.study.evaluate_folds`.

    Parameters
    ----------
    dataset : PtbXl
        The records.
    predictor : Predictor
        The grader.
    folds : sequence of int
        1..10.
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
    DatasetError
        If the folder has no record of these folds, or one that cannot be read.
    """
    ecg_ids = dataset.ecg_ids(folds)
    if not ecg_ids:
        present = ", ".join(str(int(fold)) for fold in sorted(dataset.table["strat_fold"].unique()))
        raise DatasetError(
            f"{dataset.root} has no record in fold {', '.join(map(str, folds))}.", f"Folds that are there: {present}."
        )
    found: list[FoundCase] = []
    skipped: list[str] = []
    for done, ecg_id in enumerate(ecg_ids, start=1):
        record = dataset.record(ecg_id)
        # As in the evaluation, every record counts, whatever its signal is like.
        analysis = analyze(record, predictor, analyse_anyway=True)
        if analysis.prediction is None:
            skipped.append(f"{record.record_id}: {' '.join(analysis.withheld)}")
        else:
            found.append(_case(dataset, ecg_id, analysis, analysis.prediction))
        if progress is not None:
            progress(done, len(ecg_ids))
    wrong = [case for case in found if everything or case.error]
    return CaseList(
        model_name=predictor.name,
        model_sha256=predictor.card.sha256,
        folds=tuple(folds),
        n_graded=len(found),
        cases=tuple(sorted(wrong, key=_urgency)),
        skipped=tuple(skipped),
    )


def _urgency(case: FoundCase) -> int:
    quality = case.quality
    return 0 if quality is None else -priority_of(case.label, case.prediction, quality)


def _case(dataset: PtbXl, ecg_id: int, analysis: Analysis, grade: Prediction) -> FoundCase:
    codes = dataset.scp_codes(ecg_id)
    code = deciding_statement(codes)
    statement = f"{code} ({STATEMENTS[code].description}), {codes[code]:g} %"
    label = dataset.label(ecg_id)
    path = PurePosixPath(str(dataset.table.loc[ecg_id, "filename_hr"]))
    return FoundCase(
        record_id=analysis.record.record_id,
        dataset=DATASET,
        ecg_id=str(ecg_id),
        path=str(path),
        label=label,
        prediction=grade,
        quality=analysis.quality.verdict,
        quality_reasons=analysis.quality.reasons,
        statement=statement,
        reasons=tuple(_reasons(statement, int(label), grade)),
    )


def _reasons(statement: str, label: int, grade: Prediction) -> list[str]:
    """Say what is to know of a case, without what the quality gate says."""
    gap = abs(label - int(grade.severity))
    reasons = [f"The label comes from {statement}."]
    if gap:
        reasons.append(f"The grade is {gap} {'level' if gap == 1 else 'levels'} off the label.")
    if grade.prediction_set is not None and len(grade.prediction_set) > 1:
        reasons.append(f"The prediction set holds {len(grade.prediction_set)} levels.")
    if grade.rank_violation > 0.0:
        reasons.append(f"The raw exceedances rose by {grade.rank_violation:.3f} before their repair.")
    return reasons
