"""All that CardioV says of one record: quality gate, scope, critical value."""

from collections.abc import Iterable

from cardiov_core.domain import Analysis, EcgRecord, Prediction, Quality, QualityVerdict
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.inference.predictor import Predictor
from cardiov_core.signals import assess_quality

ADULT_YEARS = 18
"""Younger patients are out of scope (CLINICAL conventions, 15)."""

_OUT_OF_FOLD = "This record trained the model: the out-of-fold prediction is shown."


def analyze(
    record: EcgRecord, predictor: Predictor, *, analyse_anyway: bool = False, start_s: float | None = None
) -> Analysis:
    """Judge a record's quality and, unless that forbids it, grade the record.

    Parameters
    ----------
    record : EcgRecord
        As read.
    predictor : Predictor
        The grader.
    analyse_anyway : bool
        Give a level although the quality gate withholds it, where one can be computed at all.
    start_s : float, optional
        Where the analysed window begins, in seconds of the record; the beginning by default.

    Returns
    -------
    Analysis
        With a prediction, or with the reasons why there is none; a record that trained the grader gets its
        out-of-fold prediction.
    """
    warnings = [*record.warnings, *_scope_warnings(record)]
    try:
        quality = assess_quality(record)
    except RecordUnsupportedError as error:
        # Too slow a sampling rate for a QRS complex: nothing to insist on.
        reasons: tuple[str, ...] = (_sentences(error.message, error.hint),)
        return Analysis(record, Quality(QualityVerdict.NOT_ANALYSABLE, (), reasons), None, reasons, _unique(warnings))
    refused = quality.verdict is QualityVerdict.NOT_ANALYSABLE
    if refused and not analyse_anyway:
        return Analysis(record, quality, None, _unique(quality.reasons), _unique(warnings))
    try:
        prediction = _graded(record, predictor, start_s)
    except RecordUnsupportedError as error:
        reasons = (*(quality.reasons if refused else ()), _sentences(error.message, error.hint))
        return Analysis(record, quality, None, _unique(reasons), _unique(warnings))
    if refused:
        warnings.append("The level was computed although the quality of the record forbids it.")
    warnings += [*quality.reasons, *prediction.notes]
    if prediction.out_of_fold:
        warnings.append(_OUT_OF_FOLD)
    return Analysis(record, quality, prediction, (), _unique(warnings))


def _graded(record: EcgRecord, predictor: Predictor, start_s: float | None) -> Prediction:
    shipped = None if start_s else predictor.out_of_fold_prediction(record)
    return shipped or predictor.predict(record, start_s=start_s)


def _scope_warnings(record: EcgRecord) -> Iterable[str]:
    if record.age is None:
        yield "Age is not stated: the level is meant for adults only."
    elif record.age < ADULT_YEARS:
        yield f"The patient is {record.age:g} years old: the level is meant for adults only."
    if record.sex is None:
        yield "Sex is not stated."
    if record.derived_leads:
        yield f"Derived from other limb leads, not recorded: {', '.join(record.derived_leads)}."


def _sentences(message: str, hint: str) -> str:
    return f"{message.rstrip('.')}. {hint}"


def _unique(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))
