"""From a record to its critical value and the reasons for it."""

from cardiov_core.inference.analysis import analyze
from cardiov_core.inference.predictor import Predictor, load_predictor
from cardiov_core.inference.serialise import analysis_to_dict

__all__ = ["Predictor", "analysis_to_dict", "analyze", "load_predictor"]
