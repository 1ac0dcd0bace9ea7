"""Which leads a network looked at, in words and as shares for drawing."""

import numpy as np

from cardiov_core.domain import Explanation
from cardiov_core.reporting.trace.attention import STANDS_OUT, standing_out

_MOST_LEADS = 4


def leads_standing_out(explanation: Explanation) -> dict[str, float]:
    """Return the leads that stand out against the median lead: importance as a share of the largest, which comes first.

    Empty where importance was withheld, and where no lead stands out.
    """
    if not explanation.leads:
        return {}
    names, values = list(explanation.leads), np.array(list(explanation.leads.values()), dtype=np.float32)
    # A lead that spoke against the target was looked at, too, but does not explain it.
    shown = standing_out(np.maximum(values, 0.0))
    largest = float(shown.max())
    if largest <= 0:
        return {}
    order = np.argsort(-shown, kind="stable")
    return {names[at]: float(shown[at]) / largest for at in order.tolist() if shown[at] > 0}


def leads_line(explanation: Explanation) -> str:
    """Say which leads were looked at most, that none stands out, or why that is withheld."""
    if explanation.leads is None:
        return explanation.leads_withheld
    leads = explanation.leads
    named = list(leads_standing_out(explanation))[:_MOST_LEADS]
    if not named:
        return f"No lead was looked at more than {STANDS_OUT:g} times as much as the median one (lead occlusion)."
    losses = ", ".join(f"{lead} {leads[lead]:.2f}" for lead in named)
    return (
        f"Leads looked at most, by what {explanation.target} loses in log odds without them (lead occlusion): {losses}."
    )
