from dataclasses import replace

import pytest

from cardiov_core.domain import STANDARD_LEADS, Explanation, Window
from cardiov_core.reporting.words.explanation import leads_line, leads_standing_out

FLAT = dict.fromkeys(STANDARD_LEADS, 0.1)


def _explained(leads: dict[str, float] | None, withheld: str = "") -> Explanation:
    return Explanation("net", "level 3", {}, Window(0, 10), leads=leads, leads_withheld=withheld)


def test_leads_that_stand_out_come_the_most_important_first() -> None:
    found = _explained({**FLAT, "V2": 0.8, "V3": 0.4, "aVR": -0.9})
    assert leads_standing_out(found) == {"V2": 1.0, "V3": pytest.approx(0.5)}
    line = leads_line(found)
    assert "what level 3 loses" in line
    assert "V2 0.80, V3 0.40." in line


def test_leads_that_count_alike_or_against_it_are_not_named() -> None:
    for leads in (FLAT, dict.fromkeys(STANDARD_LEADS, -0.3)):
        assert leads_standing_out(_explained(leads)) == {}
        assert "No lead was looked at more than 2 times" in leads_line(_explained(leads))


def test_what_is_withheld_says_why() -> None:
    found = _explained(None, "Which leads count for High risk is withheld.")
    assert leads_line(found) == "Which leads count for High risk is withheld."
    assert leads_standing_out(replace(found, leads=None)) == {}
