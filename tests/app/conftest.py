"""The app under AppTest: a grader and empty caches."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch, weights_folder: Path) -> Iterator[None]:
    """Nothing cached from the test before, and the chosen grader."""
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def app(repository: Path) -> AppTest:
    """The app on its first page."""
    return AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()
