"""What the signal itself says: heart beats and the quality of leads."""

from cardiov_core.signals.beat.beats import detect_r_peaks, find_pacing_spikes, has_heart_beats
from cardiov_core.signals.examination import Examination, examined
from cardiov_core.signals.findings import find_findings, read_rhythm
from cardiov_core.signals.measurements import measure
from cardiov_core.signals.quality import assess_quality, distortions

__all__ = [
    "Examination",
    "assess_quality",
    "detect_r_peaks",
    "distortions",
    "examined",
    "find_findings",
    "find_pacing_spikes",
    "has_heart_beats",
    "measure",
    "read_rhythm",
]
