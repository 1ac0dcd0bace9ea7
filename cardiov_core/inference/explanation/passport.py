"""The explanation passport of a network: which of its attention maps were found worth showing, and why others not.

Measured by ``cardiov passport`` (`cardiov_core.studies.graders.passport`) and kept in the model card; a passport of
other weights counts as none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cardiov_core.domain import Severity
from cardiov_core.errors import ModelCardError
from cardiov_core.weights import ModelCard

_TESTS = "untrained weights, deletion, shifted passes"
_UNTESTED = "This network's attention maps have not been tested: they may show what it did not use."


@dataclass(frozen=True, eq=False)
class Passport:
    """What was measured of a network's maps.

    Attributes
    ----------
    levels : mapping of int to mapping of int to mapping
        Level -> stage -> figures as `cardiov passport` writes them: ``n``, ``randomisation``, ``deletion``, ``shift``
        and ``failed``, the names of the tests that were not passed.
    """

    levels: Mapping[int, Mapping[int, Mapping[str, Any]]]

    def line(self, level: int) -> str:
        """Return one sentence for under the overlay of a level.

        Parameters
        ----------
        level : int
            0 to 3.

        Returns
        -------
        str
            Which stages passed, on how many ECGs, and which are withheld.
        """
        stages = self.levels.get(level, {})
        passed = [stage for stage, row in stages.items() if not row["failed"]]
        failed = [stage for stage in stages if stage not in passed]
        title = Severity(level).title
        tested = f"tested on {max((row['n'] for row in stages.values()), default=0)} ECGs ({_TESTS})"
        if not passed:
            return f"Attention for {title}, {tested}: no stage passed, so none is shown."
        if not failed:
            return f"Attention for {title}, {tested}: all stages passed."
        return f"Attention for {title}, {tested}: {_stages(passed)} passed; {_stages(failed)} withheld."

    def withheld(self, level: int, stage: int) -> str | None:
        """Return why the map of a level at a stage must not be shown.

        Parameters
        ----------
        level : int
            0 to 3.
        stage : int
            1 to 7.

        Returns
        -------
        str or None
            A sentence; None where the map passed.
        """
        row = self.levels.get(level, {}).get(stage)
        if row is None:
            return f"The map of stage {stage} for {Severity(level).title} was not tested."
        if not row["failed"]:
            return None
        why = " and ".join(_WHY[name](row) for name in row["failed"])
        return f"The map of stage {stage} for {Severity(level).title} is withheld: {why}."

    def withheld_stages(self, target: int | str, n_stages: int) -> dict[int, str]:
        """Return which maps of an explanation must not be shown, each with the reason.

        A threshold's own maps were not tested: one is shown where those of all levels above it passed.

        Parameters
        ----------
        target : int or str
            A level, or 'above_no', 'above_low', 'above_medium'.
        n_stages : int
            Maps that there are.

        Returns
        -------
        dict
            Stage -> sentence.
        """
        levels = [target] if isinstance(target, int) else list(range(_FIRST_ABOVE[target], len(Severity)))
        found = {}
        for stage in range(1, n_stages + 1):
            reasons = [why for level in levels if (why := self.withheld(level, stage)) is not None]
            if reasons:
                found[stage] = reasons[0]
        return found


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
    stated = card.raw.get("passport")
    if stated is None:
        return None
    try:
        if stated["sha256"] != card.sha256:
            return None
        levels = {
            int(level): {int(row["stage"]): _checked(row) for row in rows} for level, rows in stated["levels"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelCardError(
            f"Model card {card.path.name}: its passport makes no sense: {error!r}.",
            "Measure it again with cardiov passport --ship.",
        ) from error
    return Passport(levels)


def passport_line(card: ModelCard, level: int) -> str:
    """Return one sentence for under the overlay of a level, also where a network has no passport."""
    passport = passport_of(card)
    return _UNTESTED if passport is None else passport.line(level)


def _checked(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row whose failures can be told, or raise what `passport_of` turns into its error."""
    for name in row["failed"]:
        _WHY[name](row)
    int(row["n"])
    return row


def _stages(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"stage {numbers[0]}"
    return f"stages {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _deletion(row: Mapping[str, Any]) -> str:
    low, high = row["deletion"]["interval"]
    return (
        "without what it shows, the level lost no more log odds than without random stretches "
        f"(difference {row['deletion']['difference']:.2f}, {low:.2f} to {high:.2f})"
    )


_WHY: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "too few maps": lambda row: f"only {row['n']} maps showed anything, too few to test",
    "randomisation": lambda row: (
        f"an untrained network shows nearly the same (rank correlation {float(row['randomisation']):.2f})"
    ),
    "deletion": _deletion,
    "shift": lambda row: (
        f"the same ECG a little later is explained by other parts of it (rank correlation {float(row['shift']):.2f})"
    ),
}
_FIRST_ABOVE = {"above_no": 1, "above_low": 2, "above_medium": 3}
