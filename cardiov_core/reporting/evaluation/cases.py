"""A list of cases as one HTML file that needs nothing else: the far misses one by one, then the others in a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import Contributions, EcgRecord, Explanation, Severity
from cardiov_core.errors import ConfigurationError, ExplanationError, RecordUnsupportedError
from cardiov_core.evaluation import FAR, PAPER_FAR_MISSES, PAPER_FAR_MISSES_DISTORTED, PAPER_SOURCE, CaseList, FoundCase
from cardiov_core.inference import BlendGrader, Grader, passport_line
from cardiov_core.reporting.evaluation.far_miss import trace_picture
from cardiov_core.reporting.evaluation.words import fold_words
from cardiov_core.reporting.print.content import record_words
from cardiov_core.reporting.templates import render
from cardiov_core.reporting.trace.attention import CAPTION
from cardiov_core.reporting.words.levels import whole_percent
from cardiov_core.statements import STATEMENTS

_ROLES = {"decides": "decides the label", "overruled": "overruled, although graver", "beside": "beside it"}
_DISTORTIONS = {
    "drift_mv": "base-line drift",
    "noise_mv": "muscle noise",
    "burst_mv": "bursts of noise",
    "hum_mv": "mains hum",
}


@dataclass(frozen=True)
class FarMiss:
    """One far miss as its template tells it: all words but `picture`, the address that holds the ECG.

    `measured` is what speaks for or against the grade; None where nothing of the kind is known.
    """

    ecg_id: str
    label: str
    grade: str
    record: str
    graded: str
    statements: Sequence[tuple[str, ...]]
    signal: str
    others: str
    alternative: str
    picture: str
    caption: str
    measured: Sequence[str] | None


def write_case_report(
    cases: CaseList,
    dataset: PtbXl,
    predictor: Grader,
    path: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a list of cases as HTML.

    Parameters
    ----------
    cases : CaseList
        From :func:`~cardiov_core.evaluation.study.cases.find_cases`.
    dataset : PtbXl
        Where its records lie.
    predictor : Grader
        The grader, to explain the far misses.
    path : pathlib.Path
        Where to; its folder is made where it is missing.
    progress : callable, optional
        Called with the far misses drawn and all of them.

    Returns
    -------
    int
        Far misses in it.

    Raises
    ------
    ConfigurationError
        If the file cannot be written.
    DatasetError
        If a record cannot be read.
    """
    far = [case for case in cases.cases if case.error >= FAR]
    misses = []
    for done, case in enumerate(far, start=1):
        misses.append(_far_miss(case, dataset.record(int(case.ecg_id)), predictor))
        if progress is not None:
            progress(done, len(far))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_page(cases, misses), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}.", "Name another file.") from error
    return len(far)


def distortion_words(cases: CaseList) -> str:
    """Say how many far misses carry drift or noise, beside the paper's and beside the records graded rightly."""
    carrying, n_far = cases.distorted.get(FAR, (0, 0))
    if not n_far:
        return f"None of {cases.n_graded} records is graded three levels off."
    words = (
        f"{carrying} of {n_far} far misses carry drift or high-frequency noise, as the quality gate measures them; the "
        f"paper saw them in {PAPER_FAR_MISSES_DISTORTED} of {PAPER_FAR_MISSES} ({PAPER_SOURCE})."
    )
    right, n_right = cases.distorted.get(0, (0, 0))
    if n_right:
        words += (
            f" So do {right} of the {n_right} rightly graded records ({whole_percent(right / n_right)} against "
            f"{whole_percent(carrying / n_far)}): a finding alone explains a miss only as far as these shares differ."
        )
    return words


def _page(cases: CaseList, misses: Sequence[FarMiss]) -> str:
    wrong = [case for case in cases.cases if case.error]
    counts = ", ".join(str(sum(case.error == gap for case in wrong)) for gap in (3, 2, 1))
    return render(
        "cases.html",
        title=f"CardioV: cases of {cases.model_name}",
        name=cases.model_name,
        summary=f"{cases.n_graded} records of PTB-XL {fold_words(cases.folds)}, {len(wrong)} graded wrongly (off by "
        f"three levels, two and one: {counts}). Weights: SHA-256 {cases.model_sha256}.",
        distortions=distortion_words(cases),
        misses=misses,
        others=[_row(case) for case in wrong if case.error < FAR],
    )


