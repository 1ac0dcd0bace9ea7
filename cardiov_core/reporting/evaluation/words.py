"""The figures of ``metrics.json`` in words and rows, said alike by every report and page."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from cardiov_core.domain import Document, Severity
from cardiov_core.evaluation import (
    LEVEL_KEYS,
    PAPER_AUC,
    PAPER_MAE,
    PAPER_MAE_ABSTRACT,
    PAPER_N,
    PAPER_SOURCE,
    PAPER_SUBTYPES,
    THRESHOLD_KEYS,
    Beside,
    EvaluationDocument,
)
from cardiov_core.reporting.words.numbers import limits, number, p_words, percent
from cardiov_core.weights import OperatingPoint

Row = tuple[str, ...]


LEVEL_WORDS: Mapping[str, str] = dict(zip(LEVEL_KEYS, (level.title.lower() for level in Severity), strict=True))
THRESHOLD_WORDS: Mapping[str, str] = dict(
    zip(THRESHOLD_KEYS, (f"above {level.title.lower()}" for level in Severity), strict=False)
)
ALARM_WORDS: Mapping[str, str] = {"medium_or_higher": "medium risk or higher", "high": "high risk"}
RULE_WORDS: Mapping[str, str] = {
    "highest_likelihood": "statement of the highest likelihood (the paper's rule)",
    "most_severe": "most severe statement present",
}
FIGURE_WORDS: Mapping[str, str] = {
    "mae": "mean absolute error",
    "accuracy": "accuracy",
    "within_one": "off by one level at most",
    "quadratic_weighted_kappa": "quadratic-weighted kappa",
    "auc.mean": "AUC, mean of the levels",
}


def figure_at(figures: Document, name: str) -> float | None:
    """Return a figure by its dotted name; None where the records do not define it."""
    value = _at(figures, name)
    return value if isinstance(value, int | float) else None


def interval_at(figures: Document, name: str) -> tuple[float, float] | None:
    """Return an interval by the dotted name of its figure; None where the records do not define it."""
    ends = _at(figures, name)
    return (ends[0], ends[1]) if isinstance(ends, tuple) else None


def _at(figures: object, name: str) -> object:
    for part in name.split("."):
        figures = figures.get(part) if isinstance(figures, Mapping) else getattr(figures, part, None)
    return figures


def figure_row(document: EvaluationDocument, title: str, name: str) -> Row:
    """Return title, value and interval of a figure."""
    return title, number(figure_at(document, name)), limits(interval_at(document.intervals, name))


def _with_interval(figures: Document, intervals: Document, name: str) -> str:
    return f"{number(figure_at(figures, name))} ({limits(interval_at(intervals, name))})"


def headlines(document: EvaluationDocument) -> list[Row]:
    """Return title, value and remark of the three numbers that matter."""
    intervals, n = document.intervals, document.n
    high = document.high_risk
    return [
        (
            "Mean absolute error, levels",
            number(document.mae, 2),
            f"95\u2009% interval {limits(intervals.mae)}; n = {n}; paper {PAPER_MAE:.4f} "
            f"(abstract: {PAPER_MAE_ABSTRACT:.4f})",
        ),
        (
            "AUC, mean of the levels",
            number(document.auc["mean"], 2),
            f"95\u2009% interval {limits(intervals.auc['mean'])}; n = {n}; paper {PAPER_AUC['mean']:.4f}",
        ),
        (
            "High risk graded no or low",
            percent(document.high_risk_graded_no_or_low),
            f"95\u2009% interval {limits(intervals.high_risk_graded_no_or_low, as_percent=True)}; "
            f"n = {high.n} high-risk records; paper: not stated",
        ),
    ]


def main_rows(document: EvaluationDocument) -> list[Row]:
    """Return measure, value, 95 % interval and the paper's value of every plain figure."""
    paper = {"mae": f"{PAPER_MAE:.4f} (abstract: {PAPER_MAE_ABSTRACT:.4f})", "auc.mean": f"{PAPER_AUC['mean']:.4f}"}
    paper |= {f"auc.{key}": f"{PAPER_AUC[key]:.4f}" for key in LEVEL_KEYS}
    titles = dict(FIGURE_WORDS)
    titles |= {f"auc.{key}": f"AUC {words}" for key, words in LEVEL_WORDS.items()}
    # 'Above no' and 'above medium' are 'no' and 'high' against the rest, to the last digit.
    titles["auc_threshold.above_low"] = f"AUC {THRESHOLD_WORDS['above_low']}"
    titles["auc_threshold.mean"] = "AUC, mean of the thresholds"
    titles["rank_violation_rate"] = "share of records with contradicting thresholds"
    return [(*figure_row(document, title, name), paper.get(name, "")) for name, title in titles.items()]


