"""Figures and words for readers: ECG paper, attention, risk levels."""

from cardiov_core.reporting.attention import CAPTION, attention_stack_figure
from cardiov_core.reporting.calipers import CaliperReading, caliper_reading
from cardiov_core.reporting.display_filter import DisplayedSignal, filter_for_display
from cardiov_core.reporting.ecg_paper import ecg_figure
from cardiov_core.reporting.options import PaperOptions
from cardiov_core.reporting.risk import LEVEL_STYLES, LevelStyle, percent

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
