"""Several processes that train one network together, on one machine or on several: PyTorch's own, started by torchrun.

Every process has the whole network and draws its own part of each batch; gradients are averaged before each step, so
that all take the same one. The first process alone writes: checkpoints, log, curve, weights.

What differs from one process: batch normalisation sees the part and not the whole batch, as everywhere without
synchronised statistics, and windows are changed and values dropped by each process's own random numbers. First weights
and the first epoch's order are those of one process. With one process nothing here does anything.
"""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn

from cardiov_core.errors import TrainingError

_OF_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK")


def torchrun_command(n_processes: int, arguments: Sequence[str]) -> list[str]:
    """Return the command that runs ``cardiov ARGUMENTS`` in several processes of this machine."""
    return [
        *(sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={n_processes}"),
        *("--rdzv-backend=c10d", "--rdzv-endpoint=localhost:0", "--local-addr=127.0.0.1", "--max-restarts=0"),
        *("-m", "cardiov_core", *arguments),
    ]


def started_by_torchrun() -> bool:
    """Tell whether this process is one of several that torchrun started."""
    return all(name in os.environ for name in _OF_TORCHRUN)


def is_first_of_torchrun() -> bool:
    """Tell whether this process is the first that torchrun started, or one alone; also before and after they join."""
    return os.environ.get("RANK", "0") == "0" or not started_by_torchrun()


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that torchrun started, for as long as the context lasts."""
    if not started_by_torchrun() or distributed.is_initialized():
        yield
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    # Gradients of convolutions come channel by channel (see cardiov_core.nets.cardiov); copying them costs little.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def rank() -> int:
    """Return the number of this process, 0 for the first and for one alone."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def size() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    """Tell whether this process is the one that writes."""
    return rank() == 0


def own_part(batch: Tensor) -> Tensor:
    """Return this process's part of the records of a batch: every n-th of them."""
    return batch[rank() :: size()]


def check_batch(batch_size: int) -> None:
    """Refuse a batch that cannot be shared out evenly."""
    if batch_size % size() or batch_size // size() < 2:
        raise TrainingError(
            f"A batch of {batch_size} records cannot be shared out evenly among {size()} processes.",
            "Choose a number of processes that divides batch_size, with two records or more for each.",
        )


def together(model: nn.Module) -> nn.Module:
    """Return the model with its gradients averaged over the processes, or itself where there is one."""
    if size() == 1:
        return model
    return nn.parallel.DistributedDataParallel(model)


def mean(value: float) -> float:
    """Return the mean of a number over the processes."""
    return value if size() == 1 else float(sum(part[0] for part in gathered(torch.tensor([value]))) / size())


def align(model: nn.Module) -> None:
    """Give every process the first one's running statistics: each has counted its own parts alone."""
    if size() > 1:
        for buffer in model.buffers():
            distributed.broadcast(buffer, 0)


def gathered(values: Tensor) -> list[Tensor]:
    """Return every process's tensor, of one shape and on the CPU, in the order of their numbers."""
    if size() == 1:
        return [values]
    where = torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")
    parts = [torch.empty_like(values, device=where) for _ in range(size())]
    distributed.all_gather(parts, values.to(where))
    return [part.cpu() for part in parts]


def stacked(values: Tensor) -> Tensor:
    """Return every process's tensor stacked, for a checkpoint; the tensor itself where there is one process."""
    return values if size() == 1 else torch.stack(gathered(values))


def own_of(values: Tensor) -> Tensor:
    """Return this process's tensor out of what `stacked` returned."""
    return values if size() == 1 else values[rank()].clone()


def own_generator(shared: torch.Generator, seed: int) -> torch.Generator:
    """Return what a process alone draws from, and seed its dropout; the shared source where there is one process."""
    if size() == 1:
        return shared
    own_seed = int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(seed))) + rank()
    torch.manual_seed(own_seed)
    return torch.Generator().manual_seed(own_seed)


def wait() -> None:
    """Wait until every process is here: what the first one writes is there for all then."""
    if size() > 1:
        distributed.barrier()
