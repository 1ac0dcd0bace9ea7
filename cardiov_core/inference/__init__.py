"""From a record to its critical value and the reasons for it."""

from cardiov_core.inference.analysis import analyze, with_grader
from cardiov_core.inference.combined import CombinedGrader
from cardiov_core.inference.measurement_grader import MeasurementGrader
from cardiov_core.inference.network import NetworkPredictor
from cardiov_core.inference.panel import grade_all, other_graders, panel_words
from cardiov_core.inference.predictor import Predictor, load_predictor
from cardiov_core.inference.serialise import analysis_to_dict

__all__ = [
    "CombinedGrader",
    "MeasurementGrader",
    "NetworkPredictor",
    "Predictor",
    "analysis_to_dict",
    "analyze",
    "grade_all",
    "load_predictor",
    "other_graders",
    "panel_words",
    "with_grader",
]
