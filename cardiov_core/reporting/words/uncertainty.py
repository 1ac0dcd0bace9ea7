"""The uncertainty of a level, in words: prediction set, counts of how often the same grade was right, other graders.

None of these sentences reassures: a low level never reads as healthy (docs/clinical.md, 18).
"""

from collections.abc import Sequence

from cardiov_core.domain import Contributions, LikelyStatement, Severity
from cardiov_core.inference import COVERAGE, ENOUGH, Reliability
from cardiov_core.reporting.words.levels import THIN_SPACE
from cardiov_core.weights import ConformalPart, ModelCard

LIKELY_FROM = 0.15
"""A statement less probable than this is not named on the page; JSON has all."""

MOST_STATEMENTS = 6
"""No more statements than a reader takes in at a glance."""

_COVERAGE = f"{100 * COVERAGE:.0f}{THIN_SPACE}%"


def set_words(levels: Sequence[Severity], card: ModelCard | None = None, *, promised: bool = True) -> str:
    """Return a prediction set in words: 'With 90 % coverage: Low or Medium risk'.

    A set of one level says how often such sets held it, where that was counted: 90 % over all sets are not promised by
    those that name one level.

    Parameters
    ----------
    levels : sequence of Severity
        Neighbouring levels, at least one.
    card : ModelCard, optional
        Of the grader.
    promised : bool
        False where the record is unlike those of the training: 'Without a promise of coverage: ...'.
    """
    counted = lone_set_words(levels, card) if card is not None and promised else ""
    if counted:
        return f"Only level {levels[0].numbered}: {counted}"
    coverage = f"With {_COVERAGE} coverage" if promised else "Without a promise of coverage"
    if len(levels) == len(Severity):
        return f"{coverage}: all four levels; the grader cannot tell"
    first = [level.title.removesuffix(" risk") for level in levels]
    levels_named = f"{', '.join(first[:-1])} or {first[-1]}" if first[1:] else f"only {first[0]}"
    return f"{coverage}: {levels_named} risk"


def set_meaning(card: ModelCard) -> str:
    """Say what the set promises and what not, with what was measured of it.

    Parameters
    ----------
    card : ModelCard
        The grader.
    """
    sets = card.part(ConformalPart)
    each = sets is not None and sets.limits is not None
    among = "of each level like those of the training" if each else "like those of the training"
    promise = "" if each else "The promise is for all ECGs together and not for each level. "
    sentences = (
        f"Neighbouring levels, as many as it takes for the cardiologists' level to be among them in "
        f"{100 * COVERAGE:.0f} of 100 ECGs {among}. {promise}For an ECG unlike them the promise does not hold."
    )
    if sets is not None and sets.measured is not None:
        sentences += f" In cross-validation {sets.measured.held} of {sets.measured.n} sets held the level"
        high = sets.measured.a_level.get(Severity.HIGH_RISK.title)
        sentences += f", of high-risk ECGs {high.held} of {high.n}." if high else "."
    return sentences


def lone_set_words(levels: Sequence[Severity], card: ModelCard) -> str:
    """Say how often a set that names this one level held it; empty for wider sets, and where it was not counted.

    A promise over all sets is no promise for those that name one level: each level's were counted on their own.
    """
    stated = card.part(ConformalPart)
    if len(levels) != 1 or stated is None or stated.measured is None:
        return ""
    counted = stated.measured.alone.get(levels[0].title)
    if counted is None or not counted.n:
        return ""
    return f"{counted.held} of {counted.n} sets that named {levels[0].title.lower()} alone held the level"


def statements_line(statements: Sequence[LikelyStatement]) -> str:
    """Return the likely statements as one line: 'inferior myocardial infarction 0.71, ...'; empty where none is."""
    likely = [f"{one.description} {one.probability:.2f}" for one in statements if one.probability >= LIKELY_FROM]
    return ", ".join(likely[:MOST_STATEMENTS])


STATEMENTS_MEANING = (
    "The probability that a cardiologist's report of such an ECG has the statement, by trees on measurements. "
    "Statements that are rare in the training, or badly told out of fold, are never named."
)
"""What the numbers of `statements_line` are."""


def reliability_words(reliability: Reliability) -> str:
    """Return the counts as one sentence.

    Parameters
    ----------
    reliability : Reliability
        Of a prediction.
    """
    low, high = reliability.band
    band = f"{low} to {high}{THIN_SPACE}%"
    sentences = [f"{reliability.right} were of this level"]
    if reliability.level < Severity.HIGH_RISK:
        graver = reliability.labels[Severity.HIGH_RISK]
        of_these = (
            f" ({graver} of them high risk)" if reliability.level < Severity.MEDIUM_RISK and reliability.higher else ""
        )
        sentences.append(
            f"{reliability.higher} were {'higher' if of_these or reliability.level < 2 else 'high risk'}{of_these}"
        )
    if reliability.level > Severity.NO_RISK:
        sentences.append(f"{reliability.lower} were lower")
    counted = f"{', '.join(sentences[:-1])} and {sentences[-1]}"
    few = " So few say little." if reliability.n < ENOUGH else ""
    return (
        f"Of {reliability.n} ECGs with this output in cross-validation "
        f"({reliability.level.title} with {band}), {counted}.{few}"
    )


RELIABILITY_MEANING = (
    "Counted among the training records, each graded by weights that had not seen its patient; the level is that of "
    "the cardiologists' statements. The open ECG's own patient is not counted. In other places the counts may differ."
)
"""What the counts of `reliability_words` are."""


def reason_rows(reasons: Contributions) -> list[tuple[str, str]]:
    """Return what was measured and by how many percentage points it moved the probability, the weightiest first.

    Parameters
    ----------
    reasons : Contributions
        Of the measurement grader, or of the measurements' side of a combined one.
    """
    return [(reason.statement, f"{100 * reason.contribution:+.0f}") for reason in reasons.reasons]


def reasons_line(reasons: Contributions, n: int = 3) -> str:
    """Return the weightiest reasons as one line for under the trace.

    Parameters
    ----------
    reasons : Contributions
        As above.
    n : int
        How many.
    """
    if not reasons.reasons:
        return f"Nothing that was measured weighs one per cent for {reasons.target}."
    return "; ".join(f"{words} ({points})" for words, points in reason_rows(reasons)[:n]) + "."
