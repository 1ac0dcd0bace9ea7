"""Performance: how well the shipped graders grade, against the cardiologists' labels and beside the paper."""

from cardiov_core.ui.evaluation import performance
from cardiov_core.ui.frame.page import page

with page():
    performance.show()
