"""How a table writes its numbers: decimal sign and sign between thousands, recognised over the whole table.

'1,007' is 1007 where a table also has '.002' or '993', and 1.007 where it also has '0,95'. Where the table leaves it
open, it is refused: a factor of a thousand is never guessed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cardiov_core.errors import RecordFormatError

_GROUPS = {sign: re.compile(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+") for sign in ",.' "}
_SEVERAL = {sign: re.compile(rf"[+-]?\d{{1,3}}(?:{re.escape(sign)}\d{{3}}){{2,}}") for sign in ",.' "}
# Signs that stand between thousands beside comma and point: apostrophes and blanks of any width.
_APOSTROPHES = "'\u2019\u02bc"
_BLANKS = " \u00a0\u202f\u2009"
_ODD = str.maketrans({**dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_BLANKS, " "), "\u2212": "-", "\u2013": "-"})


@dataclass(frozen=True)
class Signs:
    """How numbers are written."""

    decimal: str = "."  # '.' or ','
    thousands: str | None = None  # ',', '.', "'", ' ' or None


def plain(text: str) -> str:
    """Return a text with one kind of apostrophe, blank and minus sign."""
    return text if text.isascii() else text.translate(_ODD)


def signs_of(cells: Iterable[str], beside: Iterable[str], name: str) -> Signs:
    """Tell how the numbers of a table are written.

    `beside`: numbers of other columns, such as times: they show the decimal sign, but may be written another way.
    """
    seen = _Seen()
    for cell in cells:
        seen.look_at(cell)
    for cell in beside:
        if cell.count(".") + cell.count(",") == 1 and not _GROUPS["." if "." in cell else ","].fullmatch(cell):
            seen.look_at(cell)
    return seen.signs(name)


class _Seen:
    """What was seen of two signs, comma and point, and of the others."""

    def __init__(self) -> None:
        self.decimal: set[str] = set()
        self.thousands: set[str] = set()
        self.open: dict[str, str] = {}
        self.small_whole = False
        self.large_whole = False

    def look_at(self, cell: str) -> None:
        """Take one cell into account."""
        has = [sign for sign in ",." if sign in cell]
        for sign in "' ":
            if sign in cell and _GROUPS[sign].match(cell):
                self.thousands.add(sign)
        if not has:
            self._whole(cell)
        elif len(has) == 2:
            last = max(has, key=cell.rindex)
            self.decimal.add(last)
            self.thousands.update(sign for sign in has if sign != last)
        elif _SEVERAL[has[0]].fullmatch(cell):
            self.thousands.add(has[0])
        elif _GROUPS[has[0]].fullmatch(cell):
            self.open.setdefault(has[0], cell)
        elif any(letter.isdigit() for letter in cell):
            self.decimal.add(has[0])

    def _whole(self, cell: str) -> None:
        digits = cell.lstrip("+-")
        if digits.isdigit():
            self.large_whole = self.large_whole or len(digits) > 3
            self.small_whole = self.small_whole or len(digits) <= 3

    def signs(self, name: str) -> Signs:
        """Draw the conclusion."""
        if self.decimal & self.thousands or len(self.decimal) > 1 or len(self.thousands) > 1:
            raise self._refusal(name, "writes its numbers in contradictory ways")
        for sign, cell in self.open.items():
            if sign in self.decimal | self.thousands:
                continue
            other = "." if sign == "," else ","
            if other in self.decimal or other in self.open:
                self.thousands.add(sign)
            elif other in self.thousands or self.large_whole:
                self.decimal.add(sign)
            elif self.small_whole:
                # Numbers under a thousand stand there without the sign, so it parts thousands.
                self.thousands.add(sign)
            elif sign == ".":
                # Nothing but numbers with a point and three digits: decimals, as most software writes them.
                self.decimal.add(sign)
            else:
                raise self._refusal(name, f"leaves open whether '{cell}' is a thousand or has a decimal sign")
        if len(self.thousands) > 1:
            raise self._refusal(name, "writes its numbers in contradictory ways")
        thousands = next(iter(self.thousands), None)
        return Signs(next(iter(self.decimal), "," if thousands == "." else "."), thousands)

    @staticmethod
    def _refusal(name: str, what: str) -> RecordFormatError:
        return RecordFormatError(
            f"{name} {what}.", "Export the numbers with a decimal point and without signs between thousands."
        )
