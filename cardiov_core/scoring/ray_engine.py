"""The same run on the machines of a Ray cluster: Ray Data hands out parts, an actor each core scores them.

An actor writes its part as the local run does, whole or not at all, and drives a worker process of its own, so that a
record that ends a process has the same row here and there. A machine or an actor that is lost costs the part at work:
Ray gives it to another one.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from cardiov_core import errors
from cardiov_core.backends import chosen_backend
from cardiov_core.computing import computing
from cardiov_core.errors import CardioVError, ConfigurationError
from cardiov_core.scoring.plan import read_plan
from cardiov_core.scoring.score_records import PLAN_FILE, Run, rows_from, write_part
from cardiov_core.scoring.scorer import Grading, Scorer
from cardiov_core.scoring.workers import Workers
from cardiov_core.weights import load_card

_ADDRESS = "RAY_ADDRESS"


class _Outcome(TypedDict):
    """How many rows a part has, or the error that ended it; its name is empty where there was none."""

    n_rows: int
    error: str
    message: str
    hint: str


class _Outcomes(TypedDict):
    """The outcomes of a batch of parts, a column each, as Ray takes them."""

    n_rows: list[int]
    error: list[str]
    message: list[str]
    hint: list[str]


def score_parts_by_ray(run: Run, grading: Grading, n_actors: int | None) -> None:
    """Score and write the parts that are left.

    `run`: the parts, and who is told of them. `n_actors`: how many parts are worked on at once; one per core of the
    cluster by default.
    """
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise ConfigurationError("Ray is not installed.", 'Install it: pip install "cardiov[scale]"') from error
    if not run.parts_left:
        return
    # Ray reports its use to its makers unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = os.environ.get(_ADDRESS, "local")
    n_cpus = n_actors if address == "local" else None
    try:
        ray.init(
            address=address,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            num_cpus=n_cpus,
            runtime_env=None if address == "local" else {"env_vars": _computing_here()},
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigurationError(f"No Ray cluster at {address}: {error}.", f"Mend or unset {_ADDRESS}.") from error
    try:
        resources = ray.cluster_resources()
        count = n_actors or max(int(resources.get("CPU", 1)), 1)
        ray.data.DataContext.get_current().enable_progress_bars = False
        scored = ray.data.from_items([{"part": part} for part in run.parts_left]).map_batches(
            _PartScorer,
            fn_constructor_args=(grading, str(run.folder.absolute())),
            batch_size=1,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=min(count, len(run.parts_left))),
        )
        for outcome in scored.iter_rows():
            if outcome["error"]:
                raise _revived(outcome)
            run.count(int(outcome["n_rows"]))
    finally:
        ray.shutdown()


def _computing_here() -> dict[str, str]:
    """Return variables by which all machines compute on what this one would: a row is the same wherever it is made."""
    return {"CARDIOV_BACKEND": chosen_backend(), "CARDIOV_PRECISION": computing().precision}


class _PartScorer:
    """An actor: scores parts of a plan that lies where all machines see it."""

    def __init__(self, grading: Grading, folder: str) -> None:
        self._folder = Path(folder)
        self._plan = read_plan(self._folder / PLAN_FILE)
        self._card = load_card(grading.model)
        self._workers = Workers(1, Scorer, grading)

    def __call__(self, batch: Mapping[str, Sequence[int]]) -> "_Outcomes":
        """Score and write the parts of a batch, and tell how many rows each has or what ended it."""
        outcomes: _Outcomes = {"n_rows": [], "error": [], "message": [], "hint": []}
        for part in batch["part"]:
            try:
                rows = list(rows_from(self._workers, self._plan.entries([int(part)]), self._card))
                write_part(self._folder, int(part), rows)
                n_rows, name, message, hint = len(rows), "", "", ""
            except CardioVError as error:
                n_rows, name, message, hint = 0, type(error).__name__, error.message, error.hint
            outcomes["n_rows"].append(n_rows)
            outcomes["error"].append(name)
            outcomes["message"].append(message)
            outcomes["hint"].append(hint)
        return outcomes


def _revived(outcome: _Outcome) -> CardioVError:
    error: CardioVError = getattr(errors, outcome["error"])(outcome["message"], outcome["hint"])
    return error
