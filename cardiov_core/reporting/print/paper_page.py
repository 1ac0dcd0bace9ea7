"""The parts of a report's page: frame, level, columns of text. Positions are mm from the page's upper left corner."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cardiov_core.domain import Analysis, Prediction, Severity
from cardiov_core.reporting.print.content import UNCONFIRMED, Entry, Section, prediction_set_words, probability_words
from cardiov_core.reporting.print.text import (
    DRAWING,
    FONT,
    MM_A_POINT,
    TextStyle,
    elided,
    font_of,
    printable,
    width_mm,
    wrapped,
)
from cardiov_core.reporting.print.trace import GRID_LEFT_MM, GRID_WIDTH_MM, INK, PAGE_HEIGHT_MM, PAGE_WIDTH_MM, GridArea
from cardiov_core.reporting.words.critical import raised_words
from cardiov_core.reporting.words.disclaimer import EXCEEDANCE_NAMES, RESEARCH_USE, wording
from cardiov_core.reporting.words.levels import LEVEL_STYLES, whole_percent
from cardiov_core.weights import ModelCard

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

BODY = TextStyle(7.0)
BOLD = TextStyle(7.0, bold=True)
SMALL = TextStyle(6.0)
HEADING = TextStyle(8.0, bold=True)
TITLE = TextStyle(13.0, bold=True)
WORD = TextStyle(13.0, bold=True)

LEFT_MM, WIDTH_MM = GRID_LEFT_MM, GRID_WIDTH_MM
BANNER_TOP_MM, BANNER_HEIGHT_MM = 5.0, 5.0
WHOLE_GRID = GridArea(bottom_mm=21.0, height_mm=165.0)
"""The grid of a page that holds the trace alone."""
NAME_ROOM_MM = 110.0
_TITLE_TOP_MM, _FACTS_TOP_MM = 12.0, 18.6
_GAP_MM = 0.8
_BULLET = "\u00b7"
_BULLET_MM = 2.2
_VALUE_SHARE = 0.46
_BADGE_MM = 11.0
_BAR_MM = 26.0


@dataclass(frozen=True)
class Row:
    """One printed line of a column: pieces of text at their distance from the column's left edge, in mm."""

    pieces: tuple[tuple[float, str], ...]
    style: TextStyle = BODY
    gap_mm: float = 0.0

    @property
    def height_mm(self) -> float:
        """The line and the gap above it."""
        return self.style.line_mm + self.gap_mm


def blank_page() -> tuple["Figure", "Axes"]:
    """Make an empty A4 page whose axes are in mm, from the lower left corner."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PAGE_WIDTH_MM / 25.4, PAGE_HEIGHT_MM / 25.4))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, PAGE_WIDTH_MM)
    axes.set_ylim(0, PAGE_HEIGHT_MM)
    axes.axis("off")
    return figure, axes


def put(axes: "Axes", x_mm: float, top_mm: float, text: str, style: TextStyle = BODY, *, align: str = "left") -> None:
    """Write one line whose upper edge is at `top_mm`."""
    axes.text(
        x_mm,
        PAGE_HEIGHT_MM - top_mm - 0.8 * style.size_pt * MM_A_POINT * 1.1,
        printable(text),
        fontproperties=font_of(style),
        color=style.colour,
        ha=align,
        va="baseline",
        parse_math=False,
        zorder=5,
    )


@contextmanager
def print_settings() -> Iterator[None]:
    """Apply matplotlib's settings for one drawing: TrueType fonts, every sample, the same bytes every time."""
    from matplotlib import rc_context

    chosen: dict[RcKeyType, bool | float | str] = {
        "font.family": FONT,
        "pdf.fonttype": 42,
        "svg.fonttype": "path",
        "svg.hashsalt": "cardiov",
        "path.simplify": False,
        "agg.path.chunksize": 0,
    }
    with DRAWING, rc_context(chosen):
        yield


def draw_banner(axes: "Axes") -> None:
    """Draw the sentence that stands on every page."""
    _draw_box(axes, LEFT_MM, BANNER_TOP_MM, WIDTH_MM, BANNER_HEIGHT_MM, 0.7)
    put(axes, PAGE_WIDTH_MM / 2, BANNER_TOP_MM + 1.0, RESEARCH_USE, HEADING, align="center")


