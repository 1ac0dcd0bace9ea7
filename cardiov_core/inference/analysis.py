"""All that CardioV says of one record: quality gate, measurements, findings, scope, critical value."""

from collections.abc import Iterable
from dataclasses import replace

from cardiov_core.critical import critical_results, load_rule_set
from cardiov_core.domain import (
    STANDARD_LEADS,
    Analysis,
    EcgRecord,
    Finding,
    Panel,
    Prediction,
    Quality,
    QualityVerdict,
    Reason,
    ReasonCode,
    RuleSet,
    first_of,
    unique,
)
from cardiov_core.inference.graders.load import Grader
from cardiov_core.inference.panel import disagreement_of, grade_all, raised_by_findings, with_doubts
from cardiov_core.inference.statements import likely_statements
from cardiov_core.inference.uncertainty.scope import unlike_training
from cardiov_core.lost_signal import gaps_s
from cardiov_core.preprocessing import MIN_DURATION_S, analysed_window
from cardiov_core.signals import Examination, examined, find_findings, read_rhythm

ADULT_YEARS = 18
"""Younger patients are out of scope (docs/clinical.md, 15)."""

_HOPELESS = {
    ReasonCode.SAMPLING_RATE_UNSUPPORTED, ReasonCode.NO_QRS, ReasonCode.TOO_SHORT, ReasonCode.LEAD_MISSING,
}  # fmt: skip
_OUT_OF_FOLD = Reason(ReasonCode.OUT_OF_FOLD, "This record trained the grader: the out-of-fold prediction is shown.")
_ANYWAY = Reason(ReasonCode.ANALYSED_ANYWAY, "The level was computed although the quality of the record forbids it.")


def analyze(
    record: EcgRecord | Examination,
    predictor: Grader,
    *,
    others: Iterable[Grader] = (),
    analyse_anyway: bool = False,
    start_s: float | None = None,
    rule_set: RuleSet | None = None,
    raise_level: bool = True,
) -> Analysis:
    """Judge a record's quality, measure it and, unless the quality forbids it, grade it.

    Parameters
    ----------
    record : EcgRecord or Examination
        As read; an examination where the caller asks for more than the analysis, an explanation for example.
    predictor : Grader
        The grader.
    others : iterable of Grader
        Graders to compare it with.
    analyse_anyway : bool
        Give a level although the quality gate withholds it, where one can be computed at all.
    start_s : float, optional
        Where the analysed window begins, in seconds of the record; the beginning by default.
    rule_set : RuleSet, optional
        Rules for critical results; those of `DEFAULT_RULE_SET` by default.
    raise_level : bool
        Whether a critical result raises the level; without, it is the grader's alone, as in the paper, and no critical
        result is looked for.

    Returns
    -------
    Analysis
        With a prediction, or with the reasons why there is none; a record that trained the grader gets its
        out-of-fold prediction. The quality is that of the analysed window. Measurements and findings are there in both
        cases, of the whole record and not only of the window, each a value or 'not measurable' with the reason.
    """
    whole = examined(record)
    graded = _graded_part(whole, predictor, start_s)
    quality = graded.quality
    # Of the whole record, but a lead that is dead in the analysed window is dead for the rules, too.
    findings = whole.findings if graded is whole else find_findings(whole.record, whole.measurements, quality)
    panel = None
    if quality.verdict is not QualityVerdict.NOT_ANALYSABLE or (analyse_anyway and can_insist(quality)):
        graders = (predictor, *others)
        panel = grade_all(whole, graders, start_s=start_s)
        panel = raised_by_findings(panel, {grader.name: grader.floors for grader in graders}, findings)
        panel = with_doubts(panel, graders)
    measured = whole.measurements
    critical = critical_results(rule_set or load_rule_set(), findings, measured) if raise_level else ()
    rhythm = read_rhythm(whole.record, measured, findings)
    # Of a part of the record nothing was measured by itself: the statements are those of the whole.
    statements = likely_statements(whole.record, measured) if panel is not None else ()
    ungraded = Analysis(
        whole.record, quality, None, quality.reasons, (), measured, findings, panel, critical, rhythm, statements
    )
    return with_grader(ungraded, predictor.name)


