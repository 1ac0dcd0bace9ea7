"""The Report tab through app.py: what can be downloaded, and what would go wrong said before."""

import io
import json
from typing import Any

import pytest
import streamlit as st
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import Analysis, Severity
from cardiov_core.inference import analyze
from cardiov_core.reporting import PaperOptions
from cardiov_core.ui.analyze import report
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.session import Key


@pytest.fixture
def tab(app: AppTest) -> AppTest:
    """The Report tab of a synthetic sample."""
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    app.session_state[Key.TABS] = "Report"
    return app.run()


def button(app: AppTest) -> Any:
    (found,) = [item for item in app.get("download_button") if "Download the" in item.proto.label]
    return found.proto


def test_tab_offers_the_pdf_first_and_follows_the_paper(tab: AppTest) -> None:
    assert not tab.exception
    assert button(tab).label == "Download the PDF report"
    assert any("3x4+1, 25 mm/s, 10 mm/mV" in item.value for item in tab.markdown)
    tab.selectbox(key=Key.LAYOUT).select("6x2").run()
    assert any("6x2, 25 mm/s" in item.value for item in tab.markdown)
    for name in report.REPORT_FORMATS:
        tab.selectbox(key=report.FORMAT_KEY).select(name).run()
        assert not tab.exception
        assert button(tab).label == f"Download the {name}"


def test_what_cannot_be_made_is_said_in_place_of_the_button(tab: AppTest) -> None:
    tab.text_input(key=report.NAME_KEY).input("王").run()
    assert not tab.exception
    assert "cannot print" in tab.error[0].value
    assert not [item for item in tab.get("download_button") if "Download the" in item.proto.label]
    tab.text_input(key=report.NAME_KEY).input("").run()
    tab.selectbox(key=report.FORMAT_KEY).select("Trace as PNG").run()
    tab.selectbox(key=Key.SPEED).select(50.0).run()
    assert "take 2 pages" in tab.error[0].value


@pytest.fixture(scope="module")
def analysis(weights_folder: Any) -> Analysis:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
        st.cache_resource.clear()
        return analyze(generate("normal", seed=3), resources.predictor())


def test_the_documents_are_those_of_the_report(analysis: Analysis) -> None:
    assert analysis.prediction is not None
    level = Severity(analysis.prediction.severity)
    reader = PdfReader(io.BytesIO(report.report_bytes(analysis, PaperOptions(), "Erika M.", "pdf")))
    text = reader.pages[0].extract_text()
    assert "Patient: Erika M." in text
    assert f"Level {int(level)}" in text
    assert f"{level.title}, on a scale of 0 to 3" in text
    document = json.loads(report.report_bytes(analysis, PaperOptions(), "", "json"))
    assert document["resourceType"] == "Bundle"
    assert "Patient" not in {entry["resource"]["resourceType"] for entry in document["entry"]}
    assert report.report_bytes(analysis, PaperOptions(), "", "png").startswith(b"\x89PNG")
    assert b"<svg" in report.report_bytes(analysis, PaperOptions(), "", "svg")
