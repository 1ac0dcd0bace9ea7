"""The open record's analysis, computed once, its window, and what only the reader can answer."""

import logging
from functools import partial

import streamlit as st

from cardiov_core.domain import Analysis, Contributions, Explanation, ReasonCode
from cardiov_core.inference import analyze, can_insist, with_grader
from cardiov_core.review import installation_rules
from cardiov_core.ui.analyze.grader import grader
from cardiov_core.ui.analyze.upload import reread_with_gain
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.session import AnalysisKey, Case, Key, Origin, Session, session

_logger = logging.getLogger(__name__)

_OWN_LINES = {ReasonCode.GRADERS_DISAGREE, ReasonCode.UNLIKE_TRAINING, ReasonCode.UNSURE}
_WINDOW_STEP_S = 0.5
# Rounding of a duration (5001 samples at 500 Hz) is no reason to offer a window.
_WINDOW_TOLERANCE_S = 0.1


def analysis_of(case: Case) -> Analysis:
    """Return the open record's analysis, computed once for each window and each answer to the quality gate.

    All graders are asked at once, so that another one's level is shown without computing anything.

    Raises
    ------
    CardioVError
        If the record cannot be graded at all.
    """
    current = session()
    return _analysed(current, case, _key(current, case), _start(current, case))


def analysis_of_other(other: Case) -> Analysis:
    """Return the analysis of the record that the open one is compared with: its first window, computed once."""
    current = session()
    return _analysed(current, other, AnalysisKey.of(grader(), other.fingerprint, 0.0, anyway=False), None)


def explanation_of(case: Case, target: int | str) -> Explanation | Contributions:
    """Return where the network looked or what the measurements speak for, computed once for each target."""
    current = session()
    key = (_key(current, case), target)
    if key not in current.explanations:
        with st.spinner("Asking for the reasons ..."):
            current.explanations[key] = grader().explain(case.examination, target=target, start_s=_start(current, case))
    return current.explanations[key]


def choose_window(case: Case) -> None:
    """Offer the window where the record is longer than the network's input."""
    current = session()
    length_s = grader().card.contract.duration_s
    last_start_s = case.record.duration_s - length_s
    if last_start_s <= _WINDOW_TOLERANCE_S:
        return
    current.window_start_s = st.slider(
        f"Start of the {length_s:g} s window in s (the record lasts {case.record.duration_s:.1f} s)",
        min_value=0.0,
        max_value=float(int(last_start_s / _WINDOW_STEP_S) * _WINDOW_STEP_S) or last_start_s,
        value=min(current.window_start_s, last_start_s),
        step=min(_WINDOW_STEP_S, last_start_s),
        format="%.1f",
        key=f"{Key.WINDOW}_{case.fingerprint}",
    )


def known_analysis(case: Case) -> Analysis | None:
    """Return the open record's analysis where it was computed before, else None.

    Parameters
    ----------
    case : Case
        The open record.
    """
    current = session()
    if not resources.loaded():
        return None
    key = _key(current, case)
    known = any(there._replace(grader=key.grader) == key for there in current.analyses)
    return analysis_of(case) if known else None


def show_answers(case: Case, analysis: Analysis) -> None:
    """Ask what only the reader can answer: a doubtful gain, or whether to analyse in spite of the quality.

    Parameters
    ----------
    case : Case
        The open record.
    analysis : Analysis
        What CardioV says of it.
    """
    current = session()

    def _insist() -> None:
        current.analyse_anyway = True

    offer = analysis.prediction is None and not current.analyse_anyway and can_insist(analysis.quality)
    if not offer and _suspected_factor(case, analysis) is None:
        return
    with st.container(key="answers", horizontal=True, vertical_alignment="center"):
        _ask_gain(case, analysis)
        if offer:
            st.button(
                "Analyse anyway",
                key=Key.ANYWAY,
                on_click=_insist,
                help="Gives a level that should not be relied on; it is marked so.",
            )


def _analysed(current: Session, case: Case, key: AnalysisKey, start_s: float | None) -> Analysis:
    if key in current.analyses:
        return current.analyses[key]
    known = next((found for there, found in current.analyses.items() if there._replace(grader=key.grader) == key), None)
    if known is not None and known.panel is not None:
        current.analyses[key] = with_grader(known, key.grader)
    else:
        if key.anyway:
            _logger.warning("Record %s is analysed against the quality gate's advice.", case.record.record_id)
        current.analyses[key] = analyze(
            case.examination,
            grader(),
            others=resources.graders().values(),
            analyse_anyway=key.anyway,
            start_s=start_s,
            rule_set=installation_rules(),
        )
    return current.analyses[key]


def _key(current: Session, case: Case) -> AnalysisKey:
    return AnalysisKey.of(grader(), case.fingerprint, current.window_start_s, anyway=current.analyse_anyway)


def _start(current: Session, case: Case) -> float | None:
    """Return the window's start in s; None lets records that fit whole be prepared as such."""
    length_s = grader().card.contract.duration_s
    return current.window_start_s if case.record.duration_s > length_s + _WINDOW_TOLERANCE_S else None


def _suspected_factor(case: Case, analysis: Analysis) -> float | None:
    """Return the factor to ask about; None where nothing is to be asked."""
    if case.origin is not Origin.UPLOAD or case.record.provenance.gain_factor != 1.0:
        return None
    return analysis.quality.suggested_gain_factor


def _ask_gain(case: Case, analysis: Analysis) -> None:
    """Ask whether the suspected gain is right; nothing is rescaled without an answer."""
    factor = _suspected_factor(case, analysis)
    if factor is None:
        return
    st.markdown("Is the stated gain wrong?", width="content")
    st.button(
        f"Yes, multiply the signal by {factor:.4g}",
        key=Key.CONFIRM_GAIN,
        type="primary",
        on_click=partial(reread_with_gain, session(), case, factor),
    )
