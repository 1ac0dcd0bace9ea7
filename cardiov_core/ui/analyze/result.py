"""The open record's analysis, computed once, its window, and what only the reader can answer."""

import logging
from functools import partial

import streamlit as st

from cardiov_core.domain import Analysis, Contributions, Explanation, Window
from cardiov_core.inference import analyze, can_insist, with_grader
from cardiov_core.review import installation_rules
from cardiov_core.signals import Examination
from cardiov_core.ui.analyze.grader import grader
from cardiov_core.ui.analyze.upload import reread_with_gain
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.session import AnalysisKey, Case, Key, Origin, Session, session

_logger = logging.getLogger(__name__)

# Longer records are read window by window.
_WHOLE_UP_TO_S = 60.0
# Rounding of a duration (5001 samples at 500 Hz) is no reason to offer a window.
_WINDOW_TOLERANCE_S = 0.1


def analysis_of(case: Case) -> Analysis:
    """Return the open record's analysis, computed once for each window and each answer to the quality gate.

    All graders are asked at once, so that another one's level is shown without computing anything.
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
            current.explanations[key] = grader().explain(
                _examined(current, case), target=target, start_s=_start(current, case)
            )
    return current.explanations[key]


def choose_window(case: Case) -> None:
    """Ask for the window where the record is longer than the network's input, and say what is of which stretch."""
    current = session()
    length_s = _length_s()
    last_start_s = case.record.duration_s - length_s
    if last_start_s <= _WINDOW_TOLERANCE_S:
        return
    with st.container(key="window", horizontal=True, vertical_alignment="center"):
        st.markdown("From", width="content")
        current.window_start_s = float(
            st.number_input(
                "Start of the window in s",
                0.0,
                round(last_start_s, 1),
                min(current.window_start_s, round(last_start_s, 1)),
                step=min(length_s, round(last_start_s, 1)),
                format="%.1f",
                key=f"{Key.WINDOW}_{case.fingerprint}",
                label_visibility="collapsed",
                width=160,
            )
        )
        end_s = current.window_start_s + length_s
        whole = f"{case.record.duration_s:.0f} s"
        what = (
            "the level, rhythm, intervals and findings are of these"
            if _is_long(case)
            else (f"the level is of these; rhythm, intervals and findings are of the whole {whole}")
        )
        st.markdown(f"to {end_s:.1f} s of {whole}: {what}.", width="content")


def known_analysis(case: Case) -> Analysis | None:
    """Return the open record's analysis where it was computed before, else None."""
    current = session()
    if not resources.loaded():
        return None
    key = _key(current, case)
    known = any(there._replace(grader=key.grader) == key for there in current.analyses)
    return analysis_of(case) if known else None


def show_answers(case: Case, analysis: Analysis) -> None:
    """Ask what only the reader can answer: a doubtful gain, or whether to analyse in spite of the quality."""
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
    known = next(
        (analysis for there, analysis in current.analyses.items() if there._replace(grader=key.grader) == key), None
    )
    if known is not None and known.panel is not None:
        current.analyses[key] = with_grader(known, key.grader)
    else:
        if key.anyway:
            _logger.warning("The ECG %s is analysed against the quality gate's advice.", case.fingerprint)
        current.analyses[key] = analyze(
            _examined(current, case),
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
    if _is_long(case):
        # What is examined is the window itself.
        return None
    return current.window_start_s if case.record.duration_s > _length_s() + _WINDOW_TOLERANCE_S else None


def shown_from_s(case: Case) -> float:
    """Return where in the record the examined stretch begins, in s: 0 unless a long record is read by windows."""
    return session().window_start_s if _is_long(case) else 0.0


def _examined(current: Session, case: Case) -> Examination:
    """Return what is measured and graded: the record, or the window of a long one.

    Half an hour takes half a minute to measure, and its one median beat would be of no moment in particular.
    """
    if not _is_long(case):
        return case.examination
    start_s = current.window_start_s
    return case.examination.within(Window(start_s, min(start_s + _length_s(), case.record.duration_s)))


def _is_long(case: Case) -> bool:
    return case.record.duration_s > _WHOLE_UP_TO_S


def _length_s() -> float:
    return grader().card.contract.duration_s


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
