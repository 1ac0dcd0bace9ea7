"""How far two ECGs of one person differ without a change: what was measured, and the limits that follow from it.

Two halves of one record have the same electrodes, posture and hour: what they differ by is the least that two ECGs
differ by. ECGs of one person a few days apart have all of it, and now and then a real change, too. The limit of a
change is therefore the larger of two: what 95 of 100 pairs of halves stay under, and what 95 of 100 repeated ECGs would
stay under by the median of their differences, which a few real changes do not move.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from cardiov_core.comparison.compared_numbers import Place
from cardiov_core.domain import Document, JsonObject, fault_of
from cardiov_core.errors import ConfigurationError

FILE = Path(__file__).parent / "noise_floor.json"
"""Written by ``cardiov noise-floor --ship``."""


@dataclass(frozen=True)
class Spread:
    """How far pairs of ECGs of one kind differ in one number.

    Attributes
    ----------
    n : int
        Pairs in which both had the number.
    median, p95 : float
        Of the absolute differences, in the number's unit; NaN where n is 0.
    """

    n: int
    median: float
    p95: float


@dataclass(frozen=True)
class NumberNoise:
    """The noise floor of one number.

    Attributes
    ----------
    halves : Spread
        Of two halves of one record.
    repeats : Spread
        Of two ECGs of one person within days.
    limit : float
        Larger differences are a change.
    """

    halves: Spread
    repeats: Spread
    limit: float


@dataclass(frozen=True)
class FlipNoise:
    """How often a finding or the level differs between two ECGs of one person without a change.

    Attributes
    ----------
    n_halves, flipped_halves : int
        Pairs of halves in which both answered, and those of them with different answers.
    n_repeats, flipped_repeats : int
        The same of two ECGs within days, some of which really changed.
    """

    n_halves: int
    flipped_halves: int
    n_repeats: int
    flipped_repeats: int


class NoiseSource(Document):
    """What a noise floor was measured on.

    Attributes
    ----------
    data, folds : str
        Data set, and its folds in words.
    n_halved, n_unseen_halved, n_unseen : int
        Records that were halved: of the data set, and of others that trained neither graders nor detectors; `n_unseen`
        counts those that were too short, too.
    n_patients_with_several, n_repeats, n_same_day : int
        Patients with several ECGs, pairs of ECGs of one person within `repeat_days`, and those of one day.
    repeat_days : float
        Largest distance of such a pair.
    grader, command : str
        What graded, and what measures it again.
    """

    data: str = ""
    folds: str = ""
    n_halved: int = 0
    n_unseen_halved: int = 0
    n_unseen: int = 0
    n_patients_with_several: int = 0
    n_repeats: int = 0
    repeat_days: float = 0.0
    n_same_day: int = 0
    grader: str = ""
    command: str = ""


class _NumberEntry(Document):
    """One number in the file; ``lead`` is empty where it has none."""

    code: str
    lead: str
    halves: Spread
    repeats: Spread
    limit: float


class _NoiseFile(Document):
    source: NoiseSource
    numbers: tuple[_NumberEntry, ...]
    flips: dict[str, FlipNoise]


@dataclass(frozen=True)
class NoiseFloor:
    """All that was measured.

    Attributes
    ----------
    source : NoiseSource
        Data, numbers of records and pairs, and the command.
    numbers : mapping of (code, lead) to NumberNoise
        Of all `PLACES`, of the trained detectors ('probability', finding) and of the level ('expected_level', '').
    flips : mapping of str to FlipNoise
        By code of the finding; 'level' for the level.
    """

    source: NoiseSource
    numbers: Mapping[Place, NumberNoise]
    flips: Mapping[str, FlipNoise]

    def limit(self, code: str, lead: str = "") -> float | None:
        """Return from where on a difference is a change; None where nothing was measured."""
        noise = self.numbers.get((code, lead))
        return None if noise is None else noise.limit


@lru_cache(maxsize=4)
def load_noise_floor(path: Path = FILE) -> NoiseFloor:
    """Read the noise floor.

    Parameters
    ----------
    path : pathlib.Path
        The file that ships, or another one of the same form.

    Returns
    -------
    NoiseFloor
        As measured.

    Raises
    ------
    ConfigurationError
        If the file is missing or damaged.
    """
    try:
        file = _NoiseFile.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise _damaged(path, fault_of(error).words()) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    numbers = {(one.code, one.lead): NumberNoise(one.halves, one.repeats, one.limit) for one in file.numbers}
    return NoiseFloor(file.source, numbers, file.flips)


def _damaged(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path.name}, the noise floor of serial comparison, cannot be read: {why}.",
        "Measure it again: cardiov noise-floor PTB-XL --ship.",
    )


def save_noise_floor(noise: NoiseFloor, path: Path = FILE) -> Path:
    """Write the noise floor where it ships.

    Parameters
    ----------
    noise : NoiseFloor
        As measured.
    path : pathlib.Path
        Overwritten.

    Returns
    -------
    pathlib.Path
        The same.
    """
    path.write_text(json.dumps(noise_floor_to_dict(noise), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def noise_floor_to_dict(noise: NoiseFloor) -> JsonObject:
    """Turn a noise floor into JSON values: ``source``, ``numbers`` (a list) and ``flips``."""
    numbers = tuple(
        _NumberEntry(code=code, lead=lead, halves=one.halves, repeats=one.repeats, limit=one.limit)
        for (code, lead), one in noise.numbers.items()
    )
    return _NoiseFile(source=noise.source, numbers=numbers, flips=dict(noise.flips)).as_json()
