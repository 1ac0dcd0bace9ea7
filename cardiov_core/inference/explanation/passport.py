"""The explanation passport of a network: which of its attention maps passed their sanity checks, and why others not.

Measured by ``cardiov passport`` (`cardiov_core.studies.graders.passport`) and kept in the model card; a passport of
other weights counts as none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cardiov_core.domain import Severity
from cardiov_core.weights import FailedTest, MapRow, ModelCard, PassportPart, SanityRow

_TESTS = "untrained weights, deletion, shifted passes"
_UNTESTED = "This network's attention maps have not been tested: they may show what it did not use."


@dataclass(frozen=True, eq=False)
class Passport:
    """What was measured of a network's maps."""

    levels: Mapping[int, Mapping[int, MapRow]]  # level -> stage -> figures
    records: str = ""  # on which records, in words
    # Level -> figures of the importance of leads; empty where that was not tested.
    leads: Mapping[int, SanityRow] = field(default_factory=dict)

    def line(self, level: int) -> str:
        """Return one sentence for under the overlay of a level."""
        stages = self.levels.get(level, {})
        passed = [stage for stage, row in stages.items() if not row.failed]
        failed = [stage for stage in stages if stage not in passed]
        title = Severity(level).title
        tested = f"tested on {max((row.n for row in stages.values()), default=0)} ECGs ({_TESTS})"
        if not passed:
            return f"Attention for {title}, {tested}: no stage passed, so none is shown."
        if not failed:
            return f"Attention for {title}, {tested}: all stages passed."
        return f"Attention for {title}, {tested}: {_stages(passed)} passed; {_stages(failed)} withheld."

    def withheld(self, level: int, stage: int) -> str | None:
        """Return why the map of a level at a stage must not be shown."""
        row = self.levels.get(level, {}).get(stage)
        if row is None:
            return f"The map of stage {stage} for {Severity(level).title} was not tested."
        if not row.failed:
            return None
        why = " and ".join(_why(row, name) for name in row.failed)
        return f"The map of stage {stage} for {Severity(level).title} is withheld: {why}."

    def withheld_stages(self, target: int | str, n_stages: int) -> dict[int, str]:
        """Return which maps of an explanation must not be shown, each with the reason.

        A threshold's own maps were not tested: one is shown where those of all levels above it passed.
        """
        levels, withheld = _levels_of(target), {}
        for stage in range(1, n_stages + 1):
            reasons = [why for level in levels if (why := self.withheld(level, stage)) is not None]
            if reasons:
                withheld[stage] = reasons[0]
        return withheld

    def leads_withheld(self, target: int | str) -> str:
        """Return why the importance of leads must not be shown; empty where it passed for every level of the target."""
        for level in _levels_of(target):
            row = self.leads.get(level)
            if row is None:
                return f"Which leads count for {Severity(level).title} was not tested."
            if row.failed:
                why = " and ".join(_why(row, name) for name in row.failed)
                return f"Which leads count for {Severity(level).title} is withheld: {why}."
        return ""


def passport_of(card: ModelCard) -> Passport | None:
    """Return the passport that a model card holds.

    Parameters
    ----------
    card : ModelCard
        Of any grader.

    Returns
    -------
    Passport or None
        None where it holds none, or one of other weights.

    Raises
    ------
    ModelCardError
        If it makes no sense.
    """
    stated = card.part(PassportPart)
    if stated is None or stated.sha256 != card.sha256:
        return None
    levels = {level: {row.stage: row for row in rows} for level, rows in stated.levels.items()}
    return Passport(levels, stated.records, stated.leads)


def passport_line(card: ModelCard, level: int) -> str:
    """Return one sentence for under the overlay of a level, also where a network has no passport."""
    passport = passport_of(card)
    return _UNTESTED if passport is None else passport.line(level)


def _stages(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"stage {numbers[0]}"
    return f"stages {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _levels_of(target: int | str) -> list[int]:
    return [target] if isinstance(target, int) else list(range(_FIRST_ABOVE[target], len(Severity)))


def _why(row: SanityRow, test: FailedTest) -> str:
    """Say why a map that failed a test is withheld; its figure is there, or it would be no `SanityRow`."""
    if test == "deletion" and row.deletion is not None:
        low, high = row.deletion.interval
        return (
            "without what it shows, the level lost no more log odds than without random stretches "
            f"(difference {row.deletion.difference:.2f}, {low:.2f} to {high:.2f})"
        )
    if test == "randomisation":
        return f"an untrained network shows nearly the same (rank correlation {row.randomisation:.2f})"
    if test == "shift":
        return f"the same ECG a little later is explained by other parts of it (rank correlation {row.shift:.2f})"
    return f"only {row.n} maps showed anything, too few to test"


_FIRST_ABOVE = {"above_no": 1, "above_low": 2, "above_medium": 3}
