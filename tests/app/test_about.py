"""About through app.py."""

import re
from collections import Counter

from streamlit.testing.v1 import AppTest

from cardiov_core.statements import STATEMENTS


def test_about_shows_every_statement_and_what_the_level_cannot_see(app: AppTest) -> None:
    app.switch_page("pages/about.py").run()
    assert not app.exception
    assert not app.error
    tables = [element.proto.body for element in app.get("html")]
    statements = next(table for table in tables if ">Statement<" in table)
    rows = re.findall(r"<tr>\s*<th[^>]*>(\d)</th>\s*<td[^>]*>[^<]*</td>\s*<td[^>]*>([^<]*)</td>", statements)
    assert len(rows) == 71
    assert {code for _, code in rows} == set(STATEMENTS)
    assert Counter(int(level) for level, _ in rows) == {0: 3, 1: 28, 2: 26, 3: 14}, "Table 2 of the paper"
    assert not app.dataframe, "a grid widget prints as an empty box"
    text = "\n".join(element.proto.body for element in app.get("html"))
    for blind_spot in ("ST elevation", "old infarct", "Ventricular tachycardia", "hyperkalaemia", "Brugada"):
        assert blind_spot in text
    assert "Not a medical device" in text
    assert "CC BY 4.0" in text


def test_about_shows_a_card_for_the_model_in_use(app: AppTest) -> None:
    app.switch_page("pages/about.py").run()
    text = "\n".join(element.proto.body for element in app.get("html"))
    assert any(heading.value.startswith("Grader ") for heading in app.subheader)
    assert "SHA-256 of the weights" in text
