"""How a reader wants the paper: layout, speed, gain, filter, lead order."""

from dataclasses import dataclass
from typing import Literal, get_args

from cardiov_core.errors import ConfigurationError

Layout = Literal["3x4+1", "3x4+3", "6x2", "12x1"]
FilterName = Literal["diagnostic", "monitor"]
LeadOrder = Literal["standard", "cabrera"]

LAYOUTS: tuple[Layout, ...] = get_args(Layout)
SPEEDS_MM_S: tuple[float, ...] = (12.5, 25.0, 50.0)
GAINS_MM_MV: tuple[float, ...] = (2.5, 5.0, 10.0, 20.0)


@dataclass(frozen=True)
class PaperOptions:
    """What the reader chose; the defaults are those of the paper ECG.

    Attributes
    ----------
    layout : {"3x4+1", "3x4+3", "6x2", "12x1"}
        Rows by columns, plus rhythm strips.
    speed_mm_s : float
        12.5, 25 or 50 mm/s.
    gain_mm_mv : float
        2.5, 5, 10 or 20 mm/mV.
    filter : {"diagnostic", "monitor"}
        Display filter 0.05-150 Hz or 0.5-40 Hz.
    notch_hz : int
        0 (off), 50 or 60 Hz.
    lead_order : {"standard", "cabrera"}
        Order of the limb leads.
    start_s : float
        Start of the window of up to 10 s that is drawn.
    confirmed : bool
        A reader has signed: the footer says so.

    Raises
    ------
    ConfigurationError
        If a value is not one of these.
    """

    layout: Layout = "3x4+1"
    speed_mm_s: float = 25.0
    gain_mm_mv: float = 10.0
    filter: FilterName = "diagnostic"
    notch_hz: int = 0
    lead_order: LeadOrder = "standard"
    start_s: float = 0.0
    confirmed: bool = False

    def __post_init__(self) -> None:
        """Refuse values that no ECG paper has."""
        allowed: tuple[tuple[str, object, tuple[object, ...]], ...] = (
            ("layout", self.layout, LAYOUTS),
            ("speed_mm_s", self.speed_mm_s, SPEEDS_MM_S),
            ("gain_mm_mv", self.gain_mm_mv, GAINS_MM_MV),
            ("filter", self.filter, get_args(FilterName)),
            ("notch_hz", self.notch_hz, (0, 50, 60)),
            ("lead_order", self.lead_order, get_args(LeadOrder)),
        )
        for name, value, choices in allowed:
            if value not in choices:
                raise ConfigurationError(
                    f"The paper option {name} is {value!r}.", f"Choose one of {', '.join(map(str, choices))}."
                )
        if not self.start_s >= 0:
            raise ConfigurationError(f"The window starts at {self.start_s} s.", "Give a start of 0 s or later.")
