"""Findings by rule, and the quality of each lead."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

from cardiov_core.domain import Analysis, Finding, LeadQuality, Quality, QualityVerdict, texts
from cardiov_core.reporting import no_finding_words
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.html import bullet_list, html_table, plain
from cardiov_core.ui.frame.session import Key, session

VERDICT_SYMBOLS = {
    QualityVerdict.ACCEPTABLE: "\u25cb",
    QualityVerdict.LIMITED: "\u25d0",
    QualityVerdict.NOT_ANALYSABLE: "\u2715",
}
"""Shape of each verdict, so that it is read without colour."""

_CHIP_CLASSES = {
    QualityVerdict.ACCEPTABLE: "",
    QualityVerdict.LIMITED: "limited",
    QualityVerdict.NOT_ANALYSABLE: "bad",
}

_HEADS = ("Finding", "What was measured, and the limit")


def findings_tab(analysis: Analysis) -> None:
    """List the findings with what was measured: present ones first, the others folded."""
    if not analysis.findings:
        st.write("No rule could be applied to this record.")
        return
    if analysis.rhythm is not None:
        st.html(f"<p><b>Rhythm</b> {escape(analysis.rhythm.text)}</p>")
    seen, absent, unknown = (_in_state(analysis.findings, state) for state in ("present", "absent", "not measurable"))
    present = [finding for finding in seen if finding.shown]
    often = [finding for finding in seen if not finding.shown]
    if present:
        if analysis.measurements is not None:
            _choose_lit(analysis, present)
        st.html(html_table(_HEADS, _rows(present)))
    elif often:
        st.write("Nothing was found but criteria that are often met without disease. That does not rule out disease.")
    else:
        st.write(no_finding_words(analysis.findings))
    for title, findings in (
        (f"Criteria often met without disease ({len(often)})", often),
        (f"Absent ({len(absent)})", absent),
        (f"Not measurable ({len(unknown)})", unknown),
    ):
        if findings:
            with st.expander(title):
                st.html(html_table(_HEADS, _rows(findings)))
    _how_often(seen)
    st.caption("Findings come from the measurements, not from the grader. They are no diagnosis.")


def _how_often(findings: Sequence[Finding]) -> None:
    """Fold how often each finding is seen with and without what it stands for."""
    counted = [(each.title, each.figures.words) for each in findings if each.figures is not None]
    if counted:
        with st.expander("How often these are right"):
            st.html(html_table(("Finding", "Counted on records with a cardiologist's statements"), counted))


def lit_finding(analysis: Analysis) -> Finding | None:
    """Return the finding that the reader chose to see on the trace; None where none is chosen."""
    present = _in_state(analysis.findings, "present")
    return next((finding for finding in present if finding.code == session().lit), None)


def _choose_lit(analysis: Analysis, findings: Iterable[Finding]) -> None:
    """Offer the findings for the trace, which is drawn again with its tabs; the rest of the page stays."""
    titles = {each.code: plain(each.title) for each in findings}
    current = session()
    key = f"{Key.SHOWN_FINDING}_{analysis.record.record_id}"

    def _light() -> None:
        current.lit = entered().get(key, current.lit)

    st.pills(
        "Show on the ECG",
        tuple(titles),
        default=current.lit if current.lit in titles else None,
        format_func=titles.__getitem__,
        key=key,
        on_change=_light,
        help="Lights up the leads, the beats and the level of J in which it is seen.",
    )


def quality_chip(quality: Quality) -> str:
    """Return the verdict of the quality gate as HTML."""
    return f'<span class="cv-chip {_CHIP_CLASSES[quality.verdict]}">Signal quality: {quality.verdict.value}</span>'


def quality_row(quality: Quality) -> str:
    """Return the verdict of each lead as a row of shapes and words, with the reasons as its hover text."""
    return f'<div class="cv-leads" role="list">{"".join(_cell(lead) for lead in quality.leads)}</div>'


def quality_tab(quality: Quality) -> None:
    """Show the verdict of the quality gate, of each lead, and all reasons."""
    st.html(f"<b>Signal quality: {quality.verdict.value}</b>{bullet_list(texts(quality.reasons))}")
    if quality.leads:
        st.html(quality_row(quality))
    reasons = [
        (lead.lead, f"{VERDICT_SYMBOLS[lead.verdict]} {lead.verdict.value}", "; ".join(texts(lead.reasons)))
        for lead in quality.leads
        if lead.reasons
    ]
    if reasons:
        st.html(html_table(("Lead", "Verdict", "Reasons"), reasons))


def _cell(lead: LeadQuality) -> str:
    reasons = escape("; ".join(texts(lead.reasons)) or lead.verdict.value, quote=True)
    bad = "" if lead.verdict is QualityVerdict.ACCEPTABLE else " cv-bad"
    return (
        f'<div role="listitem" class="cv-lead{bad}" title="{escape(lead.lead)}: {reasons}"><b>{escape(lead.lead)}</b> '
        f'<span aria-hidden="true">{VERDICT_SYMBOLS[lead.verdict]}</span><br>{lead.verdict.value}</div>'
    )


def _in_state(findings: Iterable[Finding], state: str) -> list[Finding]:
    return [finding for finding in findings if finding.state == state]


def _rows(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    ordered = sorted(findings, key=lambda finding: not finding.critical)
    return [(f"{each.title} (critical)" if each.critical else each.title, _details(each)) for each in ordered]


def _details(finding: Finding) -> str:
    """Join what was measured and what speaks against it."""
    against = f" Against it: {' '.join(finding.against)}" if finding.against else ""
    return f"{finding.reason}{against}"
