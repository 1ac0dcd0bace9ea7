"""A level that is likely to be wrong is said to be, on the page and in what is downloaded of it."""

import json
import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cardiov_core import analyze, load_predictor
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import ReasonCode
from cardiov_core.inference.batch import row_of
from cardiov_core.inference.serialise import analysis_to_dict
from cardiov_core.reporting.print.content import caveats
from cardiov_core.ui.frame.session import Key

ALWAYS = 0.02
"""Less than the doubt of the sample, and more than that of some training records, with which it is compared."""


@pytest.fixture(params=[ALWAYS, 1.0], ids=["always unsure", "never unsure"])
def limit(request: pytest.FixtureRequest, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> float:
    """The doubt from which on the grader in use warns; but for this line of its card it is the shipped one."""
    shipped = repository / "weights"
    if not (shipped / "measurements.oof.csv").is_file():
        pytest.skip("no shipped weights")
    folder = tmp_path / "weights"
    folder.mkdir()
    for file in shipped.glob("measurements.*"):
        shutil.copy(file, folder)
    card = json.loads((folder / "measurements.json").read_text())
    card["doubt"] = {"limit": request.param, "share": 0.25}
    (folder / "measurements.json").write_text(json.dumps(card))
    (folder / "default").write_text("measurements\n")
    shutil.copytree(shipped / "delineator", folder / "delineator")
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(folder))
    st.cache_resource.clear()
    return float(request.param)


def test_the_page_says_how_often_such_levels_were_wrong(limit: float, repository: Path) -> None:
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    assert not app.exception
    text = "\n".join(element.proto.body for element in app.get("html"))
    assert ("measurements is unsure of this level" in text) == (limit == ALWAYS)
    assert ("The level is unsure" in text) == (limit == ALWAYS), "without a grader's name in the head"
    assert ("of 100 were wrong" in text) == (limit == ALWAYS)


def test_json_report_and_batch_say_it_too(limit: float) -> None:
    analysis = analyze(generate("normal", seed=3), load_predictor())
    document = analysis_to_dict(analysis)
    unsure = limit == ALWAYS
    assert document["risk"]["unsure"] is unsure
    assert (ReasonCode.UNSURE in document["warning_codes"]) is unsure
    assert [reason.code for reason in caveats(analysis)] == [ReasonCode.UNSURE] * unsure
    assert row_of("one", analysis).unsure is unsure
