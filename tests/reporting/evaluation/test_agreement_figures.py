"""Figures of agreement: what they plot, and what stands where there is no number."""

from dataclasses import replace

import pytest

from cardiov_core.domain import Severity, Verdict
from cardiov_core.evaluation.agreement.agreement_study import Cell, Comparison
from cardiov_core.evaluation.agreement.estimates import Estimate, Statistic, pair_agreement, share
from cardiov_core.evaluation.agreement.formulas import case_tables
from cardiov_core.evaluation.agreement.sides import VerdictShares
from cardiov_core.reporting.evaluation.agreement_figures import agreement_figure, confusion_figure, verdict_figure
from cardiov_core.reporting.evaluation.agreement_words import counted, estimate_text, in_table, with_interval

LEVELS = [0, 1, 2, 3] * 6


def comparison(n: int = 24) -> Comparison:
    """Two readings that agree in all but one case."""
    first, second = LEVELS[:n], [*LEVELS[: n - 1], 0]
    cells = tuple(
        tuple(
            Cell(len(ids), tuple(ids))
            for column in Severity
            for ids in [[str(i) for i in range(n) if (first[i], second[i]) == (row, column)]]
        )
        for row in Severity
    )
    return Comparison("Grader", "Ada", n, pair_agreement(case_tables(first, second), n_resamples=100), cells)


def test_verdicts_stand_beside_the_papers() -> None:
    ours = VerdictShares(
        "By case", 40, {Verdict.MODEL: share(30, 40), Verdict.LABEL: share(10, 40), Verdict.NEITHER: share(0, 40)}
    )
    dots, paper = verdict_figure(ours).data
    assert list(dots.x) == [75.0, 25.0, 0.0]
    assert list(paper.x) == pytest.approx([53.56, 38.43, 8.01], abs=5e-3)
    assert list(dots.y) == list(paper.y) == [0, 1, 2]
    assert dots.error_x.array[0] == pytest.approx(100 * (ours.shares[Verdict.MODEL].high or 0) - 75)
    few = VerdictShares("By case", 3, dict.fromkeys(Verdict, share(1, 3)))
    assert len(verdict_figure(few).data[0].x) == 0
    assert len(verdict_figure(few).data[1].x) == 3


@pytest.mark.parametrize("dark", [False, True])
def test_a_comparison_without_a_number_keeps_its_row_and_says_why(dark: bool) -> None:
    figure = agreement_figure([comparison(), comparison(10)], Statistic.KAPPA, dark=dark)
    assert list(figure.data[0].y) == [0]
    assert [note.text for note in figure.layout.annotations] == ["too few (n < 20)"]
    assert figure.layout.annotations[0].y == 1
    assert list(figure.layout.yaxis.ticktext) == ["Grader / Ada", "Grader / Ada"]


def test_long_names_and_the_axis_title_leave_a_phone_its_intervals() -> None:
    """At 390 px the title was cut: it was centred on an axis that names had left a quarter of the width."""
    long = replace(comparison(), first="Reader A (made up)", second="Reader B (made up)")
    figure = agreement_figure([long], Statistic.KAPPA)
    assert list(figure.layout.yaxis.ticktext) == ["Reader A (made up) /<br>Reader B (made up)"]
    assert not figure.layout.xaxis.title.text
    assert (figure.layout.title.xref, figure.layout.title.xanchor) == ("container", "right")


def test_shares_are_per_cent_and_the_axis_holds_every_limit() -> None:
    exact = agreement_figure([comparison()], Statistic.EXACT)
    assert exact.data[0].x[0] == pytest.approx(100 * 23 / 24)
    below = replace(comparison(), agreement={Statistic.KAPPA: Estimate(24, -0.2, -0.6, 0.1)})
    assert agreement_figure([below], Statistic.KAPPA).layout.xaxis.range[0] == -0.6


@pytest.mark.parametrize("dark", [False, True])
def test_cells_can_be_selected_and_tell_their_levels(dark: bool) -> None:
    matrix = comparison()
    heat, points = confusion_figure(matrix, dark=dark).data
    assert len(points.x) == 16
    for x, y, code, text in zip(points.x, points.y, points.customdata, points.text, strict=True):
        assert divmod(int(code), 4) == (y, x)
        assert int(text) == matrix.cells[y][x].count == heat.z[y][x]
    assert matrix.cells[3][0].count == 1


def test_words() -> None:
    kappa, few = Estimate(30, 0.614, 0.523, 0.7), share(3, 7)
    assert with_interval(kappa) == "0.61 (0.52 to 0.70)"
    assert in_table(kappa) == "0.61 (0.52, 0.70)"
    assert in_table(share(361, 674), as_share=True) == "53.6 (49.8, 57.3)"
    assert estimate_text(few) == in_table(few) == "too few (n < 20)"
    assert counted(few) == "3 of 7"
    assert counted(share(361, 674)) == "361 of 674: 53.6\u2009% (49.8 to 57.3\u2009%)"
