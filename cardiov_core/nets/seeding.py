"""Random weights that come out the same, without disturbing anybody else's random numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch for a stretch of code and give its state back afterwards.

    Parameters
    ----------
    seed : int
        Of torch's own generator on the CPU.
    """
    before = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)
