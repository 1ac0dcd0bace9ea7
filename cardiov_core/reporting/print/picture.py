"""The trace alone on a page, as PDF, PNG or SVG: the same drawing as in the report, true to scale."""

from pathlib import Path
from typing import BinaryIO, Literal, get_args

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.print.content import UNCONFIRMED, record_words
from cardiov_core.reporting.print.footer import draw_trace_footer
from cardiov_core.reporting.print.paper_page import WHOLE_GRID, blank_page, draw_banner, draw_title, print_settings
from cardiov_core.reporting.print.trace import TraceSheet, TraceWindow, draw_trace, trace_window
from cardiov_core.reporting.trace.paper_options import PaperOptions

PictureFormat = Literal["pdf", "png", "svg"]
PICTURE_FORMATS: tuple[PictureFormat, ...] = get_args(PictureFormat)

_PNG_DPI = 200


def write_trace(
    record: EcgRecord,
    target: Path | str | BinaryIO,
    file_format: PictureFormat,
    *,
    options: PaperOptions | None = None,
) -> None:
    """Write the ECG alone on an A4 page: the same drawing as in the report.

    Parameters
    ----------
    record : EcgRecord
        As read.
    target : path or binary file
        Where the picture goes.
    file_format : {"pdf", "png", "svg"}
        PNG at 200 dots an inch, the others as vectors.
    options : PaperOptions, optional
        How it is drawn.

    Raises
    ------
    ConfigurationError
        If it needs more than one page, the window starts beyond the record's end, or the format is none of these.
    OSError
        If the file cannot be written.
    """
    if file_format not in PICTURE_FORMATS:
        raise ConfigurationError(
            f"{file_format!r} is no format of a picture.", f"Choose one of {', '.join(PICTURE_FORMATS)}."
        )
    window = trace_window(record, options or PaperOptions())
    sheet = only_sheet(window)
    dates: dict[PictureFormat, dict[str, str | None]] = {
        "pdf": {"CreationDate": None, "Creator": "CardioV", "Title": "ECG"},
        "png": {"Software": "CardioV"},
        "svg": {"Date": None, "Creator": "CardioV"},
    }
    with print_settings():
        figure, axes = blank_page()
        draw_banner(axes)
        draw_title(axes, f"ECG {record.record_id}", record_words(record), "", UNCONFIRMED)
        draw_trace_footer(axes, window, sheet, WHOLE_GRID, draw_trace(axes, window, sheet, WHOLE_GRID))
        figure.savefig(target, format=file_format, dpi=_PNG_DPI, metadata=dates[file_format])


def only_sheet(window: TraceWindow) -> TraceSheet:
    """Return the one sheet of a picture.

    Parameters
    ----------
    window : TraceWindow
        What is drawn.

    Raises
    ------
    ConfigurationError
        If it takes more than one page.
    """
    sheets = window.sheets(WHOLE_GRID.height_mm)
    if len(sheets) > 1:
        options = window.options
        raise ConfigurationError(
            f"{window.shown_s:g} s in layout {options.layout} at {options.speed_mm_s:g} mm/s and "
            f"{options.gain_mm_mv:g} mm/mV take {len(sheets)} pages, and a picture has one.",
            "Choose a lower speed or gain, or write the PDF report.",
        )
    return sheets[0]
