"""Style of the pages: small, and the same in light and dark.

Tints are mixed from the current text colour, so that one sheet serves both themes.
"""

import base64
from pathlib import Path

import streamlit as st

from cardiov_core.domain import Severity

_OUTLINES = {
    "circle": '<circle cx="32" cy="32" r="29" {ink}/>',
    "triangle": '<polygon points="32,3 62,60 2,60" {ink}/>',
    "square": '<rect x="5" y="5" width="54" height="54" {ink}/>',
    "diamond": '<polygon points="32,2 62,32 32,62 2,32" {ink}/>',
}

# The keys of buttons that give a level, without the level's number.
_LEVEL_BUTTONS = ("level", "verdict", "change", "settle")
_SHEET = Path(__file__).with_name("page.css")


def apply_styles() -> None:
    """Put the style sheet on the page."""
    st.html(_SHEET)


def level_shape(level: Severity) -> str:
    """Return a level's shape with its number as an image: circle, triangle, square, diamond.

    Number, shape and colour say the same, so that none of them is needed alone (docs/clinical.md, 16).
    """
    # Streamlit strips <svg> from HTML, but not images.
    shape, address = _drawn(level)
    return f'<img class="cv-shape cv-{shape}" alt="" src="{address}">'


def level_button_style() -> str:
    """Return the style sheet that puts a level's shape and colour on each button that gives the level."""
    rules = "".join(
        f"{','.join(f'.st-key-{group}_{int(level)} button' for group in _LEVEL_BUTTONS)}"
        f" {{background-image: url({_drawn(level)[1]}); background-repeat: no-repeat; "
        "background-position: 0.5rem 50%; background-size: 1.35rem; padding-left: 2.2rem;}"
        for level in Severity
    )
    return f"<style>{rules}</style>"


def _drawn(level: Severity) -> tuple[str, str]:
    """Return the name of a level's shape and its drawing as an address."""
    from cardiov_core.reporting import LEVEL_STYLES

    style = LEVEL_STYLES[level]
    # The outline keeps yellow apart from a white ground.
    outline = _OUTLINES[style.shape].format(ink=f'fill="{style.colour}" stroke="#6B7280" stroke-width="2"')
    baseline = 52 if style.shape == "triangle" else 43
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{outline}<text x="32" y="{baseline}" '
        f'text-anchor="middle" font-family="sans-serif" font-size="31" font-weight="700" '
        f'fill="{style.text_colour}">{int(level)}</text></svg>'
    )
    return style.shape, f"data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}"
