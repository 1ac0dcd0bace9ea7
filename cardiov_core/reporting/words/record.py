"""A record in words: age, sex, time of recording."""

import math
from datetime import datetime

from cardiov_core.domain import EcgRecord, over_89
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.words.levels import THIN_SPACE

OVER_89 = "90 or over"
"""Every age that is not told apart (docs/clinical.md, 15)."""


def age_and_sex(age: float | None, sex: str | None) -> str:
    """Write age and sex as one phrase, such as '54 y, male'.

    Parameters
    ----------
    age : float or None
        In years; PTB-XL's 300 reads '90 or over' (docs/clinical.md, 15).
    sex : str or None
        As stated.
    """
    if age is None or math.isnan(age):
        years = "age unknown"
    elif over_89(age):
        years = OVER_89
    else:
        years = f"{age:.0f} y"
    return f"{years}, {sex or 'sex unknown'}"


def recording_time(record: EcgRecord, *, brief: bool = False) -> str:
    """Write when a record was made, with its zone or that none is stated.

    `brief`: without the latter.
    """
    recorded = record.recorded_at
    if recorded is None:
        return "at a time not stated"
    moment = f"{recorded:%d %b %Y %H:%M:%S}"
    if recorded.tzinfo is not None:
        return f"{moment} ({recorded.tzname()})"
    return moment if brief else f"{moment} (time zone not stated)"


def age_words(age: float | None) -> str:
    """Write an age: '61 y', '90 or over', 'age not stated' (docs/clinical.md, 15)."""
    if age is None:
        return "age not stated"
    return OVER_89 if over_89(age) else f"{age:.0f}{THIN_SPACE}y"


def report_time(created_at: datetime | None) -> datetime:
    """Return the time that a report states, which needs a time zone: now unless one is given."""
    moment = created_at or datetime.now().astimezone()
    if moment.tzinfo is None:
        raise ConfigurationError(f"The report's time {moment} has no time zone.", "Give a time with its zone.")
    return moment
