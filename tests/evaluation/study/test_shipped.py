"""The evaluation beside the weights: the records of a cell."""

import pandas as pd

from cardiov_core.domain import Severity
from cardiov_core.evaluation.study.shipped import cases_of_cell

PREDICTIONS = pd.DataFrame(
    {
        "ecg_id": [5, 6, 7, 8],
        "label": [3, 3, 3, 0],
        "level": [0, 0, 3, 0],
        "p0": [0.6, 0.9, 0.1, 0.7],
        "p1": [0.1, 0.1, 0.1, 0.1],
        "p2": [0.1, 0.0, 0.1, 0.1],
        "p3": [0.2, 0.0, 0.7, 0.1],
        "out_of_fold": [True, False, True, True],
        "statement": ["IMI", "ASMI", "IMI", "NORM"],
    }
)


def test_a_cell_holds_its_records_the_surest_first() -> None:
    cases = cases_of_cell(PREDICTIONS, Severity.HIGH_RISK, Severity.NO_RISK)
    assert [case.ecg_id for case in cases] == [6, 5]
    assert [case.certainty for case in cases] == [0.9, 0.6]
    assert [case.out_of_fold for case in cases] == [False, True]
    assert [case.statement.code for case in cases if case.statement is not None] == ["ASMI", "IMI"]
    assert cases_of_cell(PREDICTIONS, Severity.LOW_RISK, Severity.NO_RISK) == ()


def test_an_evaluation_that_names_no_statement_has_cells_all_the_same() -> None:
    (case,) = cases_of_cell(PREDICTIONS.drop(columns="statement"), Severity.NO_RISK, Severity.NO_RISK)
    assert (case.ecg_id, case.statement) == (8, None)
