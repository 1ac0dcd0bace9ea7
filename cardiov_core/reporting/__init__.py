"""Figures and words for readers: ECG paper, attention, risk levels."""

from cardiov_core.reporting.trace.attention import CAPTION, attention_stack_figure
from cardiov_core.reporting.trace.calipers import CaliperReading, caliper_reading
from cardiov_core.reporting.trace.display_filter import DisplayedSignal, filter_for_display
from cardiov_core.reporting.trace.ecg_paper import ecg_figure
from cardiov_core.reporting.trace.options import PaperOptions
from cardiov_core.reporting.words.levels import LEVEL_STYLES, LevelStyle, percent

__all__ = [
    "CAPTION",
    "LEVEL_STYLES",
    "CaliperReading",
    "DisplayedSignal",
    "LevelStyle",
    "PaperOptions",
    "attention_stack_figure",
    "caliper_reading",
    "ecg_figure",
    "filter_for_display",
    "percent",
]
