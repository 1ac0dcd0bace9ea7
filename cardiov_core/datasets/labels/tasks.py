"""What a network may learn: PTB-XL's statements in their groups, age, sex, the critical value, CinC's classes.

The PTB-XL tasks are those of the benchmark (Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989): a record counts in
a task if it has a label of it, whatever the likelihood of the label.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from cardiov_core.datasets.labels.challenge import Year, challenge_classes
from cardiov_core.datasets.ptbxl.statement_classes import statement_classes
from cardiov_core.errors import ConfigurationError

TaskKind = Literal["labels", "levels", "number"]
"""Several labels a record, thresholds of the critical value, or a number."""


@dataclass(frozen=True)
class Task:
    """What is learned.

    Attributes
    ----------
    name : str
        As it is asked for.
    title : str
        In words.
    kind : {"labels", "levels", "number"}
        What the outputs are.
    outputs : tuple of str
        A name an output.
    source : {"ptb-xl", "cinc"}
        Which records have it.
    """

    name: str
    title: str
    kind: TaskKind
    outputs: tuple[str, ...]
    source: Literal["ptb-xl", "cinc"] = "ptb-xl"


LEVEL_OUTPUTS = ("above_no", "above_low", "above_medium")
"""The three exceedances of the critical value."""


@cache
def all_tasks() -> Mapping[str, Task]:
    """Return every task by name."""
    known = statement_classes().values()

    def codes(kept: Callable[..., bool]) -> tuple[str, ...]:
        return tuple(one.code for one in known if kept(one))

    def classes(level: Literal["subclass", "superclass"]) -> tuple[str, ...]:
        return tuple(sorted({getattr(one, level) for one in known if one.diagnostic}))

    tasks = [
        Task("critical-value", "The critical value", "levels", LEVEL_OUTPUTS),
        Task("all", "All statements", "labels", codes(lambda one: True)),
        Task("diagnostic", "Diagnostic statements", "labels", codes(lambda one: one.diagnostic)),
        Task("subdiagnostic", "Diagnostic subclasses", "labels", classes("subclass")),
        Task("superdiagnostic", "Diagnostic superclasses", "labels", classes("superclass")),
        Task("form", "Form statements", "labels", codes(lambda one: one.form)),
        Task("rhythm", "Rhythm statements", "labels", codes(lambda one: one.rhythm)),
        Task("age", "Age in years", "number", ("age",)),
        Task("sex", "Sex", "labels", ("male",)),
        _challenge_task(2020),
        _challenge_task(2021),
    ]
    return {task.name: task for task in tasks}


def _challenge_task(year: Year) -> Task:
    names = tuple(one.abbreviation for one in challenge_classes(year))
    return Task(f"cinc{year}", f"The scored classes of the challenge of {year}", "labels", names, "cinc")


def task_of(name: str) -> Task:
    """Return a task.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    """
    if name not in all_tasks():
        raise ConfigurationError(f"There is no task named {name!r}.", f"Choose one of: {', '.join(all_tasks())}.")
    return all_tasks()[name]


def statement_row(task: Task, codes: Collection[str]) -> tuple[float, ...] | None:
    """Return a PTB-XL record's labels in a task of statements, None where it has none of them.

    Parameters
    ----------
    task : Task
        Of statements or of their classes.
    codes : collection of str
        The record's statements, whatever their likelihood.
    """
    known = statement_classes()
    if task.name in ("subdiagnostic", "superdiagnostic"):
        level = task.name.removesuffix("diagnostic") + "class"
        had = {getattr(known[code], level) for code in codes if code in known and known[code].diagnostic}
    else:
        had = set(codes)
    row = tuple(float(output in had) for output in task.outputs)
    return row if any(row) else None