def calibration_rows(document: EvaluationDocument) -> list[Row]:
    """Return question, Brier score and expected calibration error with their intervals."""
    rows = [_calibration_row(document, "which level (Brier: sum over levels; ECE: of the level given)", "levels")]
    return rows + [_calibration_row(document, words, key) for key, words in THRESHOLD_WORDS.items()]


def _calibration_row(document: EvaluationDocument, title: str, key: str) -> Row:
    ece = "ece.level" if key == "levels" else f"ece.{key}"
    return title, *figure_row(document, title, f"brier.{key}")[1:], *figure_row(document, title, ece)[1:]


def alarm_rows(document: EvaluationDocument) -> list[Row]:
    """Return alarm, figure, value, interval and counts of sensitivity, specificity, PPV and NPV at both alarms."""
    rows: list[Row] = []
    for key, words in ALARM_WORDS.items():
        point = document.operating_points[key]
        hit, miss, false, quiet = point.true_positive, point.false_negative, point.false_positive, point.true_negative
        counts = {
            "sensitivity": f"{hit} of {hit + miss}",
            "specificity": f"{quiet} of {quiet + false}",
            "ppv": f"{hit} of {hit + false}",
            "npv": f"{quiet} of {quiet + miss}",
        }
        titles = {name: name if len(name) > 3 else name.upper() for name in counts}
        stated = point.stated_prevalence
        if stated is not None:
            at = f"at a prevalence of {percent(stated)}"
            titles |= {"ppv_at_stated": f"PPV {at}", "npv_at_stated": f"NPV {at}"}
        for name, title in titles.items():
            interval = interval_at(document.intervals, f"operating_points.{key}.{name}")
            rows.append(
                (words, title, percent(figure_at(point, name)), limits(interval, as_percent=True), counts.get(name, ""))
            )
    return rows


def paper_decision_words(document: EvaluationDocument) -> str:
    """Say what the paper's rule, the most probable level, would come to; empty where it was not computed."""
    paper = document.paper_decision
    if paper is None:
        return ""
    high = paper.confusion[-1]
    return (
        f"The level is that of least expected cost. By the paper's rule, the most probable level, "
        f"{paper.n_decided_differently} of {document.n} records get another one: mean absolute error "
        f"{number(paper.mae)} ({limits(paper.intervals.mae)}), {sum(high[:2])} of {sum(high)} high-risk records graded "
        "no or low risk."
    )


def missed_words(document: EvaluationDocument) -> str:
    """Say the figure that matters most to a patient, also where high risk is as frequent as stated."""
    counts = document.high_risk
    if not counts.n:
        return "No record is of high risk by its label: how many of them are missed is not known."
    interval = limits(document.intervals.high_risk_graded_no_or_low, as_percent=True)
    share = document.high_risk_graded_no_or_low
    words = (
        f"{counts.n_graded_no_or_low} of {counts.n} high-risk records are graded no or low risk: "
        f"{percent(share)} ({interval})."
    )
    point = document.operating_points["high"]
    words += f" At the prevalence of these records ({percent(point.prevalence)}) {_missed_of_1000(document, point)}"
    stated = point.stated_prevalence
    if stated is not None:
        words += f"; at a prevalence of {percent(stated)} {_missed_of_1000(document, point, stated)}"
    return f"{words}."


def _missed_of_1000(document: EvaluationDocument, point: OperatingPoint, prevalence: float | None = None) -> str:
    """Say how many of 1000 records are of high risk and graded no or low: the share times the prevalence."""
    share, interval = document.high_risk_graded_no_or_low or 0.0, document.intervals.high_risk_graded_no_or_low
    of_1000 = 1000 * (point.prevalence if prevalence is None else prevalence)
    words = f"these are {share * of_1000:.1f} of 1000 records"
    if prevalence is not None and interval is not None:
        words += f" ({interval[0] * of_1000:.1f} to {interval[1] * of_1000:.1f})"
    return words


