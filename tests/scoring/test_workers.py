"""Worker processes: what they return, what their end costs, and that none outlives its owner."""

import operator
import os
import time
from concurrent.futures import CancelledError

import pytest

from cardiov_core.errors import CardioVError, ProcessLostError, TimeLimitError, WeightsError
from cardiov_core.scoring import Workers
from cardiov_core.weights import load_card

# The state is a number: the first argument of every function.


def test_tasks_come_back_in_order_and_a_lost_process_costs_one_task() -> None:
    with Workers(1, int, "20") as workers:
        assert [future.result() for future in workers.in_order(operator.sub, range(12))] == [*range(20, 8, -1)]
        (first,) = workers.process_ids
        lost = workers.submit(os._exit)
        with pytest.raises(ProcessLostError, match=r"ended 2 times \(exit 20\)"):
            lost.result()
        slow = workers.submit(time.sleep, timeout_s=0.1)
        with pytest.raises(TimeLimitError, match=r"longer than 0\.1 s"):
            slow.result()
        wrong = workers.submit(operator.truediv, 0)
        with pytest.raises(CardioVError, match="did not foresee"):
            wrong.result()
        with pytest.raises(TypeError):
            workers.submit(operator.add, memoryview(b"no pipe takes it")).result()
        assert workers.submit(operator.add, 1).result() == 21
        (last,) = workers.process_ids
        assert last != first
    assert not _runs(last)


def test_a_killed_process_is_started_again_with_its_task() -> None:
    with Workers(1, float, "0.5") as workers:
        assert workers.submit(operator.neg).result() == -0.5
        (process,) = workers.process_ids
        future = workers.submit(time.sleep)
        os.kill(process, 9)
        assert future.result() is None


def test_a_state_that_cannot_be_made_is_said_by_every_task() -> None:
    with Workers(1, load_card, "nosuch") as workers:
        for _ in range(2):
            with pytest.raises(WeightsError, match="nosuch"):
                workers.submit(str).result()


def test_closing_ends_what_is_at_work_and_cancels_the_rest() -> None:
    workers = Workers(1, int, "60")
    futures = [workers.submit(time.sleep) for _ in range(3)]
    while not workers.process_ids:
        time.sleep(0.01)
    workers.close()
    assert not workers.process_ids
    for future in futures:
        with pytest.raises((ProcessLostError, CancelledError)):
            future.result(timeout=5)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
