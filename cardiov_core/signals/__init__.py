"""What the signal itself says: heart beats and the quality of leads."""

from cardiov_core.signals.beats import detect_r_peaks, has_heart_beats
from cardiov_core.signals.quality import assess_quality

__all__ = ["assess_quality", "detect_r_peaks", "has_heart_beats"]
