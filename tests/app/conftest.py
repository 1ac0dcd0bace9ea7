"""The app under AppTest: a grader, a database and empty caches."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch, weights_folder: Path, tmp_path: Path) -> Iterator[None]:
    """Nothing cached from the test before, the chosen grader, and a review of the test's own."""
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def app(repository: Path) -> AppTest:
    """The app on its first page."""
    return AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()
