"""Building blocks of every page as HTML: level badge, bars, lists, tables."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from cardiov_core.domain import Prediction, Quality, QualityVerdict, Severity
from cardiov_core.reporting import EXCEEDANCE_NAMES, THIN_SPACE, whole_percent, wording
from cardiov_core.reporting import html_table as table_of
from cardiov_core.ui.frame.styles import level_shape

if TYPE_CHECKING:
    # The first screen is drawn before this room is loaded.
    from cardiov_core.review import NotWaiting, Progress


_CHIP_CLASSES = {
    QualityVerdict.ACCEPTABLE: "",
    QualityVerdict.LIMITED: "limited",
    QualityVerdict.NOT_ANALYSABLE: "bad",
}


def badge(level: Severity) -> str:
    """Return the level as HTML: shape, colour, number and word, with the sentence that goes with it."""
    spoken = f"Level {int(level)} on a scale of 0 to 3: {level.title}"
    return (
        f'<div class="cv-level" role="img" aria-label="{spoken}. {wording(level)}">{level_shape(level)}'
        f'<div><div class="cv-word">{level.title}</div><div>Level {int(level)} of 0{THIN_SPACE}-{THIN_SPACE}3. '
        f"{wording(level)}</div></div></div>"
    )


def exceedance_bars(prediction: Prediction) -> str:
    """Return the three bars as HTML; they never rise, because the prediction's exceedances are repaired."""
    rows = "".join(
        f"<div>{name.capitalize()}</div>"
        f'<div class="cv-track" role="img" aria-label="{name}: {escape(whole_percent(value))}">'
        f'<div class="cv-fill" style="width:{100 * value:.1f}%"></div></div>'
        f'<div class="cv-num">{escape(whole_percent(value))}</div>'
        for name, value in zip(EXCEEDANCE_NAMES, prediction.exceedance, strict=True)
    )
    return f'<div class="cv-bars"><div class="cv-head">Probability that the level is</div>{rows}</div>'


def level_probabilities(prediction: Prediction) -> str:
    """Return the four probabilities of the levels as HTML."""
    rows = "".join(
        f"<div>{level_shape(level)}</div><div>{level.title}</div>"
        f'<div class="cv-num">{escape(whole_percent(value))}</div>'
        for level, value in zip(Severity, prediction.probabilities, strict=True)
    )
    return f'<div class="cv-probs"><div class="cv-head">Probability of each level</div>{rows}</div>'


def quality_chip(quality: Quality) -> str:
    """Return the verdict of the quality gate as HTML."""
    return f'<span class="cv-chip {_CHIP_CLASSES[quality.verdict]}">Signal quality: {quality.verdict.value}</span>'


def bullet_list(sentences: Iterable[str]) -> str:
    """Return sentences as an HTML list, or nothing where there are none."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="cv-notes">{items}</ul>' if items else ""


def more(summary: str, sentences: Sequence[str]) -> str:
    """Return a line that opens to what is behind it, as HTML; the line alone where nothing is."""
    if not sentences:
        return f'<div class="cv-more">{escape(summary)}</div>'
    return f'<details class="cv-more"><summary>{escape(summary)}</summary>{bullet_list(sentences)}</details>'


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", columns: str = "") -> str:
    """Return a table as HTML; unlike a grid widget it prints, wraps and is read aloud row by row."""
    # Two columns fit a phone; more may be moved sideways there.
    kind = "cv-table cv-two" if len(heads) <= 2 else "cv-table"
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
