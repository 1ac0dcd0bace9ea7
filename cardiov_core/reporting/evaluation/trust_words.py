"""What a card says of sets, warnings and statements, as rows of tables: counts with intervals."""

from cardiov_core.domain import Tally
from cardiov_core.evaluation import wilson
from cardiov_core.reporting.words.numbers import limits, number, percent
from cardiov_core.statements import STATEMENTS
from cardiov_core.weights import ConformalPart, DoubtPart, HeldPart, ModelCard, StatementCard

SET_HEADS = ("Prediction sets", "n", "Held the level", "95\u2009% interval")
WARNING_HEADS = ("Levels", "n", "Wrong", "95\u2009% interval")
STATEMENT_HEADS = ("Statement", "Code", "Records with it", "AUC", "95\u2009% interval", "Brier score", "Told")

Row = tuple[str, ...]


def set_rows(card: ModelCard) -> list[Row]:
    """Return how many sets held the level: of all records, of each level's, and of sets that name one level alone."""
    stated = card.part(ConformalPart)
    if stated is None or stated.measured is None:
        return []
    measured = stated.measured
    share = percent(measured.coverage)
    rows: list[Row] = [("all records", str(measured.n), share, limits(measured.interval, as_percent=True))]
    rows += [_held(f"records at {name.lower()}", part) for name, part in measured.a_level.items()]
    return rows + [_held(f"that name {name.lower()} alone", part) for name, part in measured.alone.items() if part.n]


def warning_rows(card: ModelCard, split: tuple[Tally, Tally] | None) -> list[Row]:
    """Return how often levels were wrong: those that are warned of, the others, and where graders differ or agree.

    Parameters
    ----------
    card : ModelCard
        With what warnings were found to be worth, where it states that.
    split : tuple of Tally, optional
        Where graders differ, and where they agree.
    """
    stated, rows = card.part(DoubtPart), []
    if stated is not None and stated.measured is not None:
        measured = stated.measured
        rows += [
            _wrong("warned of: graded with little certainty", Tally(measured.warned, measured.wrong_warned)),
            _wrong("others", Tally(measured.n - measured.warned, measured.wrong_others)),
        ]
    if split is not None:
        rows += [_wrong("where the shipped graders differ", split[0]), _wrong("where they agree", split[1])]
    return rows


def warning_caption(card: ModelCard) -> str:
    """Say how well doubt tells wrong levels from right ones; empty where that was not measured."""
    stated = card.part(DoubtPart)
    if stated is None or stated.measured is None or stated.measured.auc is None:
        return ""
    return (
        f"Out of fold. A level is warned of from a doubt of {number(stated.limit)} on; doubt is the probability that "
        f"another level holds. Area under the ROC curve of 'wrong' by doubt: {number(stated.measured.auc)}."
    )


def statement_rows(card: StatementCard) -> list[Row]:
    """Return each statement with its figures out of fold, the ones that are told first, then by their AUC."""
    ordered = sorted(card.statements, key=lambda one: (not one.shown, -one.auc))
    return [
        (
            STATEMENTS[one.code].description if one.code in STATEMENTS else one.code,
            one.code,
            str(one.n),
            number(one.auc),
            limits(one.auc_interval),
            number(one.brier),
            "yes" if one.shown else "never",
        )
        for one in ordered
    ]


def _held(words: str, part: HeldPart) -> Row:
    return (words, str(part.n), percent(part.held / part.n if part.n else None), limits(part.interval, as_percent=True))


def _wrong(words: str, tally: Tally) -> Row:
    if not tally.n:
        return (words, "0", "-", "-")
    ends = wilson(tally.wrong, tally.n)
    return (words, str(tally.n), percent(tally.wrong / tally.n), limits(ends, as_percent=True))
