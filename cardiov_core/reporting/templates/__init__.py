"""Reports as one HTML file that needs nothing else: templates beside this module, in which all values are escaped."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.reporting.words.disclaimer import RESEARCH_USE

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: object) -> str:
    """Return a template of this folder with its values; the same bytes for the same values."""
    return _environment().get_template(template).render(research_use=RESEARCH_USE, **values)


def html_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str = "",
    classes: tuple[str, str] = ("scroll", ""),
    cells: Sequence[str] = (),
) -> str:
    """Return a table whose first column names the row.

    Parameters
    ----------
    heads : sequence of str
        Heads of the columns.
    rows : iterable of sequence of str
        Plain text.
    caption : str
        What the table shows.
    classes : tuple of str
        CSS classes of the box around the table and of the table.
    cells : sequence of str
        CSS class of each column's cells, the first one's head among them; empty where there is none.
    """
    kinds = [*cells, *[""] * (len(heads) - len(cells))]
    return render("table.html", heads=heads, rows=list(rows), caption=caption, classes=classes, cells=kinds)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
