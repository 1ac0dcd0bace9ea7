"""'Show me' on the first screen, and the demo study's buttons."""

import base64

import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core.datasets import CONDITIONS
from cardiov_core.ui.opening.demo import FILL_KEY, REMOVE_KEY
from cardiov_core.ui.opening.samples import _picture
from cardiov_core.ui.opening.tour import BACK_KEY, END_KEY, NEXT_KEY, SHOW_KEY, STEPS


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_the_tour_has_six_steps_forth_and_back(app: AppTest) -> None:
    app.button(key=SHOW_KEY).click().run()
    assert len(STEPS) == 6
    for number in range(1, 6):
        assert f"{number} of 6" in said(app)
        app.button(key=NEXT_KEY).click().run()
    assert "6 of 6" in said(app)
    assert not any(button.key == NEXT_KEY for button in app.button)
    app.button(key=BACK_KEY).click().run()
    assert "5 of 6" in said(app)
    app.button(key=END_KEY).click().run()
    assert "of 6" not in said(app)
    assert not app.exception


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_tile_draws_the_whole_of_its_waves(condition: str) -> None:
    """The S waves of left bundle branch block were cut off flat."""
    drawing = base64.b64decode(_picture(condition, dark=False).split(",")[1]).decode()
    heights = [float(point.split(",")[1]) for point in drawing.split('points="')[1].split('"')[0].split()]
    for edge in (min(heights), max(heights)):
        assert 0 < edge < 60
        assert heights.count(edge) <= 2, "an edge is a peak, not a cut"


@pytest.mark.slow
def test_one_button_fills_a_demo_study_and_another_removes_it(app: AppTest) -> None:
    app.button(key=FILL_KEY).click().run(timeout=120)
    assert not app.exception
    assert "Demo study" in said(app)
    app.switch_page("pages/agreement.py")
    # AppTest runs a page without app.py, whose navigation says which page it is.
    app.session_state["cardiov_page_title"] = "Agreement"
    app.run()
    assert "Demo study" in said(app)
    assert app.metric, "agreement has numbers"
    app.button(key=REMOVE_KEY).click().run()
    assert "Demo study" not in said(app)
    assert any(button.key == FILL_KEY for button in app.button), "and nothing of it is left"
