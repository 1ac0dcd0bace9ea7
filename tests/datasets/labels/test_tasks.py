"""The tasks of the benchmark and of the challenges."""

import pytest

from cardiov_core.datasets.labels.tasks import all_tasks, statement_row, task_of
from cardiov_core.errors import ConfigurationError

SIZES = {
    "critical-value": 3,
    "all": 71,
    "diagnostic": 44,
    "subdiagnostic": 23,
    "superdiagnostic": 5,
    "form": 19,
    "rhythm": 12,
    "age": 1,
    "sex": 1,
    "cinc2020": 24,
    "cinc2021": 26,
}


def test_tasks_have_as_many_outputs_as_published() -> None:
    assert {name: len(task.outputs) for name, task in all_tasks().items()} == SIZES


def test_a_record_has_the_classes_of_its_diagnostic_statements() -> None:
    row = statement_row(task_of("superdiagnostic"), {"IMI", "LAFB", "SR"})
    assert dict(zip(task_of("superdiagnostic").outputs, row or (), strict=True)) == {
        "CD": 1.0,
        "HYP": 0.0,
        "MI": 1.0,
        "NORM": 0.0,
        "STTC": 0.0,
    }
    sub = statement_row(task_of("subdiagnostic"), {"ASMI"})
    assert sub is not None
    assert task_of("subdiagnostic").outputs[sub.index(1.0)] == "AMI"


def test_a_record_without_a_label_of_the_task_is_no_part_of_it() -> None:
    assert statement_row(task_of("form"), {"NORM", "SR"}) is None
    assert statement_row(task_of("rhythm"), {"NORM", "SR"}) is not None


def test_unknown_task_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no task named 'weight'"):
        task_of("weight")
