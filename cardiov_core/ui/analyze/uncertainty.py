"""The uncertainty of the level on show: prediction set, counts, and where a known record's label comes from."""

import logging
from html import escape

import streamlit as st

from cardiov_core.datasets import LabelProvenance, label_provenance, ptbxl_ecg_id_of
from cardiov_core.domain import Analysis, EcgRecord, Prediction, Severity
from cardiov_core.errors import CardioVError
from cardiov_core.inference import Grader, reliability_of
from cardiov_core.reporting import (
    RELIABILITY_MEANING,
    STATEMENTS_MEANING,
    reliability_words,
    set_meaning,
    set_words,
    statements_line,
)
from cardiov_core.review import corrected_label
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import more
from cardiov_core.ui.frame.session import Case, Origin

_logger = logging.getLogger(__name__)


def set_part(prediction: Prediction, grader: Grader) -> str:
    """Return the prediction set as HTML, with what it means behind it; empty where the grader has none."""
    if not prediction.prediction_set:
        return ""
    promised = prediction.scope is None or not prediction.scope.outside
    return more(set_words(prediction.prediction_set, grader.card, promised=promised), [set_meaning(grader.card)])


def statements_part(analysis: Analysis) -> str:
    """Return the likely statements as HTML, with what the numbers are behind them; empty where none is likely."""
    line = statements_line(analysis.statements)
    return more(f"Likely statements: {line}", [STATEMENTS_MEANING]) if line else ""


def reliability_part(case: Case, prediction: Prediction, grader: Grader) -> str:
    """Return as HTML how often the grader was right when it gave the same level; empty where nothing can be counted."""
    own = {row.patient_id for row in grader.training_rows(case.record)}
    reliability = reliability_of(grader.graded_out_of_fold, prediction, without_patients=own)
    if reliability is None:
        return ""
    words = reliability_words(reliability)
    return f'<div class="cv-wide" title="{escape(RELIABILITY_MEANING)}">{more(words, [RELIABILITY_MEANING])}</div>'


def label_part(case: Case) -> str:
    """Return as HTML the cardiologists' level of a known record, with why it is that one; empty for others."""
    known = _provenances(case)
    if not known:
        if case.cardiologist is None:
            return ""
        return more(f"Cardiologist's level: {case.cardiologist.numbered}.", [])
    if len(known) == 1:
        ecg_id, provenance = known[0]
        place = "" if case.origin is Origin.PTB_XL else f" (PTB-XL {ecg_id:05d})"
        summary = f"Cardiologist's level{place}: {provenance.level.numbered}. Why?"
        return more(summary, provenance.sentences)
    numbers = " and ".join(f"{ecg_id:05d}" for ecg_id, _ in known)
    sentences = [f"{ecg_id:05d}: {sentence}" for ecg_id, provenance in known for sentence in provenance.sentences]
    return more(f"PTB-XL holds these samples as {numbers}. Their labels", sentences)


def _provenances(case: Case) -> list[tuple[int, LabelProvenance]]:
    dataset = resources.ptbxl()
    if dataset is None or case.origin is Origin.SYNTHETIC:
        return []
    ecg_ids = _ecg_ids(case.fingerprint, case.record, chosen=case.origin is Origin.PTB_XL)
    return [
        (ecg_id, label_provenance(dataset.scp_codes(ecg_id), corrected=_corrected(ecg_id)))
        for ecg_id in ecg_ids
        if ecg_id in dataset.table.index
    ]


def _corrected(ecg_id: int) -> Severity | None:
    """Return what the review settled; a level is shown without it where its database is away."""
    try:
        return corrected_label(resources.review_store(), ecg_id)
    except CardioVError as error:
        _logger.warning("The review was not asked for a corrected label: %s", type(error).__name__)
        return None


@st.cache_data(show_spinner=False, max_entries=64)
def _ecg_ids(fingerprint: str, _record: EcgRecord, *, chosen: bool) -> tuple[int, ...]:
    """Return the PTB-XL records that have these samples; the fingerprint tells one record from another."""
    if chosen:
        return (int(_record.record_id.split("_")[0]),)
    rows = {row.ecg_id for grader in resources.graders().values() for row in grader.training_rows(_record)}
    if rows:
        return tuple(sorted(rows))
    by_name = ptbxl_ecg_id_of(_record)
    return () if by_name is None else (by_name,)