def draw_title(axes: "Axes", title: str, facts: str, patient_name: str, status: str) -> None:
    """Write what the page is, whose record it is and whether somebody confirmed it."""
    style = TITLE if status == UNCONFIRMED else HEADING
    right = LEFT_MM + WIDTH_MM
    put(axes, right, _TITLE_TOP_MM, status, style, align="right")
    room = WIDTH_MM - width_mm(status, style) - 6
    if patient_name:
        put(axes, right, _FACTS_TOP_MM, f"Patient: {patient_name}", HEADING, align="right")
    put(axes, LEFT_MM, _TITLE_TOP_MM, elided(title, TITLE, room), TITLE)
    room = WIDTH_MM - (NAME_ROOM_MM + 20 if patient_name else 0)
    put(axes, LEFT_MM, _FACTS_TOP_MM, elided(facts, BODY, room), BODY)


def draw_box(axes: "Axes", top_mm: float, text: str) -> float:
    """Draw a framed, bold sentence over the whole width, two lines at most; returns its lower edge."""
    lines = wrapped(text, HEADING, WIDTH_MM - 4)
    if len(lines) > 2:
        lines = (lines[0], f"{lines[1].rsplit(' ', 2)[0]} \u2026 (see the details)")
    height = 1.8 + len(lines) * HEADING.line_mm
    _draw_box(axes, LEFT_MM, top_mm, WIDTH_MM, height, 1.2)
    for index, line in enumerate(lines):
        put(axes, LEFT_MM + 2, top_mm + 0.9 + index * HEADING.line_mm, line, HEADING)
    return top_mm + height


def box_height(text: str) -> float:
    """Return the height that `draw_box` takes, in mm."""
    return 1.8 + min(2, len(wrapped(text, HEADING, WIDTH_MM - 4))) * HEADING.line_mm


def rows_of(section: Section, room_mm: float) -> tuple[Row, ...]:
    """Break a section into lines of a column."""
    rows = [Row(((0.0, section.title),), HEADING)]
    for entry in section.entries:
        rows += _value_rows(entry, room_mm) if entry.value else _sentence_rows(entry, room_mm)
    return tuple(rows)


def shortened(rows: Sequence[Row], height_mm: float, note: str) -> tuple[tuple[Row, ...], bool]:
    """Return what fits into a height, with a last line that says where the rest is; and whether all of it fits."""
    if sum(row.height_mm for row in rows) <= height_mm:
        return tuple(rows), True
    last = Row(((0.0, note),), BOLD, _GAP_MM)
    kept: list[Row] = []
    used = last.height_mm
    for row in rows:
        used += row.height_mm
        if used > height_mm:
            break
        kept.append(row)
    return (*kept, last), False


def draw_rows(axes: "Axes", x_mm: float, top_mm: float, rows: Sequence[Row]) -> float:
    """Write lines under one another; returns the lower edge."""
    for row in rows:
        top_mm += row.gap_mm
        for offset, text in row.pieces:
            put(axes, x_mm + offset, top_mm, text, row.style)
        top_mm += row.style.line_mm
    return top_mm


def level_height(analysis: Analysis, card: ModelCard, width: float) -> float:
    """Return how much of the page the level takes, in mm; 0 where there is none."""
    if analysis.prediction is None:
        return 0.0
    _, scratch = blank_page()
    return draw_level(scratch, LEFT_MM, 0.0, width, analysis, analysis.prediction, card)


def draw_level(
    axes: "Axes", x_mm: float, top_mm: float, width: float, analysis: Analysis, prediction: Prediction, card: ModelCard
) -> float:
    """Draw the level on show: shape, colour, number, word, what raised it, bars; returns the lower edge."""
    level = prediction.severity if analysis.level is None else analysis.level
    _draw_shape(axes, x_mm + _BADGE_MM / 2, top_mm + _BADGE_MM / 2, level)
    text_x = x_mm + _BADGE_MM + 3
    put(axes, text_x, top_mm, f"Level {int(level)}", WORD)
    put(axes, text_x, top_mm + 5.6, f"{level.title}, on a scale of 0 to 3", BODY)
    lines = [Row(((0.0, line),), BOLD) for line in wrapped(wording(level), BOLD, width - _BADGE_MM - 3)]
    top_mm = max(top_mm + _BADGE_MM, draw_rows(axes, text_x, top_mm + 8.8, lines)) + 1.2
    put(axes, x_mm, top_mm, "Probability that the level is", BOLD)
    top_mm += BOLD.line_mm + 0.3
    for name, share in zip(EXCEEDANCE_NAMES, prediction.exceedance, strict=True):
        put(axes, x_mm, top_mm, name)
        _draw_bar(axes, x_mm + 30, top_mm + 0.3, share)
        put(axes, x_mm + 30 + _BAR_MM + 2, top_mm, whole_percent(share), BOLD)
        top_mm += BODY.line_mm + 0.3
    sentences = [raised_words(analysis), probability_words(prediction), prediction_set_words(prediction, card)]
    rows = [Row(((0.0, line),)) for text in sentences if text for line in wrapped(text, BODY, width)]
    return draw_rows(axes, x_mm, top_mm + 0.6, rows)