def _graded_part(whole: Examination, predictor: Grader, start_s: float | None) -> Examination:
    """Return the part that is graded; all of the record where no such part can be cut, which the grader then says."""
    window = analysed_window(whole.record, predictor.card.contract.duration_s, start_s)
    return whole.within(window) if window.end_s - window.start_s >= MIN_DURATION_S else whole


def can_insist(quality: Quality) -> bool:
    """Tell whether a level can be computed at all where the quality gate withholds it.

    Parameters
    ----------
    quality : Quality
        Of the record.

    Returns
    -------
    bool
        False without a QRS complex, under 5 s, without one of the leads, or at a sampling rate that shows no QRS: there
        is nothing to grade.
    """
    return first_of(quality.reasons, _HOPELESS) is None


def with_grader(analysis: Analysis, name: str) -> Analysis:
    """Return the same analysis with another grader's level on show; nothing is measured or graded again.

    Parameters
    ----------
    analysis : Analysis
        With a panel in which the grader is.
    name : str
        The grader.

    Returns
    -------
    Analysis
        Where that grader gives no level, with the reasons why there is none.
    """
    record, quality, panel = analysis.record, analysis.quality, analysis.panel
    prediction = None if panel is None else panel.of(name)
    withheld: tuple[Reason, ...] = ()
    if prediction is None:
        refused = quality.verdict is QualityVerdict.NOT_ANALYSABLE
        withheld = (*(quality.reasons if refused else ()), *_silence(panel, name))
    disagreement = disagreement_of(panel, name)
    warnings = (
        *(Reason(ReasonCode.FILE, warning) for warning in record.warnings),
        *_scope_warnings(record, analysis.findings),
        *_remarks(prediction, quality),
        *((disagreement,) if disagreement else ()),
    )
    return replace(analysis, prediction=prediction, withheld=unique(withheld), warnings=unique(warnings))


def _silence(panel: Panel | None, name: str) -> Iterable[Reason]:
    """Say why a grader gives no level, where that is not the quality gate's doing."""
    if panel is not None and name in panel.silent:
        yield panel.silent[name]


def _remarks(prediction: Prediction | None, quality: Quality) -> Iterable[Reason]:
    """Say under which circumstances a level came about."""
    if prediction is None:
        return
    if quality.verdict is QualityVerdict.NOT_ANALYSABLE:
        yield _ANYWAY
    yield from quality.reasons
    yield from prediction.notes
    unlike = unlike_training(prediction.scope)
    if unlike is not None:
        yield unlike
    if prediction.out_of_fold:
        yield _OUT_OF_FOLD


def _scope_warnings(record: EcgRecord, findings: Iterable[Finding] = ()) -> Iterable[Reason]:
    """Name what lies outside the scope of level and limits (docs/clinical.md, 15)."""
    if record.age is None:
        yield Reason(ReasonCode.AGE_NOT_STATED, "Age is not stated: the level is meant for adults only.")
    elif record.age < ADULT_YEARS:
        text = f"The patient is {record.age:g} years old: the level is meant for adults only."
        yield Reason(ReasonCode.NOT_ADULT, text)
    if record.sex is None:
        yield Reason(ReasonCode.SEX_NOT_STATED, "Sex is not stated.")
    if any(finding.code == "pacing" and finding.state == "present" for finding in findings):
        text = "Pacemaker spikes were found: read level, intervals and axes as those of a paced heart."
        yield Reason(ReasonCode.PACED, text)
    for start_s, end_s in gaps_s(record):
        text = f"There is no signal from {start_s:.1f} to {end_s:.1f} s: zeros, a held value or invalid samples."
        yield Reason(ReasonCode.NO_SIGNAL, text)
    if record.missing_leads:
        there = len(STANDARD_LEADS) - len(record.missing_leads)
        text = f"{there} of {len(STANDARD_LEADS)} leads are there: {', '.join(record.missing_leads)} missing."
        yield Reason(ReasonCode.LEADS_ABSENT, text, record.missing_leads)
    if record.derived_leads:
        text = f"Computed from the other limb leads, not recorded: {', '.join(record.derived_leads)}."
        yield Reason(ReasonCode.LEADS_DERIVED, text, record.derived_leads)
