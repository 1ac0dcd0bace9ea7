"""CardioV: the critical value of a 12-lead ECG, with the reasons for it.

The public names; torch, pandas and wfdb are imported when a name that needs them is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from cardiov_core.domain import (
    Analysis,
    EcgRecord,
    Explanation,
    InputContract,
    Prediction,
    Quality,
    QualityVerdict,
    Severity,
)
from cardiov_core.errors import CardioVError, RecordError, WeightsError

if TYPE_CHECKING:
    from cardiov_core.inference import Grader, analysis_to_dict, analyze, load_predictor
    from cardiov_core.io import read_record
    from cardiov_core.signals import assess_quality

__all__ = [
    "Analysis",
    "CardioVError",
    "EcgRecord",
    "Explanation",
    "Grader",
    "InputContract",
    "Prediction",
    "Quality",
    "QualityVerdict",
    "RecordError",
    "Severity",
    "WeightsError",
    "analysis_to_dict",
    "analyze",
    "assess_quality",
    "load_predictor",
    "read_record",
]

_ROOMS = {
    "Grader": "inference",
    "analysis_to_dict": "inference",
    "analyze": "inference",
    "assess_quality": "signals",
    "load_predictor": "inference",
    "read_record": "io",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
