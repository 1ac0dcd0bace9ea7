"""Text on paper: widths in mm, line breaks, and what the font can print.

Everything is measured with the font that is drawn, DejaVu Sans, which comes with matplotlib and so is the same on
every machine.
"""

import bisect
import re
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from cardiov_core.errors import ConfigurationError

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

FONT = "DejaVu Sans"
MM_A_POINT = 25.4 / 72
_LINE_SPACING = 1.2
_REPLACEMENT = "\ufffd"
_ELLIPSIS = "\u2026"
# The narrowest letters of the font, i and l, are 0.278 of its size wide; spaces of punctuation are not much narrower.
_NARROWEST_EM = 0.15
# Thin spaces between numbers and units are no places to break a line.
_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:s|ms|mV|Hz|mm|%)(?![A-Za-z]))")


@dataclass(frozen=True)
class TextStyle:
    """How text is set."""

    size_pt: float = 7.0  # size of the font in points
    bold: bool = False
    colour: str = "#000000"

    @property
    def line_mm(self) -> float:
        """Distance of two base lines in mm."""
        return self.size_pt * MM_A_POINT * _LINE_SPACING


@lru_cache(maxsize=8)
def font_of(style: TextStyle) -> "FontProperties":
    """Return matplotlib's description of the font."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=FONT, size=style.size_pt, weight="bold" if style.bold else "normal")


@lru_cache(maxsize=4096)
def width_mm(text: str, style: TextStyle) -> float:
    """Return how wide a line of text becomes, in mm."""
    from matplotlib.textpath import text_to_path

    # The stubs do not say it: width, height and descent come in points of the font's own size.
    width_pt, _, _ = text_to_path.get_text_width_height_descent(text, font_of(style), ismath=False)
    return float(width_pt) * MM_A_POINT


@lru_cache(maxsize=1)
def _printable_codes() -> frozenset[int]:
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(findfont(FONT)).get_charmap())


def printable(text: str) -> str:
    """Replace what the font cannot print by the replacement character, and white space by single blanks."""
    characters = (character if _has_glyph(character) else _REPLACEMENT for character in _one_line(text))
    return "".join(characters)


def check_printable(text: str, what: str) -> str:
    """Return typed text as it will be printed, or refuse it: a name with holes would be another name."""
    line = _one_line(text)
    missing = sorted({character for character in line if not _has_glyph(character)})
    if missing:
        shown = ", ".join(unicodedata.name(character, f"U+{ord(character):04X}") for character in missing[:5])
        raise ConfigurationError(
            f"The report's font cannot print {what}: it has no {shown}.",
            "Write it in Latin, Greek, Cyrillic, Hebrew or Arabic letters.",
        )
    return line


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _has_glyph(character: str) -> bool:
    # Control and format characters, such as those that turn the direction of writing, must not reach the page.
    return not unicodedata.category(character).startswith("C") and ord(character) in _printable_codes()


def wrapped(text: str, style: TextStyle, room_mm: float) -> tuple[str, ...]:
    """Break text into lines of at most `room_mm`; a wider word is broken."""
    lines: list[str] = []
    current = ""
    for word in _BEFORE_UNIT.sub("\u00a0", printable(text)).split(" "):
        longer = f"{current} {word}" if current else word
        if _fits(longer, style, room_mm):
            current = longer
            continue
        if current:
            lines.append(current)
        current = word
        while not _fits(current, style, room_mm):
            head = _head(current, style, room_mm)
            lines.append(head)
            current = current[len(head) :]
    return (*lines, current)


def elided(text: str, style: TextStyle, room_mm: float) -> str:
    """Shorten text in its middle until it fits into `room_mm`."""
    line = printable(text)
    if _fits(line, style, room_mm):
        return line

    def _shortened(kept: int) -> str:
        return line[: (kept + 1) // 2] + _ELLIPSIS + line[len(line) - kept // 2 :]

    return _shortened(_longest(lambda kept: _fits(_shortened(kept), style, room_mm), len(line)))


def _head(word: str, style: TextStyle, room_mm: float) -> str:
    """Return as much of a word as fits, one character at least."""
    return word[: max(1, _longest(lambda length: _fits(word[:length], style, room_mm), len(word)))]


def _fits(text: str, style: TextStyle, room_mm: float) -> bool:
    """Tell whether text fits; one of thousands of characters is not measured to know that it does not."""
    at_most = room_mm / (_NARROWEST_EM * style.size_pt * MM_A_POINT)
    return len(text) <= at_most and width_mm(text, style) <= room_mm


def _longest(fits: Callable[[int], bool], length: int) -> int:
    """Return the largest number below `length` that fits, by halving: a word may have thousands of characters."""
    return bisect.bisect_left(range(1, length), True, key=lambda number: not fits(number))


DRAWING = threading.Lock()
"""Held by whoever changes matplotlib's settings."""
