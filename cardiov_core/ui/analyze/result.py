"""The strip with the result: level, bars, probabilities, quality and warnings; or why there is none."""

import logging
from functools import partial
from html import escape

import streamlit as st

from cardiov_core.domain import (
    Analysis,
    Contributions,
    Explanation,
    Prediction,
    QualityVerdict,
    ReasonCode,
    first_of,
    texts,
    unique,
)
from cardiov_core.inference import analyze, unlike_training, with_grader
from cardiov_core.reporting import raised_words
from cardiov_core.review import installation_rules
from cardiov_core.ui.analyze.findings import quality_row
from cardiov_core.ui.analyze.grader import grader
from cardiov_core.ui.analyze.uncertainty import label_part, reliability_part, set_part, statements_part
from cardiov_core.ui.analyze.upload import reread_with_gain
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import badge, bullet_list, exceedance_bars, level_probabilities, quality_chip
from cardiov_core.ui.frame.page import box, notice
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


def show_result(case: Case, analysis: Analysis) -> None:
    """Show the level, or that it is withheld and why.

    Parameters
    ----------
    case : Case
        The open record.
    analysis : Analysis
        What CardioV says of it.
    """
    prediction = analysis.prediction
    if prediction is None:
        _show_withheld(case, analysis)
    else:
        if analysis.quality.verdict is QualityVerdict.NOT_ANALYSABLE:
            box(
                "Analysed anyway: the quality gate withholds this level. Do not rely on it.",
                texts(analysis.withheld or analysis.quality.reasons),
                calm=True,
            )
        for caveat in (unlike_training(prediction.scope), first_of(prediction.notes, {ReasonCode.UNSURE})):
            if caveat is not None:
                notice(caveat.text)
        _show_strip(case, analysis, prediction)
        if _suspected_factor(case, analysis) is not None:
            with st.container(key="answers", horizontal=True, vertical_alignment="center"):
                _ask_gain(case, analysis)


def _analysed(current: Session, case: Case, key: AnalysisKey, start_s: float | None) -> Analysis:
    if key in current.analyses:
        return current.analyses[key]
    known = next((found for there, found in current.analyses.items() if there._replace(grader=key.grader) == key), None)
    if known is not None and known.panel is not None:
        current.analyses[key] = with_grader(known, key.grader)
    else:
        if key.anyway:
            _logger.warning("Record %s is analysed against the quality gate's advice.", case.record.record_id)
        with st.spinner("Analysing the ECG ..."):
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


def _show_strip(case: Case, analysis: Analysis, prediction: Prediction) -> None:
    """Show badge, bars, probabilities, quality and warnings beside one another."""
    asked = grader()
    warnings = [warning.text for warning in analysis.warnings if warning.code not in _OWN_LINES]
    st.html(
        '<section class="cv-strip" aria-label="Result">'
        f"<div>{badge(analysis.level or prediction.severity)}{_raised(analysis)}"
        f"{set_part(prediction, asked)}{statements_part(analysis)}{label_part(case)}</div>"
        f"{exceedance_bars(prediction)}{level_probabilities(prediction)}"
        f"<div>{quality_chip(analysis.quality)}{bullet_list(warnings)}</div>"
        f"{reliability_part(case, prediction, asked)}</section>"
    )


def _raised(analysis: Analysis) -> str:
    words = raised_words(analysis)
    return f'<div class="cv-more">{escape(words)}</div>' if words else ""


def _show_withheld(case: Case, analysis: Analysis) -> None:
    current = session()
    box("Result withheld", texts(analysis.withheld), calm=True)
    advice = (
        "Answer the question below, or repeat the recording."
        if analysis.quality.suggested_gain_factor is not None
        else "Repeat the recording, or check the electrodes and the file's header."
    )
    others = bullet_list(texts(unique(analysis.warnings, analysis.withheld)))
    st.html(f'<div class="cv-side">{quality_chip(analysis.quality)} {advice}{others}</div>')
    if any(lead.reasons for lead in analysis.quality.leads):
        st.html(quality_row(analysis.quality))

    def _insist() -> None:
        current.analyse_anyway = True

    with st.container(key="answers", horizontal=True, vertical_alignment="center"):
        _ask_gain(case, analysis)
        st.button(
            "Analyse anyway",
            key=Key.ANYWAY,
            on_click=_insist,
            help="Gives a level that should not be relied on; it is marked so.",
        )


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
