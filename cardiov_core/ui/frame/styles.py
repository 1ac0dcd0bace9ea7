"""Style of the pages: small, and the same in light and dark.

Tints are mixed from the current text colour, so that one sheet serves both themes.
"""

import base64

import streamlit as st

from cardiov_core.domain import Severity
from cardiov_core.reporting import LEVEL_STYLES

_OUTLINES = {
    "circle": '<circle cx="32" cy="32" r="29" {ink}/>',
    "triangle": '<polygon points="32,3 62,60 2,60" {ink}/>',
    "square": '<rect x="5" y="5" width="54" height="54" {ink}/>',
    "diamond": '<polygon points="32,2 62,32 32,62 2,32" {ink}/>',
}

_CSS = """
<style>
.stMainBlockContainer {padding: 2.25rem 1.5rem 2rem; max-width: 1680px;}
.stMainBlockContainer .stVerticalBlock {gap: 0.4rem;}
.stAppHeader {height: 2.25rem; min-height: 2.25rem;}
.cv-quiet {opacity: 0.75;}
.cv-banner {display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.1rem 1.5rem; font-size: 0.8rem;
  padding: 0.1rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);}
.cv-strip {display: grid; grid-template-columns: minmax(15rem, 1.1fr) minmax(15rem, 1.1fr) auto minmax(14rem, 1.3fr);
  gap: 0.15rem 2rem; align-items: start; font-size: 0.87rem; line-height: 1.35;}
.cv-level {display: flex; gap: 0.8rem; align-items: center;}
.cv-level .cv-shape {width: 58px; height: 58px; flex: none;}
.cv-word {font-size: 1.45rem; font-weight: 650; line-height: 1.15;}
.cv-bars {display: grid; grid-template-columns: auto 1fr 3.2rem; gap: 0.3rem 0.6rem; align-items: center;}
.cv-track {height: 0.7rem; background: color-mix(in srgb, currentColor 12%, transparent); border-radius: 2px;}
.cv-fill {height: 100%; border-radius: 2px; background: #0072B2;}
.cv-num {text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap;}
.cv-probs {display: grid; justify-content: start; grid-template-columns: auto auto auto;
  gap: 0.12rem 0.6rem; align-items: center;}
.cv-probs .cv-shape {width: 15px; height: 15px; display: block;}
.cv-head {grid-column: 1 / -1; font-size: 0.76rem; opacity: 0.75;}
.cv-chip {display: inline-block; padding: 0.05rem 0.5rem; border-radius: 999px; border: 1px solid currentColor;
  font-size: 0.8rem; white-space: nowrap;}
.cv-chip.limited {border-style: dashed; border-width: 1.5px;}
.cv-chip.bad {border-width: 2px; font-weight: 650;}
.cv-notes {margin: 0.25rem 0 0; padding-left: 1.05rem; font-size: 0.8rem;}
.cv-notes li {margin: 0;}
.cv-more {font-size: 0.8rem; line-height: 1.35;}
.cv-more summary {cursor: pointer;}
.cv-more summary::marker {color: #6B7280;}
.cv-wide {grid-column: 1 / -1;}
.cv-box {border: 2px solid #D55E00; border-left-width: 8px; border-radius: 4px; padding: 0.25rem 0.8rem;
  font-size: 0.9rem;}
.cv-box.calm {border-color: #E69F00;}
.cv-box b {font-weight: 650;}
.cv-scroll {overflow-x: auto; max-width: 1060px;}
.cv-table {border-collapse: collapse; font-size: 0.85rem; line-height: 1.3; width: 100%;}
.cv-table th, .cv-table td {text-align: left; font-weight: 400; vertical-align: top; padding: 0.18rem 1rem 0.18rem 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 14%, transparent);}
.cv-table thead th {font-size: 0.76rem; opacity: 0.75;}
.cv-table td {font-variant-numeric: tabular-nums;}
.cv-table .cv-n {text-align: right; white-space: nowrap;}
.cv-leads {display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 0.3rem; font-size: 0.74rem;
  line-height: 1.25;}
.cv-lead {border: 1px solid color-mix(in srgb, currentColor 22%, transparent); border-radius: 3px;
  padding: 0.1rem 0.35rem;}
.cv-lead.cv-bad {border: 2px solid currentColor;}
.cv-side {font-size: 0.85rem; line-height: 1.5;}
.cv-inline {display: inline-flex; gap: 0.4rem; align-items: center; margin-right: 0.6rem;}
.cv-inline .cv-shape {width: 18px; height: 18px;}
.cv-facts {display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1.4rem; font-size: 0.88rem;}
.cv-facts dt {opacity: 0.75;} .cv-facts dd {margin: 0; overflow-wrap: anywhere;}
.cv-counts {display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; align-items: center; font-size: 0.9rem;}
.cv-count {display: inline-flex; align-items: center; white-space: nowrap;}
.cv-count .cv-shape {width: 17px; height: 17px; margin-right: 0.35rem;}
.cv-files {grid-template-columns: minmax(8rem, max-content) 1fr; max-height: 20rem; overflow-y: auto;}
.cv-files dt {overflow-wrap: anywhere;}
.st-key-tools label p {font-size: 0.74rem !important;}
.st-key-tools label {min-height: 0; margin-bottom: 0;}
.st-key-tools .stSelectbox [role="group"] {height: 1.85rem; min-height: 1.85rem;}
.st-key-tools .stSelectbox input {font-size: 0.8rem; padding: 0 0 0 0.4rem; min-width: 0;}
.st-key-tools .stSelectbox button {width: 1.3rem; padding: 0;}
.st-key-decision {position: sticky; top: 3rem; gap: 0.35rem !important;}
.st-key-decision button {min-height: 2.05rem; padding-top: 0.15rem; padding-bottom: 0.15rem;}
.st-key-decision .stCaptionContainer, .st-key-decision .stCaptionContainer p {font-size: 0.8rem; margin-bottom: 0;}
.st-key-decision .stButtonGroup button {padding: 0.1rem 0.5rem; min-height: 1.65rem; font-size: 0.8rem;}
.st-key-confidences button {padding-left: 0.55rem; padding-right: 0.55rem;}
.st-key-case_steps button {padding-left: 0.5rem; padding-right: 0.5rem;}
.cv-place {font-size: 0.9rem; line-height: 1.35;}
.cv-reveal {display: grid; grid-template-columns: auto 1fr; gap: 0.25rem 0.7rem; align-items: center;
  font-size: 0.9rem; line-height: 1.3;}
.cv-who {opacity: 0.8;}
.cv-panels {display: flex; flex-wrap: wrap; gap: 0.4rem;}
.cv-panels img {flex: 1 1 215px; min-width: 0; max-width: 400px; height: auto;}
.cv-words {grid-column: 1 / -1; font-size: 0.82rem; overflow-wrap: anywhere;}
.cv-measured {margin-top: 0.15rem;}
.st-key-worklist_filters label p, .st-key-worklist_page label p {font-size: 0.74rem !important;}
.st-key-worklist_filters label, .st-key-worklist_page label {min-height: 0; margin-bottom: 0;}
.st-key-close_record button, .st-key-answers button, .st-key-grader_choice button, .st-key-disagreement button
  {min-height: 1.9rem; padding-top: 0; padding-bottom: 0;}
.st-key-samples button {justify-content: flex-start; min-height: 3.9rem;}
.st-key-samples button > div, .st-key-samples button span {justify-content: flex-start; width: 100%;}
.st-key-samples button p {line-height: 1.45;}
.st-key-samples button * {text-align: left;}
@media (max-width: 1100px) {.cv-strip {grid-template-columns: 1fr 1fr; row-gap: 0.6rem;}}
@media (max-width: 900px) {
  /* A paper that shrinks to the screen cannot be read: it keeps its size and is pushed sideways in its own frame. */
  .st-key-paper_trace, .st-key-paper_median, .st-key-half_ecg_earlier, .st-key-half_ecg_later {overflow-x: auto;}
  .st-key-half_ecg_earlier > div:has(.stPlotlyChart), .st-key-half_ecg_later > div:has(.stPlotlyChart)
    {width: 600px !important; min-width: 600px;}
  .st-key-paper_trace > div, .st-key-paper_median > div {width: 1180px !important; min-width: 1180px;}
  .st-key-case_trace .st-key-paper_trace > div {width: 945px !important; min-width: 945px;}
}
@media (max-width: 640px) {
  .st-key-decision {position: static;}
  /* Within the thumb's reach, whatever part of the trace is on the screen. */
  .st-key-levels {position: fixed; left: 0; right: 0; bottom: 0; z-index: 99; padding: 0.4rem 0.8rem; width: auto;
    flex-direction: row; flex-wrap: wrap; background: Canvas;
    border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent);}
  .st-key-levels > div {width: calc(50% - 0.25rem) !important; flex: none;}
  .stMainBlockContainer:has(.st-key-levels) {padding-bottom: 7rem;}
  .cv-table {min-width: 36rem;}
  .cv-table.cv-two {min-width: 0;}
  .cv-leads {grid-template-columns: repeat(3, minmax(0, 1fr));}
  .stMainBlockContainer {padding-left: 0.8rem; padding-right: 0.8rem;}
  .cv-strip, .cv-facts {grid-template-columns: 1fr;}
  .cv-facts dd {margin-bottom: 0.4rem;}
}
@page {size: A4 landscape; margin: 8mm;}
@media print {
  .st-key-tools, .st-key-calipers, .stFileUploader, .stButton, .stDownloadButton, .modebar-container, header
    {display: none !important;}
  html, body, .stApp, .stMain, .js-plotly-plot .svg-container > .main-svg:first-of-type
    {background: #FFFFFF !important;}
  .stApp, .stApp * {color: #000000 !important;}
  .stMainBlockContainer {padding: 0; max-width: none; zoom: 0.82;}
  .stPlotlyChart {break-inside: avoid;}
  .cv-table tr, .cv-leads, .cv-strip {break-inside: avoid;}
  .cv-fill, .cv-track {print-color-adjust: exact;}
  .js-plotly-plot .bg {fill: #FFFFFF !important;}
  .js-plotly-plot .js-line {stroke: #000000 !important;}
  .js-plotly-plot .gridlayer path {stroke: #E8A0A0 !important;}
  .js-plotly-plot .minor-gridlayer path {stroke: #F7D4D4 !important;}
  .js-plotly-plot text {fill: #000000 !important;}
}
</style>
"""


def apply_styles() -> None:
    """Put the style sheet on the page."""
    st.html(_CSS)


def level_shape(level: Severity) -> str:
    """Return a level's shape with its number as an image: circle, triangle, square, diamond.

    Number, shape and colour say the same, so that none of them is needed alone (docs/clinical.md, 16).
    """
    style = LEVEL_STYLES[level]
    # The outline keeps yellow apart from a white ground.
    outline = _OUTLINES[style.shape].format(ink=f'fill="{style.colour}" stroke="#6B7280" stroke-width="2"')
    baseline = 52 if style.shape == "triangle" else 43
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{outline}<text x="32" y="{baseline}" '
        f'text-anchor="middle" font-family="sans-serif" font-size="31" font-weight="700" '
        f'fill="{style.text_colour}">{int(level)}</text></svg>'
    )
    # Streamlit strips <svg> from HTML, but not images.
    encoded = base64.b64encode(drawing.encode()).decode()
    return f'<img class="cv-shape cv-{style.shape}" alt="" src="data:image/svg+xml;base64,{encoded}">'
