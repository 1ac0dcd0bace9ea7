"""The report as an A4 PDF to sign, true to scale.

The figure is as large as the page and its axes are in mm, so 25 mm on paper are 25 mm in the file. Nothing is
rasterised, and no sample is left out. Fonts are embedded as TrueType. The file names no author, no
path and no patient, and two reports with the same content and time are equal byte for byte.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cardiov_core.domain import Analysis, SignOff, texts
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.print import content
from cardiov_core.reporting.print import paper_page as page
from cardiov_core.reporting.print.footer import draw_page_footer, draw_trace_footer, provenance_lines
from cardiov_core.reporting.print.text import check_printable, width_mm
from cardiov_core.reporting.print.trace import GridArea, TraceSheet, TraceWindow, draw_trace, trace_window
from cardiov_core.reporting.trace.paper_options import PaperOptions
from cardiov_core.reporting.words.critical import critical_words
from cardiov_core.reporting.words.record import report_time
from cardiov_core.version import installed_version
from cardiov_core.weights import ModelCard

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAND_TOP_MM = 24.0
_SHARED_GRID = GridArea(bottom_mm=21.0, height_mm=110.0)
"""Beside a summary: from 79 to 189 mm below the upper edge."""
_BAND_BOTTOM_MM = 77.5
_TEXT_BOTTOM_MM = 192.0
_COLUMNS_MM = (72.0, 62.0, 62.0, 62.0)
_COLUMN_GAP_MM = 4.0
_DETAIL_COLUMNS = 3
_SECTION_GAP_MM = 3.0


@dataclass(frozen=True, eq=False)
class _Report:
    """All that the pages need."""

    analysis: Analysis
    card: ModelCard
    window: TraceWindow
    patient_name: str
    sign_off: SignOff | None
    created_at: datetime
    band: list[tuple[page.Row, ...]] = field(default_factory=list)

    @property
    def signed_window(self) -> TraceWindow:
        """The window whose footer says whether somebody signed."""
        return replace(self.window, options=replace(self.window.options, confirmed=self.sign_off is not None))


def write_pdf(
    analysis: Analysis,
    card: ModelCard,
    target: Path | str | BinaryIO,
    *,
    options: PaperOptions | None = None,
    patient_name: str | None = None,
    sign_off: SignOff | None = None,
    created_at: datetime | None = None,
) -> None:
    """Write the report of one record (docs/clinical.md, 22).

    Parameters
    ----------
    analysis : Analysis
        What CardioV says of the record.
    card : ModelCard
        The grader that was asked.
    target : path or binary file
        Where the PDF goes.
    options : PaperOptions, optional
        How the trace is drawn; layouts, speeds and gains that do not fit beside the summary get their own pages. By
        default the usual paper from the start of the window that was graded.
    patient_name : str, optional
        Printed only when given: no name is ever taken from a file.
    sign_off : SignOff, optional
        Who confirmed the report; without it every page says 'unconfirmed'.
    created_at : datetime.datetime, optional
        With its zone; now by default.

    Raises
    ------
    ConfigurationError
        If the window starts beyond the record's end, the time has no zone, or the name cannot be printed.
    OSError
        If the file cannot be written.
    """
    moment = report_time(created_at)
    name = checked_name(patient_name)
    window = trace_window(analysis.record, options or PaperOptions(start_s=_graded_from(analysis)))
    report = _Report(analysis, card, window, name, sign_off, moment)
    information = {
        "Title": "ECG report",
        "Creator": f"CardioV {installed_version()}",
        "CreationDate": moment,
    }
    with page.print_settings():
        from matplotlib.backends.backend_pdf import PdfPages

        with PdfPages(target, metadata=information) as pages:
            for figure in _pages(report):
                pages.savefig(figure)


def _graded_from(analysis: Analysis) -> float:
    return analysis.prediction.window.start_s if analysis.prediction is not None else 0.0


def checked_name(patient_name: str | None) -> str:
    """Return a patient's name as it will be printed.

    Parameters
    ----------
    patient_name : str or None
        As typed.

    Returns
    -------
    str
        With single blanks; empty where none was given.

    Raises
    ------
    ConfigurationError
        If the font has no sign for a character, or the name is longer than its line.
    """
    name = check_printable(patient_name or "", "the patient's name")
    if width_mm(name, page.HEADING) > page.NAME_ROOM_MM:
        raise ConfigurationError(
            f"The patient's name has {len(name)} characters, more than the report's line holds.", "Shorten it."
        )
    return name


def _pages(report: _Report) -> Iterator["Figure"]:
    """Draw the pages one after another: summary, traces that have no room beside it, details that have none either."""
    boxes = _boxes(report.analysis)
    band_top = _BAND_TOP_MM + sum(page.box_height(text) + 1.2 for text in boxes)
    # Three boxes leave less room above the grid than the level takes: the trace then gets a page of its own.
    roomy = _BAND_BOTTOM_MM - band_top >= page.level_height(report.analysis, report.card, _COLUMNS_MM[0])
    shared = roomy and report.window.fits_beside_summary(_SHARED_GRID.height_mm)
    sheets = report.window.sheets((_SHARED_GRID if shared else page.WHOLE_GRID).height_mm)
    first_detail = 2 if shared else 2 + len(sheets)
    height = (_BAND_BOTTOM_MM if shared else _TEXT_BOTTOM_MM) - band_top
    band, left_over = _band(report.analysis, height, f"\u2026 continued on page {first_detail}")
    details = _detail_columns(left_over)
    n_pages = first_detail - 1 + len(details)

    figure, axes = _framed(report, 1, n_pages)
    _draw_summary(axes, report, boxes, band)
    if shared:
        _draw_sheet(axes, report.signed_window, sheets[0], _SHARED_GRID)
    yield figure
    for index, sheet in enumerate(() if shared else sheets):
        figure, axes = _framed(report, 2 + index, n_pages)
        _draw_sheet(axes, report.signed_window, sheet, page.WHOLE_GRID)
        yield figure
    for index, columns in enumerate(details):
        figure, axes = _framed(report, first_detail + index, n_pages)
        for column, rows in enumerate(columns):
            page.draw_rows(axes, page.LEFT_MM + column * (page.WIDTH_MM / _DETAIL_COLUMNS), _BAND_TOP_MM, rows)
        yield figure


def _framed(report: _Report, number: int, n_pages: int) -> tuple["Figure", "Axes"]:
    """Start a page with what stands on all of them."""
    figure, axes = page.blank_page()
    record = report.analysis.record
    page.draw_banner(axes)
    title, status = f"ECG report {record.record_id}", content.status_words(report.sign_off)
    page.draw_title(axes, title, content.record_words(record), report.patient_name, status)
    draw_page_footer(
        axes,
        provenance_lines(report.analysis, report.card, report.created_at),
        f"Page {number} of {n_pages}",
        to_sign=report.sign_off is None and number == 1,
    )
    return figure, axes


def _boxes(analysis: Analysis) -> list[str]:
    """Return what cannot wait, and what the level must not be read without."""
    critical = critical_words(analysis)
    boxes = [f"Critical: {'; '.join(critical)}."] if critical else []
    boxes += texts(content.caveats(analysis))
    return [*boxes, content.ANALYSED_ANYWAY] if content.analysed_anyway(analysis) else boxes


def _band(analysis: Analysis, height_mm: float, note: str) -> tuple[list[tuple[page.Row, ...]], list[content.Section]]:
    """Return the columns of the summary, and the sections that did not fit and are repeated whole."""
    sections = [
        content.measurements_section(analysis),
        content.findings_section(analysis),
        content.quality_section(analysis),
    ]
    if analysis.prediction is None:
        sections.insert(0, content.withheld_section(analysis))
    columns: list[tuple[page.Row, ...]] = [] if analysis.prediction is None else [()]
    left_over: list[content.Section] = []
    for section, room in zip(sections, _COLUMNS_MM[len(columns) :], strict=True):
        rows, whole = page.shortened(page.rows_of(section, room), height_mm, note)
        if not whole:
            left_over.append(section)
            if section.brief:
                brief = page.rows_of(
                    content.Section(section.title, (*section.brief, content.Entry(note, bold=True))), room
                )
                rows, _ = page.shortened(brief, height_mm, note)
        columns.append(rows)
    machine = content.machine_section(analysis.record)
    if machine is not None and not _added(machine, columns, height_mm):
        left_over.append(machine)
    return columns, left_over


def _added(section: content.Section, columns: list[tuple[page.Row, ...]], height_mm: float) -> bool:
    """Put a section under the findings or the signal quality, where one of them leaves room for all of it."""
    for index in (2, 3):
        heading, *rest = page.rows_of(section, _COLUMNS_MM[index])
        rows = (*columns[index], page.Row(heading.pieces, heading.style, _SECTION_GAP_MM), *rest)
        if sum(row.height_mm for row in rows) <= height_mm:
            columns[index] = rows
            return True
    return False


def _draw_summary(axes: "Axes", report: _Report, boxes: Sequence[str], band: Sequence[tuple[page.Row, ...]]) -> None:
    top = _BAND_TOP_MM
    for text in boxes:
        top = page.draw_box(axes, top, text) + 1.2
    x = page.LEFT_MM
    for index, (rows, room) in enumerate(zip(band, _COLUMNS_MM, strict=True)):
        prediction = report.analysis.prediction
        if index == 0 and prediction is not None:
            page.draw_level(axes, x, top, room, report.analysis, prediction, report.card)
        else:
            page.draw_rows(axes, x, top, rows)
        x += room + _COLUMN_GAP_MM


def _detail_columns(sections: Sequence[content.Section]) -> list[list[list[page.Row]]]:
    """Let sections flow through columns and pages; a heading never stands alone at a column's foot."""
    room = page.WIDTH_MM / _DETAIL_COLUMNS - _COLUMN_GAP_MM
    height = _TEXT_BOTTOM_MM - _BAND_TOP_MM
    columns: list[list[page.Row]] = [[]]
    used = 0.0
    for section in sections:
        rows = page.rows_of(section, room)
        if used and used + sum(row.height_mm for row in rows[:4]) + 3 > height:
            columns.append([])
            used = 0.0
        for index, row in enumerate(rows):
            placed = row if index or not used else page.Row(row.pieces, row.style, _SECTION_GAP_MM)
            if used + placed.height_mm > height:
                columns.append([])
                used = 0.0
            columns[-1].append(placed)
            used += placed.height_mm
    if not sections:
        return []
    return [columns[start : start + _DETAIL_COLUMNS] for start in range(0, len(columns), _DETAIL_COLUMNS)]


def _draw_sheet(axes: "Axes", window: TraceWindow, sheet: TraceSheet, area: GridArea) -> None:
    draw_trace_footer(axes, window, sheet, area, draw_trace(axes, window, sheet, area))