def _row(case: FoundCase) -> tuple[str, ...]:
    return (
        case.ecg_id,
        case.label.title,
        case.prediction.severity.title,
        _probabilities(case),
        " ".join((*case.reasons, *case.quality_reasons)),
    )


def _probabilities(case: FoundCase) -> str:
    return ", ".join(
        f"{level.title.split()[0].lower()} {whole_percent(share)}"
        for level, share in zip(Severity, case.prediction.probabilities, strict=True)
    )


def _far_miss(case: FoundCase, record: EcgRecord, predictor: Grader) -> FarMiss:
    explanation, reasons, why = _explained(case, record, predictor)
    origin = (
        "by a copy of the grader that had not seen the patient" if case.prediction.out_of_fold else "by the weights"
    )
    drawn = ", with attention" if explanation else ""
    return FarMiss(
        ecg_id=case.ecg_id,
        label=case.label.title.lower(),
        grade=case.prediction.severity.title.lower(),
        record=f"{record_words(record)}. {case.path}",
        graded=f"Graded {origin}: {_probabilities(case)}.",
        statements=[_statement(text) for text in case.statements],
        signal=f"Signal: {_signal(case)}",
        others=_others(case),
        alternative=f"ECG {case.record_id}, twelve leads, 25 mm/s, 10 mm/mV{drawn}",
        picture=trace_picture(record, explanation),
        caption=f"25 mm/s, 10 mm/mV, 0.05-150 Hz. {why}",
        measured=None if reasons is None else [reason.statement for reason in reasons.reasons],
    )


def _statement(text: str) -> tuple[str, ...]:
    code, likelihood, level, role = text.split()
    shown = "present, not graded" if float(likelihood) == 0.0 else f"{likelihood} %"
    return f"{code}: {STATEMENTS[code].description}", shown, Severity(int(level)).title, _ROLES[role]


def _signal(case: FoundCase) -> str:
    verdict = case.quality.value if case.quality is not None else "not judged"
    words = " ".join((f"{verdict}.", *case.quality_reasons))
    if case.distortions:
        return f"{words} {' and '.join(_DISTORTIONS[name] for name in case.distortions).capitalize()} may explain it."
    return f"{words} No drift and no high-frequency noise that would explain it."


def _others(case: FoundCase) -> str:
    if not case.graders:
        return ""
    sentences = []
    for text in case.graders:
        name, level, share = text.rsplit(maxsplit=2)
        sentences.append(f"{name} says {Severity(int(level)).title.lower()} ({whole_percent(float(share))})")
    return f"Other graders: {'; '.join(sentences)}."


def _explained(
    case: FoundCase, record: EcgRecord, predictor: Grader
) -> tuple[Explanation | None, Contributions | None, str]:
    """Return what can be drawn, what speaks for or against the grade, and a sentence on both."""
    level = case.prediction.severity
    try:
        explanation = predictor.explain(record, target=int(level))
    except (ExplanationError, RecordUnsupportedError) as error:
        return None, None, f"No explanation: {error.message}"
    own = (
        " The weights that ship explain it here, which did train on this record." if case.prediction.out_of_fold else ""
    )
    if isinstance(explanation, Contributions):
        return None, explanation, own.strip()
    shown = [stage for stage in sorted(explanation.stages) if stage not in explanation.withheld]
    drawn = "No attention is shown."
    if shown:
        drawn = f"Blue: attention for {level.title.lower()}, stage {shown[-1]} behind the trace, all below."
        if not np.nan_to_num(explanation.stages[shown[-1]]).any():
            drawn += f" Stage {shown[-1]} has none: nothing there raised this level, it was given for want of another."
        drawn += f" {CAPTION}"
    # A blend is explained by its network.
    members = predictor.members if isinstance(predictor, BlendGrader) else (predictor,)
    network = next((member for member in members if member.name == explanation.model_name), predictor)
    return explanation, explanation.reasons, f"{drawn} {passport_line(network.card, int(level))}{own}"


def default_report_path(cases_file: Path) -> Path:
    """Return where the report of a list lies: beside it, with the suffix .html."""
    return cases_file.with_suffix(".html")
