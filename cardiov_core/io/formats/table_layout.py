"""The layout of a table of text: which lines name columns and units, what stands before, and the delimiter."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cardiov_core.io.formats.order import stated_order
from cardiov_core.io.leads import LONGEST_NAME, mv_per_unit, standard_leads

_DELIMITERS: tuple[str | None, ...] = (",", ";", "\t", "|", None)
_BRACKETED_UNIT = re.compile(r"^(?P<name>.+?)\s*[(\[]\s*(?P<unit>[^)\]]+?)\s*[)\]]$")
_SUFFIXED_UNIT = re.compile(
    r"^(?P<name>.+?)[\s_/.\-]+(?P<unit>[mun\u00b5\u03bc]?v|(?:milli|micro)?volts?)$", re.IGNORECASE
)
_TIME_NAME = re.compile(
    r"^(?:time(?:[\s_]*stamp)?|t|elapsed(?:[\s_]*time)?)(?:[\s_]*[(\[]?\s*(?P<unit>s|sec|seconds?|ms|msec|milliseconds?)\s*[)\]]?)?$"
    r"|^(?P<bare>seconds|milliseconds|ms|sec)$",
    re.IGNORECASE,
)

_MOST_COLUMNS = 1_000
_COMMENT_MARKS = "#%;/* \t"
# What stands before the table: a title, facts of patient and recording.
_MAX_LINES_BEFORE = 64
_LINES_TURNED = 64


@dataclass(frozen=True)
class Layout:
    """How the lines of a table are to be read."""

    delimiter: str | None  # None = white space
    names: tuple[str, ...]  # column names; empty where the table has none
    units: tuple[str, ...]  # what a line of units says of each column; empty where there is none
    comments: tuple[str, ...]  # lines before the table, without their marks
    lines: list[str]  # the lines of numbers
    named_in_comment: bool = False  # whether the names stand in a comment alone


def cells_of(line: str, delimiter: str | None) -> list[str]:
    """Part a line into its cells."""
    if delimiter is None:
        return line.split()
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


def split_unit(name: str) -> tuple[str, str | None]:
    """Split 'I (uV)' or 'I_mV' into lead and unit; other names stay whole."""
    if len(name) > LONGEST_NAME:
        return name, None
    for pattern in (_BRACKETED_UNIT, _SUFFIXED_UNIT):
        match = pattern.match(name.strip().strip("'\""))
        if match and standard_leads([match["name"]])[0] is not None:
            return match["name"], match["unit"]
    return name, None


def time_name(name: str) -> re.Match[str] | None:
    """Match the name of a time column; its unit, where the name has one, is group ``unit`` or ``bare``."""
    return _TIME_NAME.match(name.strip().strip("'\"")) if len(name) <= LONGEST_NAME else None


def leads_of(names: Sequence[str]) -> tuple[str | None, ...]:
    """Return the lead of each column, or None; more than `_MOST_COLUMNS` words are text, and no lead is among them."""
    if len(names) > _MOST_COLUMNS:
        return (None,) * len(names)
    return standard_leads([split_unit(name)[0] for name in names])


def names_an_ecg(names: Sequence[str]) -> bool:
    """Tell whether columns are those of an ECG: two leads, or one beside a time."""
    n_leads = len({lead for lead in leads_of(names) if lead is not None})
    return n_leads >= 2 or (n_leads == 1 and any(map(time_name, names)))


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number, with any signs between thousands."""
    bare = cell.strip().strip("'\"")
    for sign in (",", "'", " "):
        bare = bare.replace(sign, "." if sign == "," and bare.count(",") == 1 else "")
    try:
        float(bare)
    except ValueError:
        return bool(re.fullmatch(r"[+-]?\d{1,3}(?:\.\d{3})+", bare))
    return True


def find_layout(text: str) -> Layout | None:
    """Find delimiter, column names and units, or None where the text is no table of an ECG."""
    lines = [line for line in text.splitlines() if line.strip()]
    for start, line in enumerate(lines[: _MAX_LINES_BEFORE + 1]):
        comments = tuple(one.lstrip(_COMMENT_MARKS).strip() for one in lines[:start])
        if not _is_prose(line):
            continue
        rest = lines[start:]
        layout = _named(rest, comments) or _turned(rest, comments) or _unnamed(rest, comments)
        if layout is not None and (not any(map(_is_prose, lines[:start])) or _begins_with_numbers(layout)):
            return layout
    return None


def _is_prose(line: str) -> bool:
    return line.lstrip()[:1] not in {"#", "%"} and not line.lstrip().startswith("//")


def _begins_with_numbers(layout: Layout) -> bool:
    """Whether numbers follow, which words about leads in any other text are not followed by."""
    cells = cells_of(layout.lines[0], layout.delimiter) if layout.lines else []
    return len(cells) == max(len(layout.names), 2) and all(is_number(cell) for cell in cells if cell)


def _named(lines: Sequence[str], comments: tuple[str, ...]) -> Layout | None:
    # The delimiter that shows most leads is the right one.
    delimiter = max(_DELIMITERS, key=lambda one: sum(lead is not None for lead in leads_of(cells_of(lines[0], one))))
    names = tuple(cells_of(lines[0], delimiter))
    if not names_an_ecg(names):
        return None
    units = tuple(cell.strip("'\"") for cell in cells_of(lines[1], delimiter)) if len(lines) > 1 else ()
    if len(units) == len(names) and _are_units(units, leads_of(names)):
        return Layout(delimiter, names, units, comments, list(lines[2:]))
    return Layout(delimiter, names, (), comments, list(lines[1:]))


def _are_units(cells: Sequence[str], leads: Sequence[str | None]) -> bool:
    of_leads = [cell.strip("()[]") for cell, lead in zip(cells, leads, strict=True) if lead is not None]
    return not any(is_number(cell) for cell in of_leads) and any(mv_per_unit(cell) is not None for cell in of_leads)


def _turned(lines: Sequence[str], comments: tuple[str, ...]) -> Layout | None:
    """Turn a table with a lead per line into one with a lead per column."""
    for delimiter in _DELIMITERS:
        firsts = [line.split(delimiter, 1)[0].strip() for line in lines[:_LINES_TURNED]]
        if sum(lead is not None for lead in leads_of(firsts)) < 2:
            continue
        rows = [cells for line in lines if leads_of((cells := cells_of(line, delimiter))[:1]) not in {(), (None,)}]
        if len({len(row) for row in rows}) == 1:
            columns = list(zip(*rows, strict=True))
            return Layout("\t", columns[0], (), comments, ["\t".join(column) for column in columns[1:]])
    return None


def _unnamed(lines: Sequence[str], comments: tuple[str, ...]) -> Layout | None:
    for delimiter in _DELIMITERS:
        cells = cells_of(lines[0], delimiter)
        if len(cells) > 1 and all(map(is_number, cells)):
            names = stated_order(comments, len(cells))
            if names is None and (order := stated_order(comments, len(cells) - 1)) is not None:
                # One column more than the list names: it is that of the times, which stands first.
                names = ("time", *order)
            return Layout(delimiter, names or (), (), comments, list(lines), named_in_comment=names is not None)
    return None
