"""The ECG on its paper as a component of the page: it is drawn, zoomed and measured in the browser."""

from pathlib import Path
from typing import Literal, get_args

import streamlit as st

from cardiov_core.reporting import GAINS_MM_MV, LAYOUTS, SPEEDS_MM_S, EcgDrawing
from cardiov_core.ui.trace.choices import kept_in_browser, option_word

Drag = Literal["zoom", "calipers"]
DRAGS: tuple[Drag, ...] = get_args(Drag)
"""What dragging on the paper does."""
OPACITIES = (0.2, 0.4, 0.6, 0.8)
"""Of the band of attention."""

# As the controls name them; a drawing is in the browser for all of them at once.
_OPTIONS = {
    "layout": LAYOUTS,
    "speed": tuple(map(option_word, SPEEDS_MM_S)),
    "gain": tuple(map(option_word, GAINS_MM_MV)),
    "opacity": OPACITIES,
    "drag": DRAGS,
}

_paper = st.components.v2.component(
    "cardiov_paper", js=Path(__file__).with_name("paper.js").read_text(encoding="utf-8"), isolate_styles=False
)


def draw_paper(drawing: EcgDrawing, *, key: str, alternative: str, drag: Drag = "zoom") -> None:
    """Put an ECG on the page.

    Speed, gain, layout, opacity and what dragging does follow their controls in the browser, before the server answers.
    """
    shown = {"drag": drag, "options": _OPTIONS, "kept": kept_in_browser(), "alternative": alternative}
    _paper(key=key, data={**drawing, **shown})
