"""From a record to its critical value and the reasons for it."""

from cardiov_core.inference.analysis import analyze
from cardiov_core.inference.base import attention_only
from cardiov_core.inference.measurement_grader import MeasurementGrader
from cardiov_core.inference.network import NetworkPredictor
from cardiov_core.inference.predictor import Predictor, load_predictor
from cardiov_core.inference.serialise import analysis_to_dict

__all__ = [
    "MeasurementGrader",
    "NetworkPredictor",
    "Predictor",
    "analysis_to_dict",
    "analyze",
    "attention_only",
    "load_predictor",
]
