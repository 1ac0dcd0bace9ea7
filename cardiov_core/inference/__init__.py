"""From a record to its critical value and the reasons for it."""

from cardiov_core.inference.analysis import analyze, with_grader
from cardiov_core.inference.graders.blend import BlendGrader
from cardiov_core.inference.graders.load import Grader, load_predictor
from cardiov_core.inference.graders.measurements import MeasurementGrader
from cardiov_core.inference.graders.network import NetworkGrader
from cardiov_core.inference.panel import disagreement_of, grade_all, other_graders
from cardiov_core.inference.serialise import analysis_to_dict

__all__ = [
    "BlendGrader",
    "Grader",
    "MeasurementGrader",
    "NetworkGrader",
    "analysis_to_dict",
    "analyze",
    "disagreement_of",
    "grade_all",
    "load_predictor",
    "other_graders",
    "with_grader",
]