def subgroup_rows(document: EvaluationDocument) -> list[Row]:
    """Return group, n, high-risk records, MAE, accuracy and mean AUC with intervals, and the paper's MAE and AUC."""
    return [
        (
            name,
            str(group.n),
            str(group.records_a_level["high"]),
            *(_with_interval(group, group.intervals, figure) for figure in ("mae", "accuracy", "auc.mean")),
            _paper_subtype(name),
        )
        for name, group in document.subgroups.items()
    ]


def group_calibration_rows(document: EvaluationDocument) -> list[Row]:
    """Return group, n, of 'medium or higher' what was stated and came true, calibration error, and sets that held.

    Empty where the evaluation was made before these were measured.
    """
    return [
        (
            name,
            str(group.n),
            percent(calibration.stated),
            f"{percent(calibration.observed)} ({limits(calibration.observed_interval, as_percent=True)})",
            f"{number(calibration.ece)} ({limits(calibration.ece_interval)})",
            "-"
            if group.sets is None
            else f"{percent(group.sets.held / group.sets.n)} ({limits(group.sets.interval, as_percent=True)})",
        )
        for name, group in document.subgroups.items()
        if (calibration := group.calibration) is not None
    ]


def _paper_subtype(name: str) -> str:
    """Return the paper's figures of the same subgroup; a dash where it has none."""
    theirs = PAPER_SUBTYPES.get(name)
    return "-" if theirs is None else f"{number(theirs['mae'])}, {number(theirs['auc'])}"


def test_rows(document: EvaluationDocument) -> list[Row]:
    """Return what is compared, the figure, difference, interval and p-value of the tests of subgroups."""
    return [
        (
            f"{entry.groups[0]} minus {entry.groups[1]}",
            FIGURE_WORDS[entry.figure],
            number(entry.difference),
            limits(entry.interval),
            p_words(entry.p_value),
        )
        for entry in document.subgroup_tests
    ]


def against_words(document: EvaluationDocument, other: Beside) -> str:
    """Say how often two graders differ, as an entry of ``against`` has it."""
    n = other.n
    alike = other.accuracy_alike
    words = (
        f"{other.n_differ} of {n} records get another level from {other.model.name} than from "
        f"{document.model.name}, {other.n_differ_far} of them one that is two or three levels off."
    )
    return words if alike is None else f"{words} Where both say the same, {percent(alike)} are right."


def against_rows(other: Beside) -> list[Row]:
    """Return figure, value, the other grader's value, difference, interval and p-value."""
    titles = dict(FIGURE_WORDS) | {f"auc.{key}": f"AUC {words}" for key, words in LEVEL_WORDS.items()}
    for key, words in ALARM_WORDS.items():
        titles |= {f"operating_points.{key}.{name}": f"{name} at {words}" for name in ("sensitivity", "specificity")}
    titles |= {
        "high_risk_graded_no_or_low": "high-risk records graded no or low risk",
        "brier.levels": "Brier score, sum over the levels",
    }
    return [
        (
            titles.get(entry.figure, entry.figure),
            number(entry.value),
            number(entry.other),
            number(entry.difference),
            limits(entry.interval),
            p_words(entry.p_value),
        )
        for entry in other.figures
    ]


def confusion_rows(document: EvaluationDocument) -> list[Row]:
    """Return each label with the records of each grade, their share of the label and its interval."""
    titles = [level.title for level in Severity]
    rows: list[Row] = []
    for label, title, counts in zip(LEVEL_KEYS, titles, document.confusion, strict=True):
        cells = []
        for grade, count in zip(LEVEL_KEYS, counts, strict=True):
            name = f"confusion_share.{label}.{grade}"
            share, interval = figure_at(document, name), interval_at(document.intervals, name)
            # A share of none or all is repeated by every resample: its interval has no width and says nothing.
            within = f" ({limits(interval, as_percent=True)})" if interval and 0 < count < sum(counts) else ""
            cells.append(f"{count}" if not share else f"{count}: {percent(share)}{within}")
        rows.append((title, *cells))
    return rows


def rule_rows(document: EvaluationDocument) -> list[Row]:
    """Return figure, and value with interval by either label rule."""
    other = document.other_label_rule
    return [
        (
            title,
            *(_with_interval(one, one.intervals, name) for one in (document, other)),
        )
        for name, title in FIGURE_WORDS.items()
    ]


