"""What was measured of a grader, in words: calibration, sets, sanity checks of maps, scope, what is untested."""

from cardiov_core.domain import Severity
from cardiov_core.inference import passport_of
from cardiov_core.weights import (
    BLEND,
    CalibrationPart,
    ConformalPart,
    DoubtPart,
    ModelCard,
    ReasonsPart,
    ScopePart,
    WarnedPart,
    members_of,
)

_FEWEST_FLAGGED = 0.5


def card_words(card: ModelCard) -> dict[str, str]:
    """Return what was measured of a grader's probabilities, sets, maps and scope.

    Parameters
    ----------
    card : ModelCard
        Of any grader.

    Returns
    -------
    dict
        Topic -> sentence: ``calibration``, ``sets``, ``warnings`` (where they were measured), ``attention`` (networks
        only), ``reasons`` (a forest's, where they were tested), ``scope`` and ``untested``. What the card lacks is
        named as missing, for it may be looked for.

    Raises
    ------
    ModelCardError
        If what the card holds of it makes no sense.
    WeightsError
        If a member of a blend is not there.
    """
    sets, untested = card.part(ConformalPart), card.stated.not_tested_on
    topics = {"calibration": _calibration(card.part(CalibrationPart)), "sets": _sets(sets)}
    warned = card.part(DoubtPart)
    if warned is not None and warned.measured is not None:
        topics["warnings"] = _warnings(warned.measured)
    topics |= _of_members(card) or _explained(card) | {"scope": _scope(card.part(ScopePart))}
    topics["untested"] = f"Not tested on {'; '.join(untested)}." if untested else "The card does not say."
    return topics


def _explained(card: ModelCard) -> dict[str, str]:
    """Return what was found of a network's maps and a forest's reasons."""
    attention, reasons = _attention(card), card.part(ReasonsPart)
    topics = {"attention": attention} if attention else {}
    if reasons is not None and reasons.sha256 == card.sha256:
        topics["reasons"] = _reasons(reasons)
    return topics


def _of_members(card: ModelCard) -> dict[str, str] | None:
    """Return what was measured of a blend's members, since they explain it; None where it is no blend."""
    if card.architecture.name != BLEND:
        return None
    topics: dict[str, str] = {}
    members = [card.member(member.name) for member in members_of(card)]
    for member in members:
        topics |= {topic: f"{member.name}: {text}" for topic, text in _explained(member).items()}
    scopes = {member.name: scope for member in members if (scope := member.part(ScopePart)) is not None}
    known = next(iter(scopes), None)
    return topics | {"scope": _scope(None) if known is None else f"{known}: {_scope(scopes[known])}"}


def _calibration(stated: CalibrationPart | None) -> str:
    if stated is None:
        return "Probabilities are not calibrated."
    sentences, loss = f"{stated.kind.capitalize()}.", stated.log_loss
    if loss is not None:
        sentences += f" Log loss {loss.before:.3f} before, {loss.nested:.3f} after, on patients it was not fitted on."
    return sentences


def _sets(stated: ConformalPart | None) -> str:
    if stated is None:
        return "There are no prediction sets."
    measured = stated.measured
    if measured is None:
        return f"90 % sets, limit {stated.limit:.3f}; their coverage was not measured."
    low, high = measured.interval
    each = "each level's limit is its own" if stated.limits is not None else "nothing is claimed a level"
    levels = ", ".join(f"{name.lower()} {one.held} of {one.n}" for name, one in measured.a_level.items())
    alone = ", ".join(f"{name.lower()} {one.held} of {one.n}" for name, one in measured.alone.items() if one.n)
    return (
        f"{100 * stated.wanted:.0f} % wanted; {measured.held} of {measured.n} sets held the level, "
        f"{measured.coverage:.3f} ({low:.3f} to {high:.3f}), {measured.mean_size:.2f} levels on average. "
        f"Counts: {levels}; {each}." + (f" Sets of one level alone held it: {alone}." if alone else "")
    )


def _warnings(part: WarnedPart) -> str:
    others = part.n - part.warned
    return (
        f"Of {part.warned} levels that it warns of, {part.wrong_warned} were wrong; of {others} others, "
        f"{part.wrong_others}."
    )


def _attention(card: ModelCard) -> str | None:
    passport = passport_of(card)
    if passport is None:
        return None if card.stated.training.torch is None else "The attention maps have not been tested."
    lines = [passport.line(int(level)) for level in Severity]
    return " ".join(lines) + (f" Measured on {passport.records}." if passport.records else "")


def _reasons(stated: ReasonsPart) -> str:
    levels = []
    for level, row in stated.levels.items():
        low, high = row.interval
        verdict = "" if row.passed else ", not shown to count"
        levels.append(f"{Severity(level).title.lower()} {row.difference:.3f} ({low:.3f} to {high:.3f}){verdict}")
    return (
        "Without the leading reason's numbers the level lost this much more probability than without as many others: "
        f"{'; '.join(levels)}. Measured on {stated.records}."
    )


def _scope(stated: ScopePart | None) -> str:
    if stated is None:
        return "The grader does not know what its training records look like."
    flagged = [row.what for row in stated.measured if not row.foreign and row.flagged > _FEWEST_FLAGGED]
    missed = [row.what for row in stated.measured if not row.foreign and row.flagged <= _FEWEST_FLAGGED]
    foreign = [f"{100 * row.flagged:.0f} % of {row.n} in {row.what}" for row in stated.measured if row.foreign]
    sentences = f"ECGs are flagged that lie farther out than {100 * stated.share_inside:.0f} % of {stated.n} like them."
    if flagged:
        sentences += f" Most of these are found: {', '.join(flagged)}."
    if missed:
        sentences += f" Most of these are not: {', '.join(missed)}."
    if foreign:
        sentences += f" Of other sources, {', '.join(foreign)}."
    return sentences
