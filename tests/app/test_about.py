"""About through app.py."""

from streamlit.testing.v1 import AppTest

from cardiov_core.statements import STATEMENTS


def test_about_shows_every_statement_and_what_the_level_cannot_see(app: AppTest) -> None:
    app.switch_page("pages/about.py").run()
    assert not app.exception
    assert not app.error
    tables = [frame.value for frame in app.dataframe]
    statements = next(table for table in tables if "Statement" in table.columns)
    assert len(statements) == 71
    assert set(statements["Code"]) == set(STATEMENTS)
    by_level = statements.groupby("Level").size().to_dict()
    assert by_level == {0: 3, 1: 28, 2: 26, 3: 14}, "Table 2 of the paper"
    text = "\n".join(element.proto.body for element in app.get("html"))
    for blind_spot in ("ST elevation", "old infarct", "Ventricular tachycardia", "hyperkalaemia", "Brugada"):
        assert blind_spot in text
    assert "Not a medical device" in text
    assert "CC BY 4.0" in text


def test_about_shows_a_card_for_the_model_in_use(app: AppTest) -> None:
    app.switch_page("pages/about.py").run()
    text = "\n".join(element.proto.body for element in app.get("html"))
    assert any(heading.value.startswith("Model ") for heading in app.subheader)
    assert "SHA-256 of the weights" in text
