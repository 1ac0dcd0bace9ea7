"""The controls of the paper: what may be chosen, what a new reader gets, and the letter that goes on to the next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, get_args

from cardiov_core.reporting import GAINS_MM_MV, LAYOUTS, SPEEDS_MM_S, FilterName, LeadOrder
from cardiov_core.ui.frame.session import Key

Drag = Literal["zoom", "calipers"]
Option = TypeVar("Option")

FILTERS: Mapping[FilterName, str] = {"diagnostic": "0.05-150 Hz", "monitor": "0.5-40 Hz"}
"""Display filter -> its band in words."""

SWITCH = ("off", "on")
"""What may be said of waves and attention."""


@dataclass(frozen=True)
class Choice(Generic[Option]):
    """A control of the paper."""

    key: Key  # of the widget
    label: str  # that screen readers hear
    options: Sequence[Option]  # what may be chosen
    first: Option  # what a new reader gets
    words: Callable[[Option], str] = str  # an option as the control shows it
    letter: str = ""  # that goes on to the next option; none that Streamlit or the Review page takes

    def words_of_options(self) -> dict[str, str]:
        """Return each option as the control shows it -> as cookie and script name it."""
        return {self.words(option): option_word(option) for option in self.options}


def option_word(option: object) -> str:
    """Return an option as cookie and script name it, for example '12.5' or '3x4+1'."""
    return f"{option:g}" if isinstance(option, float) else str(option)


def notch_name(hertz: int) -> str:
    """Return the notch filter in words: its frequency in Hz, or 'off' for 0."""
    return f"{hertz} Hz" if hertz else "off"


_ORDERS: tuple[LeadOrder, ...] = get_args(LeadOrder)
_DRAGS: tuple[Drag, ...] = get_args(Drag)

LAYOUT = Choice(Key.LAYOUT, "Layout", LAYOUTS, LAYOUTS[0], letter="y")
SPEED = Choice(Key.SPEED, "Speed", SPEEDS_MM_S, 25.0, "{:g} mm/s".format, "v")
GAIN = Choice(Key.GAIN, "Gain", GAINS_MM_MV, 10.0, "{:g} mm/mV".format, "a")
FILTER = Choice(Key.FILTER, "Filter", tuple(FILTERS), "diagnostic", FILTERS.__getitem__, "f")
NOTCH = Choice(Key.NOTCH, "Notch", (0, 50, 60), 0, notch_name)
LEAD_ORDER = Choice(Key.LEAD_ORDER, "Leads", _ORDERS, "standard", str.capitalize)
WAVES = Choice(Key.WAVES, "Waves", SWITCH, "off", letter="w")
DRAG = Choice(Key.DRAG, "Drag", _DRAGS, "zoom", str.capitalize, "d")
OPACITY = Choice(Key.OPACITY, "Opacity", (0.2, 0.4, 0.6, 0.8), 0.4, "{:.0%}".format)

KEPT = (LAYOUT, SPEED, GAIN, FILTER, NOTCH, LEAD_ORDER)
"""What this browser keeps over reloads and pages."""

IN_BROWSER = (*KEPT, WAVES, DRAG, OPACITY)
"""What the paper's script follows before the server answers; a notch alone it cannot draw by itself."""
