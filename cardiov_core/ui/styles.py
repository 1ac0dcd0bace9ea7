"""Style of the pages: small, and the same in light and dark.

Tints are mixed from the current text colour, so that one sheet serves both themes.
"""

import streamlit as st

from cardiov_core.domain import Severity

LEVEL_COLOURS: dict[Severity, tuple[str, str]] = {
    Severity.NO_RISK: ("#0072B2", "#FFFFFF"),
    Severity.LOW_RISK: ("#F0E442", "#1A1F24"),
    Severity.MEDIUM_RISK: ("#E69F00", "#1A1F24"),
    Severity.HIGH_RISK: ("#D55E00", "#1A1F24"),
}
"""Fill and text of a level: Okabe and Ito's palette, told apart by readers with any colour vision."""

_CSS = """
<style>
.stMainBlockContainer {padding: 3.9rem 1.5rem 2rem; max-width: 1680px;}
.stMainBlockContainer .stVerticalBlock {gap: 0.55rem;}
.cv-quiet {opacity: 0.75;}
.cv-banner {display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.1rem 1.5rem; font-size: 0.8rem;
  padding: 0.2rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);}
.cv-strip {display: grid; grid-template-columns: minmax(15rem, 1.1fr) minmax(15rem, 1.1fr) auto minmax(14rem, 1.3fr);
  gap: 0.6rem 2rem; align-items: start; font-size: 0.87rem; line-height: 1.35;}
.cv-level {display: flex; gap: 0.8rem; align-items: center;}
.cv-level svg {width: 58px; height: 58px; flex: none;}
.cv-word {font-size: 1.45rem; font-weight: 650; line-height: 1.15;}
.cv-bars {display: grid; grid-template-columns: auto 1fr 3.2rem; gap: 0.3rem 0.6rem; align-items: center;}
.cv-track {height: 0.7rem; background: color-mix(in srgb, currentColor 12%, transparent); border-radius: 2px;}
.cv-fill {height: 100%; border-radius: 2px; background: #0072B2;}
.cv-num {text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap;}
.cv-probs {display: grid; grid-template-columns: auto auto auto; gap: 0.12rem 0.6rem; align-items: center;}
.cv-probs svg {width: 15px; height: 15px; display: block;}
.cv-head {grid-column: 1 / -1; font-size: 0.76rem; opacity: 0.75;}
.cv-chip {display: inline-block; padding: 0.05rem 0.5rem; border-radius: 999px; border: 1px solid currentColor;
  font-size: 0.8rem; white-space: nowrap;}
.cv-chip.limited {border-style: dashed; border-width: 1.5px;}
.cv-chip.bad {border-width: 2px; font-weight: 650;}
.cv-notes {margin: 0.25rem 0 0; padding-left: 1.05rem; font-size: 0.8rem;}
.cv-notes li {margin: 0;}
.cv-box {border: 2px solid #D55E00; border-left-width: 8px; border-radius: 4px; padding: 0.4rem 0.8rem;
  font-size: 0.92rem;}
.cv-box.calm {border-color: #E69F00;}
.cv-box b {font-weight: 650;}
.cv-facts {display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1.4rem; font-size: 0.88rem;}
.cv-facts dt {opacity: 0.75;} .cv-facts dd {margin: 0; overflow-wrap: anywhere;}
.st-key-tools label p {font-size: 0.74rem !important;}
.st-key-tools label {min-height: 0; margin-bottom: 0;}
.st-key-tools [data-baseweb="select"] > div {min-height: 1.9rem; height: 1.9rem; font-size: 0.82rem;}
.st-key-samples button {text-align: left; justify-content: flex-start; min-height: 4.1rem;}
.st-key-samples button p {text-align: left; white-space: pre-line;}
@media (max-width: 1100px) {.cv-strip {grid-template-columns: 1fr 1fr;}}
@media (max-width: 640px) {
  .stMainBlockContainer {padding-left: 0.8rem; padding-right: 0.8rem;}
  .cv-strip, .cv-facts {grid-template-columns: 1fr;}
  .cv-facts dd {margin-bottom: 0.4rem;}
}
@media print {.st-key-tools, .stFileUploader, .stButton, header {display: none !important;}}
</style>
"""


def apply_styles() -> None:
    """Put the style sheet on the page."""
    st.html(_CSS)


def level_shape(level: Severity) -> str:
    """Return a level's shape with its number as an SVG image: circle, triangle, square, diamond.

    Number, shape and colour say the same, so that none of them is needed alone (CLINICAL 16).

    Parameters
    ----------
    level : Severity
        The level.

    Returns
    -------
    str
        An ``<svg>`` element, hidden from screen readers: the word stands beside it.
    """
    fill, text = LEVEL_COLOURS[level]
    outline = f'fill="{fill}" stroke="currentColor" stroke-opacity="0.55" stroke-width="2"'
    outlines = {
        Severity.NO_RISK: f'<circle cx="32" cy="32" r="29" {outline}/>',
        Severity.LOW_RISK: f'<polygon points="32,3 62,60 2,60" {outline}/>',
        Severity.MEDIUM_RISK: f'<rect x="5" y="5" width="54" height="54" {outline}/>',
        Severity.HIGH_RISK: f'<polygon points="32,1 63,32 32,63 1,32" {outline}/>',
    }
    baseline = 52 if level is Severity.LOW_RISK else 43
    number = (
        f'<text x="32" y="{baseline}" text-anchor="middle" font-size="31" font-weight="700" '
        f'fill="{text}">{int(level)}</text>'
    )
    return f'<svg viewBox="0 0 64 64" aria-hidden="true">{outlines[level]}{number}</svg>'
