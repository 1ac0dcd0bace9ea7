"""The values that flow through CardioV: frozen dataclasses without I/O.

file -> EcgRecord -> Quality, Measurements, findings -> prepared input -> network -> Prediction -> page.
"""

from cardiov_core.domain.findings import Finding, FindingState
from cardiov_core.domain.measurements import BeatBoundaries, Measurements, MedianBeat, WaveBoundaries
from cardiov_core.domain.prediction import Analysis, Explanation, Prediction, Severity
from cardiov_core.domain.prepared import InputContract, PreparedInput, Window
from cardiov_core.domain.quality import LeadQuality, Quality, QualityVerdict
from cardiov_core.domain.record import (
    CHEST_LEADS,
    LIMB_LEADS,
    STANDARD_LEADS,
    EcgRecord,
    FloatArray,
    MachineReading,
    Provenance,
    Sex,
)

__all__ = [
    "CHEST_LEADS",
    "LIMB_LEADS",
    "STANDARD_LEADS",
    "Analysis",
    "BeatBoundaries",
    "EcgRecord",
    "Explanation",
    "Finding",
    "FindingState",
    "FloatArray",
    "InputContract",
    "LeadQuality",
    "MachineReading",
    "Measurements",
    "MedianBeat",
    "Prediction",
    "PreparedInput",
    "Provenance",
    "Quality",
    "QualityVerdict",
    "Severity",
    "Sex",
    "WaveBoundaries",
    "Window",
]
