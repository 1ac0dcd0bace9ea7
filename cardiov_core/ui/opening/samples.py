"""What needs no file: the tour, a demo study, and synthetic samples as tiles with a drawn stretch of their ECG."""

import base64
from functools import partial

import numpy as np
import streamlit as st

from cardiov_core.datasets import CONDITIONS, generate
from cardiov_core.reporting import age_and_sex
from cardiov_core.ui.frame.page import dark_theme
from cardiov_core.ui.frame.session import Key, session
from cardiov_core.ui.opening.address import arrived, open_sample
from cardiov_core.ui.opening.demo import offer_demo
from cardiov_core.ui.opening.tour import offer_tour

_TILES_A_ROW = 4
_DRAWN_S, _RATE_HZ = 4.0, 100.0
_WIDTH_PX, _HEIGHT_PX, _PIXELS_A_MV = 240, 60, 22.0
_INK = {False: "#1A1F24", True: "#E8ECEF"}


def show_offers() -> None:
    """Offer the tour, a demo study and the samples."""
    # They may be pressed before the first run of the page ends.
    arrived()
    with st.container(key="offers", horizontal=True):
        offer_tour()
        offer_demo()
    with st.container(key="samples"):
        _show_samples()


def _show_samples() -> None:
    st.html('<p class="cv-quiet" style="margin:0">Or open a synthetic sample</p>')
    conditions = list(CONDITIONS.values())
    for start in range(0, len(conditions), _TILES_A_ROW):
        columns = st.columns(_TILES_A_ROW)
        for column, condition in zip(columns, conditions[start : start + _TILES_A_ROW], strict=False):
            column.button(
                f"**{condition.title}**  \nsynthetic, {age_and_sex(condition.age, condition.sex)}",
                key=f"{Key.SAMPLE}_{condition.key}",
                help=condition.description,
                width="stretch",
                on_click=partial(open_sample, session(), condition.key),
            )
    # After the tiles, which can be pressed before they are drawn.
    st.html(f"<style>{_pictures(dark=dark_theme())}</style>")


@st.cache_data(show_spinner=False, max_entries=2)
def _pictures(*, dark: bool) -> str:
    """Return the style sheet that puts a stretch of each sample behind its tile."""
    return "".join(
        f".st-key-{Key.SAMPLE}_{key} button {{background-image: url({_picture(key, dark=dark)});}}"
        for key in CONDITIONS
    )


def _picture(key: str, *, dark: bool) -> str:
    record = generate(key, sampling_rate_hz=_RATE_HZ, duration_s=_DRAWN_S + 2)
    values = record.lead(CONDITIONS[key].shown_lead)[: round(_DRAWN_S * _RATE_HZ)]
    x = np.linspace(0, _WIDTH_PX, values.size)
    y = 0.68 * _HEIGHT_PX - _PIXELS_A_MV * np.nan_to_num(values)
    # A wave that would leave the picture moves all of it, and is cut only where it is taller than the picture.
    y += max(0.0, 1 - y.min()) - max(0.0, y.max() - _HEIGHT_PX + 1)
    y = np.clip(y, 1, _HEIGHT_PX - 1)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX} {_HEIGHT_PX}">'
        f'<polyline points="{points}" fill="none" stroke="{_INK[dark]}" stroke-width="1.2"/></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}"
