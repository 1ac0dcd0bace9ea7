"""Agreement: who agreed with whom, and how well readers, label and grader agree."""

from cardiov_core.ui.evaluation import agreement
from cardiov_core.ui.frame.page import page

with page():
    agreement.show()
