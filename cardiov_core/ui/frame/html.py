"""Building blocks of every page as HTML: lists, tables, words that Markdown leaves alone."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The first screen is drawn before this room is loaded.
    from cardiov_core.review import NotWaiting, Progress


def bullet_list(sentences: Iterable[str]) -> str:
    """Return sentences as an HTML list, or nothing where there are none."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="cv-notes">{items}</ul>' if items else ""


def more(summary: str, sentences: Sequence[str]) -> str:
    """Return a line that opens to what is behind it, as HTML; the line alone where nothing is."""
    if not sentences:
        return f'<div class="cv-more">{escape(summary)}</div>'
    return f'<details class="cv-more"><summary>{escape(summary)}</summary>{bullet_list(sentences)}</details>'


def html_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", columns: str = "", narrow: bool = False
) -> str:
    """Return a table as HTML; unlike a grid widget it prints, wraps and is read aloud row by row.

    `narrow`: it fits a phone, where a table of more than two columns is moved sideways.
    """
    # The first screen is drawn before this room is loaded.
    from cardiov_core.reporting import html_table as table_of

    kind = "cv-table cv-narrow" if narrow or len(heads) <= 2 else "cv-table"
    cells = ["cv-n" if letter == "n" else "" for letter in columns.ljust(len(heads))]
    return table_of(heads, rows, caption=caption, classes=("cv-scroll", kind), cells=cells)


def plain(text: str) -> str:
    """Escape what Markdown would format: file names are full of it."""
    return "".join(f"\\{character}" if character in r"\`*_[]<>$~#|:" else character for character in text)


def place_words(so_far: "Progress") -> str:
    """Say where in the queue the case stands that is to be read."""
    number = so_far.read + so_far.skipped + 1
    left = max(so_far.waiting - 1, 0)
    return f"Case {number} of {number + left}, {left} left"


def queue_words(cases: "NotWaiting") -> str:
    """Say where the cases are that do not wait for a reader."""
    parts = [
        (cases.read, "read by you"),
        (cases.skipped, "skipped by you"),
        (cases.given_to_others, "given to other readers"),
        (cases.read_enough, "read as often as the study wants, or closed"),
    ]
    counts = [f"{number} {words}" for number, words in parts if number]
    return f"Of this study's cases: {', '.join(counts)}." if counts else "The study holds no case yet."
