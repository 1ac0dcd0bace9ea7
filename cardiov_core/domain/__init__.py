"""The values that flow through CardioV: frozen dataclasses without I/O.

file -> EcgRecord -> Quality, Measurements, findings -> prepared input -> network -> Prediction -> page.
"""

from cardiov_core.domain.arrays import FloatArray
from cardiov_core.domain.critical import CriticalResult, CriticalRule, Limit, RuleSet
from cardiov_core.domain.findings import Finding, FindingGroup, FindingState, OperatingFigures, RhythmLine
from cardiov_core.domain.fingerprint import INDEPENDENT_LEADS
from cardiov_core.domain.measurements import BeatBoundaries, Measurements, MedianBeat, WaveBoundaries
from cardiov_core.domain.prediction import (
    Analysis,
    Contribution,
    Contributions,
    Explanation,
    LikelyStatement,
    Panel,
    Prediction,
    Severity,
    Tally,
)
from cardiov_core.domain.prepared import InputContract, PreparedInput, Window
from cardiov_core.domain.quality import LeadQuality, Quality, QualityVerdict
from cardiov_core.domain.reasons import Reason, ReasonCode
from cardiov_core.domain.record import (
    CHEST_LEADS,
    LIMB_LEADS,
    STANDARD_LEADS,
    EcgRecord,
    MachineReading,
    Provenance,
    Sex,
)
from cardiov_core.domain.review.alerts import (
    Alert,
    AlertReason,
    AlertSettings,
    AlertStatistics,
    AlertStatus,
    AlertWay,
)
from cardiov_core.domain.review.cases import (
    Adjudication,
    BlindCase,
    Case,
    CaseReference,
    Draft,
    Event,
    Read,
    Reader,
    Reveal,
    ReviewStudy,
    SignOff,
)
from cardiov_core.domain.review.terms import CaseSource, CaseStatus, EventKind, ReadKind, Role, Verdict
from cardiov_core.domain.scope import Scope

__all__ = [
    "CHEST_LEADS",
    "INDEPENDENT_LEADS",
    "LIMB_LEADS",
    "STANDARD_LEADS",
    "Adjudication",
    "Alert",
    "AlertReason",
    "AlertSettings",
    "AlertStatistics",
    "AlertStatus",
    "AlertWay",
    "Analysis",
    "BeatBoundaries",
    "BlindCase",
    "Case",
    "CaseReference",
    "CaseSource",
    "CaseStatus",
    "Contribution",
    "Contributions",
    "CriticalResult",
    "CriticalRule",
    "Draft",
    "EcgRecord",
    "Event",
    "EventKind",
    "Explanation",
    "Finding",
    "FindingGroup",
    "FindingState",
    "FloatArray",
    "InputContract",
    "LeadQuality",
    "LikelyStatement",
    "Limit",
    "MachineReading",
    "Measurements",
    "MedianBeat",
    "OperatingFigures",
    "Panel",
    "Prediction",
    "PreparedInput",
    "Provenance",
    "Quality",
    "QualityVerdict",
    "Read",
    "ReadKind",
    "Reader",
    "Reason",
    "ReasonCode",
    "Reveal",
    "ReviewStudy",
    "RhythmLine",
    "Role",
    "RuleSet",
    "Scope",
    "Severity",
    "Sex",
    "SignOff",
    "Tally",
    "Verdict",
    "WaveBoundaries",
    "Window",
]
