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
from typing import Any

from cardiov_core.comparison.numbers import Place
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


@dataclass(frozen=True)
class NoiseFloor:
    """All that was measured.

    Attributes
    ----------
    source : mapping of str to str or int
        Data, numbers of records and pairs, and the command.
    numbers : mapping of (code, lead) to NumberNoise
        Of all `PLACES`, of the trained detectors ('probability', finding) and of the level ('expected_level', '').
    flips : mapping of str to FlipNoise
        By code of the finding; 'level' for the level.
    """

    source: Mapping[str, Any]
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
        document = json.loads(path.read_text(encoding="utf-8"))
        numbers = {
            (entry["code"], entry["lead"]): NumberNoise(
                Spread(**entry["halves"]), Spread(**entry["repeats"]), float(entry["limit"])
            )
            for entry in document["numbers"]
        }
        flips = {code: FlipNoise(**entry) for code, entry in document["flips"].items()}
        return NoiseFloor(document["source"], numbers, flips)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path.name}, the noise floor of serial comparison, cannot be read: {error}.",
            "Measure it again: cardiov noise-floor PTB-XL --ship.",
        ) from error


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


def noise_floor_to_dict(noise: NoiseFloor) -> dict[str, Any]:
    """Turn a noise floor into JSON values: ``source``, ``numbers`` (a list) and ``flips``."""
    return {
        "source": dict(noise.source),
        "numbers": [
            {
                "code": code,
                "lead": lead,
                "halves": _spread(one.halves),
                "repeats": _spread(one.repeats),
                "limit": one.limit,
            }
            for (code, lead), one in noise.numbers.items()
        ],
        "flips": {code: dict(vars(one)) for code, one in noise.flips.items()},
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"n": spread.n, "median": spread.median, "p95": spread.p95}