def origin_words(document: EvaluationDocument) -> str:
    """Say of how many records the figures are, and which of them trained the grader."""
    n, n_own = document.n, document.n_out_of_fold
    words = f"{n} records of {document.n_patients} patients, PTB-XL {fold_words(document.folds)}."
    if n_own:
        words += (
            f" {'All' if n_own == n else n_own} of them trained the grader and count with their out-of-fold "
            "predictions, made by a copy of it that had not seen the patient."
        )
    else:
        words += " 0 of them trained the grader."
    n_twice = document.n_seen_twice
    if n_twice:
        words += f" Of {n_twice} of them every copy had: PTB-XL has the same samples under another patient, too."
    n_chosen = document.n_chosen_on
    if n_chosen:
        words += (
            f" {'All' if n_chosen == n else n_chosen} of them chose the grader among others (its epoch, or when to "
            "stop): figures on them flatter it."
        )
    corrected = document.corrected_labels
    if corrected is not None:
        words += f" Labels that a review corrected or confirmed: {corrected.n}; unlike PTB-XL's: {corrected.n_changed}."
    return words


def fold_words(folds: Sequence[int]) -> str:
    """Write folds: 'fold 10', 'folds 1-9', 'folds 1, 3, 5'."""
    if len(folds) == 1:
        return f"fold {folds[0]}"
    if list(folds) == list(range(folds[0], folds[-1] + 1)):
        return f"folds {folds[0]}-{folds[-1]}"
    return f"folds {', '.join(map(str, folds))}"


def resampling_words(document: EvaluationDocument) -> str:
    """Say how the intervals came about."""
    return (
        f"95\u2009% intervals: percentile bootstrap, {document.n_resamples} resamples by patient; a resample that "
        "lacks a class is drawn again."
    )


FIGURE_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "auc": "How often a record of the level scores above one of another level; 0.5 is chance. Diamonds: the "
        f"paper's, on {PAPER_N} records of PTB-XL's test fold after training on its folds 1-8 ({PAPER_SOURCE}): other "
        "records than ours.",
        "roc": "Sensitivity against 1 - specificity of each level against the rest as the threshold moves; the shaded "
        "band is the 95\u2009% interval of the sensitivity at each point, the dashed line is chance. The cross is the "
        "alarm that the grades themselves raise: the most probable level is given, whatever a miss costs, so where the "
        "level is rare the cross lies far down.",
        "confusion": "How many records of each label (rows) got each grade (columns); the deeper the colour, the "
        "larger the share of the label. On the diagonal both say the same. The table has each share with its "
        "interval.",
        "subgroups": "Figures by sex, age and origin of the record with 95\u2009% intervals; groups differ in how "
        "many records of each level they hold, so that another figure need not mean that the grader treats them "
        "otherwise.",
        "reliability": "Stated probability against the share that came true in ten bins of equal width, with its "
        "95\u2009% interval (by patient; Wilson's where all records of a bin had the same outcome); on the dashed line "
        "the probabilities can be taken at their word. Hollow: fewer than five records. Grey bars: how many records "
        "the bin holds.",
    }
)


HOW_TO_READ: Mapping[str, str] = MappingProxyType(
    {
        "Label and grade": "The label is the critical value of the statement to which PTB-XL's cardiologists gave the "
        "highest likelihood; the grade is the level that the grader finds most probable.",
        "Mean absolute error": "By how many levels (of four) the grade is off on average; 0 is perfect.",
        "Quadratic-weighted kappa": "Agreement beyond chance, with far misses counting more than near ones; 1 is "
        "perfect, 0 is chance.",
        "AUC": "How often an ECG with the level (or above the threshold) gets a higher probability of it than one "
        "without; 1 is perfect, 0.5 is chance. It does not depend on how frequent the level is.",
        "PPV and NPV": "The share of alarms that are right, and of silences that are right. Both depend on how "
        "frequent the level is where the grader is used, and so change with every ward.",
        "Brier score, ECE": "How far the stated probabilities are from what came true; 0 is perfect.",
        "Contradicting thresholds": "The grader asks 'above no risk?', 'above low?' and 'above medium?'; where a later "
        "question was answered more surely than an earlier one, the answers were repaired before the level was read.",
        "Out-of-fold": "An ECG that trained the grader is graded by a copy that was trained without its patient.",
    }
)
"""Terms of a report, for who does not compute them every day."""
