"""One line of a plan: a record, or a window of a long one."""

from dataclasses import dataclass

from cardiov_core.errors import CardioVError
from cardiov_core.io import Place


@dataclass(frozen=True)
class Entry:
    """One record of a plan.

    Attributes
    ----------
    place : Place
        Where it lies.
    record_id : str
        Its name where a list gives it one; empty where the file's own counts.
    sampling_rate_hz, units : float, str or None
        What the list states for a file that does not say it.
    error : CardioVError or None
        Why it cannot be read, where that is known before.
    start_s, length_s : float or None
        The window of a long recording; None for a record as a whole.
    """

    place: Place
    record_id: str = ""
    sampling_rate_hz: float | None = None
    units: str | None = None
    error: CardioVError | None = None
    start_s: float | None = None
    length_s: float | None = None
