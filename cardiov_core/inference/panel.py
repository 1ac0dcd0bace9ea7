"""What all graders say of one record, and whether they differ."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from cardiov_core.domain import EcgRecord, Finding, Panel, Prediction, Reason, ReasonCode, Severity, Tally, listed
from cardiov_core.errors import RecordUnsupportedError, WeightsError
from cardiov_core.inference.graders.base import Grader
from cardiov_core.inference.graders.blend import BlendGrader
from cardiov_core.inference.graders.load import load_predictor
from cardiov_core.inference.uncertainty.doubt import wrong_where_split
from cardiov_core.signals import Examination, examined
from cardiov_core.weights import BLEND, default_name, load_blend, load_card, weights_folder

_logger = logging.getLogger(__name__)


def grade_all(record: EcgRecord | Examination, graders: Iterable[Grader], *, start_s: float | None = None) -> Panel:
    """Ask several graders about one record; it is examined once for all.

    The first is the one whose level is asked for; a second one of the same name is not asked. `start_s`: where the
    window begins, in seconds of the record. A grader that the record trained answers with its out-of-fold prediction.
    """
    answers, silent, examination = [], {}, examined(record)
    # A blend and its members say the same thing twice; each card's grader is asked once.
    predictions: dict[Path, Prediction] = {}

    def _predicted(grader: Grader) -> Prediction:
        path = grader.card.path
        if path not in predictions:
            if isinstance(grader, BlendGrader):
                predictions[path] = grader.blended([_predicted(member) for member in grader.members])
            else:
                predictions[path] = grader.predict(examination, start_s=start_s)
        return predictions[path]

    for name, grader in _by_name(graders).items():
        try:
            shipped = None if start_s else grader.out_of_fold_prediction(examination.record)
            answers.append(shipped or _predicted(grader))
        except RecordUnsupportedError as error:
            silent[name] = Reason(ReasonCode.GRADER_SILENT, error.sentences)
    return Panel(tuple(answers), silent)


def raised_by_findings(
    panel: Panel, floors: Mapping[str, Mapping[str, Severity]], findings: Iterable[Finding]
) -> Panel:
    """Raise levels to the floors that present findings set, and say so."""
    present = [finding for finding in findings if finding.state == "present"]

    def _raised(prediction: Prediction) -> Prediction:
        own = floors.get(prediction.model_name, {})
        above = [finding for finding in present if own.get(finding.code, prediction.severity) > prediction.severity]
        if not above:
            return prediction
        highest = max(own[finding.code] for finding in above)
        names = " and ".join(
            finding.title[:1].lower() + finding.title[1:] for finding in above if own[finding.code] == highest
        )
        note = Reason(
            ReasonCode.RAISED_BY_FINDING,
            f"Level {int(highest)}: raised from {int(prediction.severity)} by {names}.",
        )
        chosen = prediction.prediction_set
        widened = chosen and tuple(Severity(at) for at in range(min(*chosen, highest), max(*chosen, highest) + 1))
        return replace(
            prediction,
            severity=highest,
            raised_from=prediction.severity,
            notes=(*prediction.notes, note),
            prediction_set=widened,
        )

    return replace(panel, predictions=tuple(map(_raised, panel.predictions)))


def with_doubts(panel: Panel, graders: Iterable[Grader]) -> Panel:
    """Warn of levels that are likely to be wrong, by what was counted out of fold.

    `panel`: what the graders say, raised by findings where these raise it. Returns with a note where a grader is
    unsure, and with how often each was wrong where such graders differ.
    """
    known = _by_name(graders)

    def _noted(prediction: Prediction) -> Prediction:
        doubt = known[prediction.model_name].doubt_in(prediction)
        return prediction if doubt is None else replace(prediction, notes=(*prediction.notes, doubt))

    predictions = tuple(map(_noted, panel.predictions))
    return replace(panel, predictions=predictions, where_split=_where_split(panel, known))


def _where_split(panel: Panel, known: Mapping[str, Grader]) -> dict[str, tuple[Tally, Tally]]:
    if not panel.gap:
        return {}
    graded = {one.model_name: known[one.model_name].graded_out_of_fold for one in panel.predictions}
    there = {name: rows for name, rows in graded.items() if rows is not None}
    counted = {
        name: wrong_where_split(rows, [other for of, other in there.items() if of != name])
        for name, rows in there.items()
    }
    return {name: tallies for name, tallies in counted.items() if tallies is not None}


def other_graders(asked: Grader) -> tuple[Grader, ...]:
    """Load the graders of a panel but one: the default and, where it is a blend, its members; otherwise all there are.

    A grader beside the blend is asked by name alone: it would cost each record its time.

    Parameters
    ----------
    asked : Grader
        The one that is there already.

    Returns
    -------
    tuple of Grader
        By name; the members of a blend are those that it has loaded. One whose files are damaged is left out with a
        line in the log: the asked one still grades, and ``cardiov doctor`` says what is wrong.
    """
    there = {member.card.path: member for member in asked.members} if isinstance(asked, BlendGrader) else {}
    graders: list[Grader] = []
    for name in _names_in_panel(asked):
        if name != asked.name:
            try:
                graders.append(there.get(weights_folder() / f"{name}.json") or load_predictor(name))
            except WeightsError as error:
                _logger.warning("Grader %s is not asked: %s", name, error.message)
    return tuple(graders)


def _names_in_panel(asked: Grader) -> list[str]:
    try:
        if isinstance(asked, BlendGrader) and asked.card.path == weights_folder() / f"{default_name()}.json":
            # Its files were opened and compared with their checksums when it was loaded.
            return sorted([asked.name, *(member.name for member in asked.members)])
        default = load_card(default_name())
        if default.architecture.name == BLEND:
            members, _ = load_blend(default.path)
            return sorted([default.name, *(member.name for member in members)])
    except WeightsError as error:
        _logger.warning("The default grader does not say whom to ask: %s", error.message)
    return sorted(path.stem for path in weights_folder().glob("*.json"))


def disagreement(levels: Iterable[tuple[str, Severity]]) -> Reason | None:
    """Say who says what, where graders differ by a level or more.

    Parameters
    ----------
    levels : iterable of tuple of str and Severity
        Each grader with its level.

    Returns
    -------
    Reason or None
        'The graders disagree: combined Low risk, measurements High risk.'; None where all say the same.
    """
    answers = list(levels)
    if len({level for _, level in answers}) < 2:
        return None
    who = ", ".join(f"{name} {level.title}" for name, level in answers)
    return Reason(ReasonCode.GRADERS_DISAGREE, f"The graders disagree: {who}.")


def disagreement_of(panel: Panel | None, on_show: str | None = None, *, named: bool = True) -> Reason | None:
    """Return the same of a panel; None where no grader was asked.

    Parameters
    ----------
    panel : Panel or None
        What the graders say.
    on_show : str, optional
        The grader whose level is on show: how often it was wrong where the graders differed is then told, too.
    named : bool
        Call the graders by their names; else '1 says level 1 and 3 say level 2'.
    """
    if panel is None:
        return None
    reason = disagreement((each.model_name, each.severity) for each in panel.predictions)
    if reason is not None and not named:
        reason = replace(reason, text=_unnamed(each.severity for each in panel.predictions))
    counted = panel.where_split.get(on_show or "")
    if reason is None or counted is None:
        return reason
    split, agreed = counted
    shown = on_show if named else "the one on show"
    text = (
        f"{reason.text} Where they differed in cross-validation, {shown} was wrong on "
        f"{split.of_hundred} of 100 records ({split.wrong} of {split.n}); where they agreed, on {agreed.of_hundred}."
    )
    return replace(reason, text=text)


def _unnamed(levels: Iterable[Severity]) -> str:
    counts = sorted(Counter(levels).items())
    said = [f"{n} {'says' if n == 1 else 'say'} level {int(level)}" for level, n in counts]
    return f"The graders disagree: {listed(said)}."


def _by_name(graders: Iterable[Grader]) -> dict[str, Grader]:
    by_name: dict[str, Grader] = {}
    for grader in graders:
        by_name.setdefault(grader.name, grader)
    return by_name
