"""The machine's own reading on the page, named as the machine's."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core.ui.frame.session import Key

pytestmark = pytest.mark.dataset


def test_a_carts_file_shows_its_own_intervals_beside_ours(app: AppTest, data_folder: Path) -> None:
    name = "sierra-1.04-3191723.xml"
    app.file_uploader[0].upload(name, (data_folder / "vendor-samples" / name).read_bytes())
    app.run()
    head = next(element.proto.body for element in app.get("html") if "cv-cart" in element.proto.body)
    assert "SINUS RHYTHM" in head, "what the machine said stands in the head"
    app.session_state[Key.TABS] = "Measurements"
    app.run()
    assert not app.exception
    tables = [table.proto.body for table in app.get("html")]
    table = next(text for text in tables if "The machine&#39;s own" in text)
    # <heartrate>84, <print>144 and <qtcf>394 of the file.
    assert all(f">{value}\u2009" in table for value in ("84", "144", "394"))
    said = " ".join(text.value for text in app.text)
    assert "PageWriter Touch" in said
    assert "SINUS RHYTHM" in said
