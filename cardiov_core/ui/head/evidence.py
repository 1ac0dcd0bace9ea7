"""The evidence behind the level: set, counts, probabilities, statements, quality; graders by name for researchers."""

from html import escape

import streamlit as st

from cardiov_core.domain import Analysis, Prediction, QualityVerdict, Reason, ReasonCode, Severity, texts, unique
from cardiov_core.inference import disagreement_of
from cardiov_core.reporting import EXCEEDANCE_NAMES, raised_words, whole_percent, wording
from cardiov_core.ui.analyze.findings import quality_chip, quality_row
from cardiov_core.ui.analyze.grader import choose_grader, grader
from cardiov_core.ui.analyze.log import offer_queue
from cardiov_core.ui.analyze.uncertainty import label_part, reliability_part, set_part, statements_part
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.html import bullet_list
from cardiov_core.ui.frame.session import Case, Key, session
from cardiov_core.ui.frame.styles import level_shape


def evidence(case: Case, analysis: Analysis) -> None:
    """Offer what the level rests on behind one button."""
    with st.popover("Evidence", key=Key.EVIDENCE, width="stretch"):
        st.html(
            f'<section class="cv-strip" aria-label="Evidence">{_level(case, analysis)}{_quality(analysis)}</section>'
        )
        if any(lead.reasons for lead in analysis.quality.leads):
            st.html(quality_row(analysis.quality))
        if disagreement_of(analysis.panel) is not None:
            offer_queue(case, analysis)
        _researcher(analysis)


def _level(case: Case, analysis: Analysis) -> str:
    prediction = analysis.prediction
    if prediction is None:
        return f"<div><b>Result withheld</b>{bullet_list(texts(analysis.withheld))}</div>"
    asked = grader()
    level = analysis.level if analysis.level is not None else prediction.severity
    raised = raised_words(analysis)
    return (
        f"<div><b>Level {level.numbered}.</b> {wording(level)}"
        f"{_anyway(analysis)}{f'<p>{escape(raised)}</p>' if raised else ''}"
        f"{set_part(prediction, asked)}{statements_part(analysis)}{label_part(case)}</div>"
        f"{_exceedance_bars(prediction)}{_level_probabilities(prediction)}{reliability_part(case, prediction, asked)}"
    )


def _anyway(analysis: Analysis) -> str:
    if analysis.quality.verdict is not QualityVerdict.NOT_ANALYSABLE:
        return ""
    reasons = bullet_list(texts(analysis.withheld or analysis.quality.reasons))
    return f"<p><b>Analysed anyway: the quality gate withholds this level. Do not rely on it.</b></p>{reasons}"


def _quality(analysis: Analysis) -> str:
    # That a record was resampled matters to nobody here; the Record tab has it.
    reasons = [each for each in unique(analysis.warnings, analysis.withheld) if each.code is not ReasonCode.RESAMPLED]
    words = [_words(analysis, reason) for reason in reasons]
    return f"<div>{quality_chip(analysis.quality)}{bullet_list(words)}</div>"


def _words(analysis: Analysis, reason: Reason) -> str:
    """Return a reason in words; graders have names for researchers alone."""
    if reason.code is not ReasonCode.GRADERS_DISAGREE or session().researcher:
        return reason.text
    on_show = None if analysis.prediction is None else analysis.prediction.model_name
    differ = disagreement_of(analysis.panel, on_show, named=False)
    return reason.text if differ is None else differ.text


def _researcher(analysis: Analysis) -> None:
    """Name the graders and let another one's level be shown, for who studies them."""
    current = session()
    st.session_state[Key.RESEARCHER] = current.researcher

    def _switch() -> None:
        current.researcher = entered().get(Key.RESEARCHER, current.researcher)

    st.toggle("For researchers: graders by name", key=Key.RESEARCHER, on_change=_switch)
    if current.researcher:
        st.caption(_grader_words(analysis.prediction))
        choose_grader(analysis)


def _grader_words(prediction: Prediction | None) -> str:
    return f"Grader: {grader().name}" + ("" if prediction is None else f", SHA-256 {prediction.model_sha256[:12]}")


def _exceedance_bars(prediction: Prediction) -> str:
    """Return the three bars as HTML; they never rise, because the prediction's exceedances are repaired."""
    rows = "".join(
        f"<div>{name.capitalize()}</div>"
        f'<div class="cv-track" role="img" aria-label="{name}: {escape(whole_percent(value))}">'
        f'<div class="cv-fill" style="width:{100 * value:.1f}%"></div></div>'
        f'<div class="cv-num">{escape(whole_percent(value))}</div>'
        for name, value in zip(EXCEEDANCE_NAMES, prediction.exceedance, strict=True)
    )
    return f'<div class="cv-bars"><div class="cv-head">Probability that the level is</div>{rows}</div>'


def _level_probabilities(prediction: Prediction) -> str:
    """Return the four probabilities of the levels as HTML."""
    rows = "".join(
        f"<div>{level_shape(level)}</div><div>{level.title}</div>"
        f'<div class="cv-num">{escape(whole_percent(value))}</div>'
        for level, value in zip(Severity, prediction.probabilities, strict=True)
    )
    return f'<div class="cv-probs"><div class="cv-head">Probability of each level</div>{rows}</div>'
