"""The feet of a printed page: the scale under the trace; at the bottom what made the report, and a line to sign on."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cardiov_core.domain import Analysis
from cardiov_core.reporting.print.content import time_words
from cardiov_core.reporting.print.paper_page import BODY, BOLD, LEFT_MM, SMALL, WIDTH_MM, put
from cardiov_core.reporting.print.text import elided, width_mm
from cardiov_core.reporting.print.trace import PAGE_HEIGHT_MM, GridArea, TraceSheet, TraceWindow
from cardiov_core.reporting.trace.ecg_paper import footer_text
from cardiov_core.reporting.words.levels import THIN_SPACE
from cardiov_core.version import installed_version
from cardiov_core.weights import ModelCard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TOP_MM = 198.0
"""Checksums and the signature's line stand below."""
_SIGN_HERE = "Read by ______________________________   Date and time ____________________   Level ______"


def provenance_lines(analysis: Analysis, card: ModelCard, created_at: datetime) -> tuple[str, str]:
    """Return the two lines that say which weights, which file, which software and when."""
    prediction, record = analysis.prediction, analysis.record
    name = card.name if prediction is None else prediction.model_name
    checksum = card.sha256 if prediction is None else prediction.model_sha256
    model = f"{name} {card.version}" if name == card.name else name
    window = (
        "not graded"
        if prediction is None
        else f"graded {prediction.window.start_s:.2f} to {prediction.window.end_s:.2f}{THIN_SPACE}s"
    )
    file_line = f"File SHA-256 {record.provenance.sha256 or 'none: no file'} · {window}"
    if record.provenance.gain_factor != 1.0:
        file_line += f" · gain factor {record.provenance.gain_factor:g}, confirmed by a reader"
    made = f"CardioV {installed_version()} · report made {time_words(created_at)}"
    return f"Grader {model} · weights SHA-256 {checksum} · {made}", file_line


def draw_page_footer(axes: "Axes", provenance: Sequence[str], page_words: str, *, to_sign: bool) -> None:
    """Write the foot of a page of the report, with a line to sign on where nobody has signed yet."""
    for index, line in enumerate(provenance):
        put(axes, LEFT_MM, _TOP_MM + index * SMALL.line_mm, elided(line, SMALL, WIDTH_MM), SMALL)
    put(axes, LEFT_MM + WIDTH_MM, _TOP_MM + 5.4, page_words, SMALL, align="right")
    if to_sign:
        put(axes, LEFT_MM, _TOP_MM + 5.4, _SIGN_HERE, BODY)


def draw_trace_footer(axes: "Axes", window: TraceWindow, sheet: TraceSheet, area: GridArea, cut: Sequence[str]) -> None:
    """Write under a sheet its scale, filter and time, and what to know about it; `cut` names leads beyond the grid."""
    footer = footer_text(window.record, window.displayed, window.options)
    start, end = (window.options.start_s + time for time in (sheet.start_s, sheet.end_s))
    footer += f" · {start:g} to {end:g} s of the record"
    notes = list(window.displayed.notes)
    if cut:
        notes.append(f"Cut off at the edge of the grid: {', '.join(cut)}. A lower gain shows all of it.")
    top = PAGE_HEIGHT_MM - area.bottom_mm + 1.2
    put(axes, LEFT_MM, top, footer, BODY)
    note = elided(" ".join(notes), BOLD, WIDTH_MM - 6 - width_mm(footer, BODY))
    put(axes, LEFT_MM + WIDTH_MM, top, note, BOLD, align="right")
