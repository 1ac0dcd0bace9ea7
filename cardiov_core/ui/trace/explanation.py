"""The grader's own explanation: where its network looked, what its measurements speak for, or both."""

import streamlit as st

from cardiov_core.domain import Analysis, Contributions, Explanation, Severity
from cardiov_core.errors import CardioVError
from cardiov_core.inference import BlendGrader, Grader, passport_line, passport_of
from cardiov_core.reporting import CAPTION, attention_stack_figure, leads_line, reason_rows, reasons_line
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import bullet_list, html_table
from cardiov_core.ui.frame.page import dark_theme, show_error
from cardiov_core.ui.frame.session import Case, Key, session
from cardiov_core.ui.trace.tools import CHART_CONFIG, NO_STAGES, StageChoice

_HEADS = ("What was measured", "Percentage points")


def has_band(grader: Grader) -> bool:
    """Tell whether a grader has a network, whose attention can be drawn."""
    return grader.n_stages > 0


def stages_of(grader: Grader) -> StageChoice:
    """Return the stages whose maps passed for some level, all where nothing was tested, and the one to open with.

    That is the deepest that passed for every level; where none did, the deepest there is.
    """
    members = grader.members if isinstance(grader, BlendGrader) else (grader,)
    passports = [known for member in members if (known := passport_of(member.card)) is not None]
    there = tuple(range(1, grader.n_stages + 1)) or NO_STAGES.offered

    def _passed(stage: int, level: Severity) -> bool:
        return all(known.withheld(int(level), stage) is None for known in passports)

    offered = tuple(stage for stage in there if any(_passed(stage, level) for level in Severity)) or there
    everywhere = [stage for stage in offered if all(_passed(stage, level) for level in Severity)]
    return StageChoice(offered, everywhere[-1] if everywhere else offered[-1])


def measured_reasons(explanation: Explanation | Contributions | None) -> Contributions | None:
    """Return the measurements' side of an explanation; None where it has none."""
    if isinstance(explanation, Contributions) or explanation is None:
        return explanation
    return explanation.reasons


def remarks(
    explanation: Explanation | Contributions | None, level: Severity | None, *, measured: bool = True
) -> list[str]:
    """Return what stands beside a band of attention; `measured` with what was measured."""
    lines = []
    if isinstance(explanation, Explanation) and level is not None:
        network = resources.predictor(explanation.model_name)
        lines.append(passport_line(network.card, int(level)))
    if isinstance(explanation, Explanation):
        lines.append(leads_line(explanation))
    reasons = measured_reasons(explanation) if measured else None
    if reasons is not None:
        lines.append(f"Measured, with percentage points: {reasons_line(reasons)}")
    return lines


def explanation_tab(
    case: Case, analysis: Analysis, explanation: Explanation | Contributions | None, failure: CardioVError | None
) -> None:
    """Show the whole explanation."""
    if failure is not None:
        show_error(failure)
        return
    if explanation is None:
        st.write("There is no level, so there is nothing to explain.")
        return
    reasons = measured_reasons(explanation)
    if reasons is not None:
        _show_reasons(reasons)
    if isinstance(explanation, Explanation):
        _show_attention(case, explanation)
    if analysis.prediction is not None and analysis.prediction.out_of_fold:
        what = "reasons are those" if isinstance(explanation, Contributions) else "attention is that"
        st.caption(
            "The level on show is out-of-fold: it comes from weights that never saw this record's patient. "
            f"The {what} of the shipped grader, which did."
        )


def _by_name(grader: str) -> str:
    """Name a grader to who studies graders; nothing to others."""
    return f" Grader: {grader}." if session().researcher else ""


def _show_reasons(reasons: Contributions) -> None:
    rows = reason_rows(reasons)
    if rows:
        st.html(html_table(_HEADS, rows, columns="tn"))
    st.caption(
        "By how many percentage points each group of measurements raised or lowered the probability of "
        f"{reasons.target}, before calibration. It begins at {100 * reasons.base:.0f}, the share among the training "
        f"records. Groups under one point are left out.{_by_name(reasons.model_name)}"
    )


def _show_attention(case: Case, explanation: Explanation) -> None:
    st.plotly_chart(
        attention_stack_figure(case.record, explanation, start_s=explanation.window.start_s, dark=dark_theme()),
        key=Key.STACK,
        theme=None,
        config=CHART_CONFIG,
        alt="Attention of all stages of the network over time",
    )
    st.caption(
        f"Grad-CAM of all stages of the network for {explanation.target}. {CAPTION} The network mixes all leads in its "
        f"first convolution, so a band belongs to all leads alike.{_by_name(explanation.model_name)}"
    )
    if explanation.withheld:
        st.html(bullet_list(explanation.withheld.values()))
