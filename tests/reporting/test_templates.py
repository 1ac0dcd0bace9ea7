"""Templates of reports: every value is escaped, and a value that is not given is no gap."""

import pytest
from jinja2 import UndefinedError

from cardiov_core.reporting.templates import html_table, render


def test_cells_are_escaped_and_the_first_names_the_row() -> None:
    text = html_table(("Who", "n"), [("<b>", "1 & 2")], caption='"x"', cells=("", "cv-n"))
    assert '<th scope="row">&lt;b&gt;</th><td class="cv-n">1 &amp; 2</td>' in text
    assert "<caption>&#34;x&#34;</caption>" in text
    assert text.startswith('<div class="scroll"><table>')


def test_a_report_whose_values_are_missing_is_not_written() -> None:
    with pytest.raises(UndefinedError):
        render("evaluation.html", title="x")
