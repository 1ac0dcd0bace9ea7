"""The Report tab: a page to sign, a picture of the trace or FHIR JSON, made only when it is downloaded."""

import io
import json

import streamlit as st

from cardiov_core.domain import Analysis
from cardiov_core.errors import CardioVError
from cardiov_core.reporting import PaperOptions
from cardiov_core.ui.analyze.grader import grader
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.session import Case

REPORT_FORMATS = {
    "PDF report": ("pdf", "application/pdf"),
    "Trace as PNG": ("png", "image/png"),
    "Trace as SVG": ("svg", "image/svg+xml"),
    "FHIR JSON": ("json", "application/fhir+json"),
}
"""What can be downloaded -> suffix and media type."""

FORMAT_KEY, NAME_KEY, DOWNLOAD_KEY, PDF_KEY = "report_format", "report_name", "report_download", "report_pdf"


def report_tab(case: Case, analysis: Analysis, paper: PaperOptions) -> None:
    """Show what a report can be, and a button that makes it."""
    st.write(
        f"A4, true to scale: print it at 100 %. Drawn as on the screen: {paper.layout}, {paper.speed_mm_s:g} mm/s, "
        f"{paper.gain_mm_mv:g} mm/mV. Unconfirmed until a reader signs it."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Format", tuple(REPORT_FORMATS), key=FORMAT_KEY, width=180)
        suffix, mime = REPORT_FORMATS[chosen]
        name = st.text_input(
            "Patient's name (optional)",
            key=NAME_KEY,
            max_chars=80,
            width=300,
            disabled=suffix in ("png", "svg"),
            help="Printed as typed. No name is ever taken from the file.",
        )
        try:
            _check(analysis, paper, name, suffix)
        except CardioVError as error:
            # Inside the button's function nobody would see it.
            show_error(error)
            return
        st.download_button(
            f"Download the {chosen}",
            key=DOWNLOAD_KEY,
            data=lambda: report_bytes(analysis, paper, name, suffix),
            file_name=f"{case.record.record_id}-cardiov.{suffix}",
            mime=mime,
            on_click="ignore",
        )


def pdf_button(case: Case, analysis: Analysis, paper: PaperOptions) -> None:
    """Offer the report as PDF by one click, without a patient's name."""
    st.download_button(
        "PDF",
        key=PDF_KEY,
        data=lambda: report_bytes(analysis, paper, "", "pdf"),
        file_name=f"{case.record.record_id}-cardiov.pdf",
        mime="application/pdf",
        on_click="ignore",
        help="The report of this ECG, true to scale. The tab Report has other formats.",
    )


def report_bytes(analysis: Analysis, paper: PaperOptions, name: str, suffix: str) -> bytes:
    """Write one document; an empty `name` prints none."""
    # The drawing room is loaded only here: the first picture on the page does not need it.
    from cardiov_core.reporting import fhir_report, write_pdf, write_trace

    card = grader().card
    if suffix == "json":
        document = fhir_report(analysis, card, patient_name=name or None)
        return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1).encode()
    buffer = io.BytesIO()
    if suffix == "pdf":
        write_pdf(analysis, card, buffer, options=paper, patient_name=name or None)
    else:
        write_trace(analysis.record, buffer, "png" if suffix == "png" else "svg", options=paper)
    return buffer.getvalue()


def _check(analysis: Analysis, paper: PaperOptions, name: str, suffix: str) -> None:
    """Raise what would go wrong, before the reader presses the button."""
    if suffix in ("png", "svg"):
        from cardiov_core.reporting import only_sheet, trace_window

        only_sheet(trace_window(analysis.record, paper))
    elif suffix == "pdf" and name:
        from cardiov_core.reporting import checked_name

        checked_name(name)
