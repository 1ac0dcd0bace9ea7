"""The app under AppTest: a grader, a database and empty caches."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import CaseSource, Prediction, Quality, QualityVerdict, Severity, Window
from cardiov_core.review import Store


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch, weights_folder: Path, tmp_path: Path) -> Iterator[None]:
    """Nothing cached from the test before, the chosen grader, and a review of the test's own."""
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    st.cache_resource.clear()
    st.cache_data.clear()
    # AppTest puts the page in its place, and a process that is spawned later would run the page anew.
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
    st.cache_resource.clear()


@pytest.fixture
def app(repository: Path) -> AppTest:
    """The app on its first page."""
    return AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()


AddCase = Callable[..., str]
OpenPage = Callable[..., AppTest]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The database that the app of this test opens."""
    opened = review.open_store(f"sqlite:///{tmp_path / 'review.db'}")
    yield opened
    opened.close()


@pytest.fixture
def add_case(store: Store) -> AddCase:
    """Add a case of a synthetic ECG; the same seed has the same waveform."""

    def _add(name: str, *, label: int | None = 0, level: int = 2, seed: int = 1) -> str:
        shares = [0.1, 0.1, 0.1, 0.1]
        shares[level] = 0.7
        return review.put_case(
            store,
            review.NewCase(
                replace(generate("normal", seed=seed, sampling_rate_hz=100, duration_s=10.0), record_id=name),
                prediction=Prediction(
                    Severity(level),
                    (shares[0], shares[1], shares[2], shares[3]),
                    (0.9, 0.6, 0.2),
                    0.0,
                    "grader-of-the-case",
                    "a" * 64,
                    Window(0.0, 10.0),
                ),
                quality=Quality(QualityVerdict.ACCEPTABLE, ()),
                source=CaseSource.CASES,
                label=None if label is None else Severity(label),
            ),
            "Owner",
        )[0]

    return _add


@pytest.fixture
def open_page(repository: Path) -> OpenPage:
    """Open a page in a session of its own, as a reader who gives a name."""

    def _open(script: str, name: str | None = "Ada", **parameters: str) -> AppTest:
        app = AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()
        app.switch_page(f"pages/{script}.py")
        app.query_params.update(parameters)
        app.run()
        if name is not None:
            app.text_input(key="reader_name").set_value(name)
            app.button(key="reader_start").click().run()
        return app

    return _open
