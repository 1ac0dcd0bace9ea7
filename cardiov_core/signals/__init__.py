"""What the signal itself says: heart beats and the quality of leads."""

from cardiov_core.signals.beat.beats import detect_r_peaks, find_pacing_spikes, has_heart_beats
from cardiov_core.signals.examination import Examination, examined
from cardiov_core.signals.measurements import measure
from cardiov_core.signals.quality import assess_quality, distortions
from cardiov_core.signals.rules import apply_rules

__all__ = [
    "Examination",
    "apply_rules",
    "assess_quality",
    "detect_r_peaks",
    "distortions",
    "examined",
    "find_pacing_spikes",
    "has_heart_beats",
    "measure",
]
