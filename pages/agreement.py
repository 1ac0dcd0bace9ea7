"""Agreement: who sided with whom, and how well readers, label and model agree."""

from cardiov_core.ui import agreement, components

with components.page():
    agreement.show()
