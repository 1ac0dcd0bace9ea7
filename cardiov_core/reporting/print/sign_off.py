"""What turns an unconfirmed report into a confirmed one."""

from dataclasses import dataclass
from datetime import datetime

from cardiov_core.domain import Severity
from cardiov_core.errors import ConfigurationError


@dataclass(frozen=True)
class SignOff:
    """A reader's confirmation of a report.

    Attributes
    ----------
    reader : str
        Who read the ECG, as it shall be printed.
    at : datetime.datetime
        When, with its time zone.
    level : Severity or None
        The reader's own level; None where the reader gave none.
    comment : str
        What the reader adds, free text.

    Raises
    ------
    ConfigurationError
        If the reader has no name or the time no zone.
    """

    reader: str
    at: datetime
    level: Severity | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        """Refuse a confirmation that nobody could be asked about."""
        if not self.reader.strip():
            raise ConfigurationError("The sign-off names no reader.", "Give the name of who read the ECG.")
        if self.at.tzinfo is None:
            raise ConfigurationError(f"The sign-off's time {self.at} has no time zone.", "Give a time with its zone.")
