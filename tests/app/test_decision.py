"""The decision on the Performance page: its sliders, and an installation that makes it its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.inference.uncertainty.decision import OwnDecision
from cardiov_core.review import Store
from cardiov_core.ui.evaluation.decision import MISS_KEY, OWN_KEY, SHIPPED_KEY, WARD_KEY
from cardiov_core.ui.frame.session import Key


def _shown(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def _missed(app: AppTest) -> list[float]:
    """Return the missed patients as shipped, with the chosen cost, and by the most probable level."""
    row = _shown(app).split("and are medium or high (missed)")[1].split("</tr>")[0]
    cells = [cell.split(">")[-1] for cell in row.split("</td>") if "(" in cell]
    return [float(cell.split(" (")[0]) for cell in cells]


@pytest.fixture(autouse=True)
def _measured(repository: Path) -> None:
    if not (repository / "weights" / "evaluations").is_dir():
        pytest.skip("no shipped evaluation")


def test_sliders_move_what_would_happen_to_a_thousand_patients(open_page: Callable[..., AppTest]) -> None:
    app = open_page("performance", None)
    assert not app.exception
    app.select_slider(key=MISS_KEY).set_value(1.0).run()
    cheap = _missed(app)
    app.select_slider(key=MISS_KEY).set_value(8.0).run()
    dear = _missed(app)
    assert dear[1] < cheap[1]
    assert (dear[0], dear[2]) == (cheap[0], cheap[2])
    app.slider(key=WARD_KEY).set_value(5).run()
    assert all(few < many for few, many in zip(_missed(app), dear, strict=True))
    assert not app.exception


def test_an_administrator_makes_it_the_installations_own_and_pages_say_so(
    open_page: Callable[..., AppTest], store: Store
) -> None:
    review.ensure_reader(store, "Ada")
    app = open_page("performance", None)
    app.text_input(key="reader_name_decision").set_value("Ada")
    app.button(key="reader_start_decision").click().run()
    app.select_slider(key=MISS_KEY).set_value(4.0).run()
    app.button(key=OWN_KEY).click().run()
    assert not app.exception
    assert review.own_decision_of(store) == OwnDecision(4.0)
    assert "a miss counts 4 times as much" in _shown(app)
    app.switch_page("pages/analyze.py").run()
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    assert "a miss counts 4 times as much" in _shown(app)
    app.switch_page("pages/performance.py").run()
    app.button(key=SHIPPED_KEY).click().run()
    assert review.own_decision_of(store) is None
    app.switch_page("pages/analyze.py").run()
    assert "a miss counts" not in _shown(app)


def test_nobody_but_an_administrator_may(open_page: Callable[..., AppTest], store: Store) -> None:
    review.ensure_reader(store, "Ada")
    review.ensure_reader(store, "Eve")
    app = open_page("performance", None)
    app.text_input(key="reader_name_decision").set_value("Eve")
    app.button(key="reader_start_decision").click().run()
    assert not [button for button in app.button if button.key == OWN_KEY]
    assert "Eve is no administrator." in "\n".join(element.value for element in app.markdown)
