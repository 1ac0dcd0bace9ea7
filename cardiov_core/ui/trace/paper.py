"""The ECG on its paper as a component of the page: it is drawn, zoomed and measured in the browser."""

from pathlib import Path

import streamlit as st

from cardiov_core.reporting import EcgDrawing
from cardiov_core.ui.trace.choices import told_to_browser

# One script: a component of this kind cannot import another.
_SCRIPTS = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("paper.js", "controls.js")]
_paper = st.components.v2.component("cardiov_paper", js="\n".join(_SCRIPTS), isolate_styles=False)


def draw_paper(drawing: EcgDrawing, *, key: str, alternative: str, takes_keys: bool = False) -> None:
    """Put an ECG on the page.

    It follows its controls in the browser, before the server answers. `takes_keys`: the one paper of a page that tells
    the server which keys were pressed.
    """
    data = {**drawing, **told_to_browser(), "keys": takes_keys, "alternative": alternative}
    _paper(key=key, data=data, on_chosen_change=_nothing)


def _nothing() -> None:
    """Make the paper's state known; `choices.take_pressed` looks at it when the controls are drawn."""