def _value_rows(entry: Entry, room_mm: float) -> list[Row]:
    """Name on the left, value in a second column."""
    style = BOLD if entry.bold else BODY
    tab = room_mm * _VALUE_SHARE
    values = wrapped(entry.value, style, room_mm - tab)
    if width_mm(entry.text, style) > tab - 1:
        # A long name has its own line.
        rows = [Row(((0.0, line),), style) for line in wrapped(entry.text, style, room_mm)]
        return rows + [Row(((tab, value),), style) for value in values]
    return [
        Row(((0.0, entry.text), (tab, value)) if index == 0 else ((tab, value),), style)
        for index, value in enumerate(values)
    ]


def _sentence_rows(entry: Entry, room_mm: float) -> list[Row]:
    if entry.bold:
        lines = wrapped(entry.text, BOLD, room_mm)
        return [Row(((0.0, line),), BOLD, _GAP_MM if index == 0 else 0.0) for index, line in enumerate(lines)]
    if entry.plain:
        return [Row(((0.0, line),)) for line in wrapped(entry.text, BODY, room_mm)]
    lines = wrapped(entry.text, BODY, room_mm - _BULLET_MM)
    first = Row(((0.0, _BULLET), (_BULLET_MM, lines[0])))
    return [first, *(Row(((_BULLET_MM, line),)) for line in lines[1:])]


def _draw_box(axes: "Axes", x_mm: float, top_mm: float, width: float, height: float, line_pt: float) -> None:
    from matplotlib.patches import Rectangle

    corner = (x_mm, PAGE_HEIGHT_MM - top_mm - height)
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=INK, linewidth=line_pt, zorder=4))


def _draw_bar(axes: "Axes", x_mm: float, top_mm: float, share: float) -> None:
    from matplotlib.patches import Rectangle

    height = 2.2
    corner = (x_mm, PAGE_HEIGHT_MM - top_mm - height)
    axes.add_patch(Rectangle(corner, _BAR_MM * share, height, facecolor="#333333", edgecolor="none", zorder=4))
    _draw_box(axes, x_mm, top_mm, _BAR_MM, height, 0.4)


def _draw_shape(axes: "Axes", x_mm: float, y_mm: float, level: Severity) -> None:
    """Draw a level's shape in its colour with its number in it, so that neither is needed alone."""
    from matplotlib.patches import Circle, Polygon

    style = LEVEL_STYLES[level]
    half, centre = _BADGE_MM / 2, PAGE_HEIGHT_MM - y_mm
    look = {"facecolor": style.colour, "edgecolor": INK, "linewidth": 0.6, "zorder": 4}
    corners = {
        "triangle": ((-half, -half), (half, -half), (0.0, half)),
        "square": (
            (-0.9 * half, -0.9 * half),
            (0.9 * half, -0.9 * half),
            (0.9 * half, 0.9 * half),
            (-0.9 * half, 0.9 * half),
        ),
        "diamond": ((-half, 0.0), (0.0, -half), (half, 0.0), (0.0, half)),
    }
    if style.shape == "circle":
        axes.add_patch(Circle((x_mm, centre), 0.95 * half, **look))
    else:
        axes.add_patch(Polygon([(x_mm + dx, centre + dy) for dx, dy in corners[style.shape]], closed=True, **look))
    lower = 0.25 * half if style.shape == "triangle" else 0.0
    number = TextStyle(12.0, bold=True, colour=style.text_colour)
    put(axes, x_mm, y_mm + lower - 0.42 * number.size_pt * MM_A_POINT, str(int(level)), number, align="center")
