"""Performance: how well the shipped model grades, against the cardiologists' labels and beside the paper."""

from cardiov_core.ui import components, performance

with components.page():
    performance.show()
