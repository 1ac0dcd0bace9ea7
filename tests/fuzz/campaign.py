"""Many executions in a child process: mutants that reach new lines become seeds, and every fault is kept.

A child that dies or hangs takes its drop with it: what it had in hand lies on disk, and the next child goes on.
"""

import json
import os
import resource
import signal
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.execute import LIMIT_CPU_S, LIMIT_MB, Tracer, execute
from tests.fuzz.mutate import members, mutant
from tests.fuzz.seeds import Files, packed

_MAX_ADDRESS_BYTES = 4 * 1024**3
# To trace costs five times the reading. A campaign begins with many traces, while most mutants reach new lines; later
# new kinds of results show what is new, too.
_TRACED_AT_FIRST, _TRACED_LATER, _AT_FIRST = 3, 40, 2_000
_EXPORTED = 50
_TOLD_EVERY = 100
# Mutants that are mutated further: the process is to be as large as its readers, not as what it collects.
_MOST_KEPT = 500
_ENOUGH = 20
"""Faults of one place that are kept as files."""


@dataclass
class Tally:
    """What a campaign came to.

    Attributes
    ----------
    executions, records, refusals : int
        Drops read, records and errors in words that came out (an archive gives several).
    faults : dict of str to int
        Kind and place of each fault -> how often.
    longest_cpu_s, peak_mb : float
        The most of one execution.
    n_lines, n_kept : int
        Lines of readers and decoders that ran; mutants that reached new ones.
    seconds : float
        Of wall time.
    """

    executions: int = 0
    records: int = 0
    refusals: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    longest_cpu_s: float = 0.0
    peak_mb: float = 0.0
    n_lines: int = 0
    n_kept: int = 0
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """How many executions ended in a fault."""
        return sum(self.faults.values())

    def add(self, other: "Tally") -> None:
        """Add another child's."""
        self.executions += other.executions
        self.records += other.records
        self.refusals += other.refusals
        self.faults = dict(Counter(self.faults) + Counter(other.faults))
        self.longest_cpu_s = max(self.longest_cpu_s, other.longest_cpu_s)
        self.peak_mb = max(self.peak_mb, other.peak_mb)
        self.n_lines = max(self.n_lines, other.n_lines)
        self.n_kept += other.n_kept


def run(seeds: Sequence[Files], executions: int, seed: int, folder: Path) -> Tally:
    """Execute so many mutants.

    Parameters
    ----------
    seeds : sequence of drops
        What is mutated first.
    executions : int
        How many.
    seed : int
        Of the random numbers.
    folder : Path
        Takes the tally while it grows (`tally.json`), faults (`faults/`) and kept mutants (`kept/`); those that lie
        there already are seeds as well.
    """
    for name in ("faults", "kept"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    total, began, child = Tally(), time.monotonic(), 0
    while total.executions < executions:
        part = _one_child(seeds, executions - total.executions, 1000 * seed + child, folder, total)
        total.add(part)
        total.seconds = time.monotonic() - began
        (folder / "tally.json").write_text(json.dumps(asdict(total), indent=1))
        child += 1
    return total


def _one_child(seeds: Sequence[Files], executions: int, seed: int, folder: Path, before: Tally) -> Tally:
    progress = folder / "child.json"
    progress.write_text(json.dumps(asdict(Tally())))
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _Child(seeds, seed, folder, before).work(executions)
            code = 0
        except BaseException:  # noqa: BLE001 - the child must end here, whatever it is
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    tally = Tally(**json.loads(progress.read_text()))
    if os.WIFSIGNALED(status):
        # Since the last note it did more, but nobody counted.
        tally.executions += 1
        kind = f"died of {signal.Signals(os.WTERMSIG(status)).name}"
        tally.faults[kind] = tally.faults.get(kind, 0) + 1
        (folder / "in-hand.zip").replace(folder / "faults" / f"{seed}-died.zip")
    elif os.WEXITSTATUS(status):
        raise RuntimeError("The fuzzer itself failed; see above.")
    return tally


class _Child:
    def __init__(self, seeds: Sequence[Files], seed: int, folder: Path, before: Tally) -> None:
        self._random = Random(seed)  # noqa: S311 - mutants, nothing secret
        self._folder = folder
        self._seeds = list(seeds)
        kept = sorted((folder / "kept").iterdir())
        kept = self._random.sample(kept, min(_MOST_KEPT, len(kept)))
        self._kept = [found for path in kept if (found := members(path.read_bytes()))]
        self._lines: set[tuple[str, int]] = set()
        self._kinds: set[str] = set()
        self._tracer = Tracer()
        self._tally = Tally(n_lines=before.n_lines)
        self._began, self._before = time.monotonic(), before

    def work(self, executions: int) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_ADDRESS_BYTES, _MAX_ADDRESS_BYTES))
        for drop in (*self._seeds, *self._kept):
            if self._tally.executions == executions:
                break
            self._execute(drop, traced=True)
        while self._tally.executions < executions:
            pool = self._kept if self._kept and self._random.random() < 0.5 else self._seeds
            drop = mutant(self._random.choice(pool), self._seeds, self._random)
            before = self._before.executions + self._tally.executions
            every = _TRACED_AT_FIRST if before < _AT_FIRST else _TRACED_LATER
            self._execute(drop, traced=before % every == 0)
            if self._tally.executions % _TOLD_EVERY == 0:
                self._tell()
        self._tell()

    def _execute(self, drop: Files, *, traced: bool) -> None:
        (self._folder / "in-hand.zip").write_bytes(packed(drop, compression=zipfile.ZIP_STORED))
        number = self._tally.executions
        self._tally.executions += 1
        stated, export = number % 2 == 0, number % _EXPORTED == 0
        # Its default action ends the process, whatever library is at work.
        signal.setitimer(signal.ITIMER_PROF, (4 if traced else 2) * LIMIT_CPU_S)
        try:
            outcome = execute(drop, stated=stated, export=export, tracer=self._tracer if traced else None)
            if traced and outcome.cpu_s > LIMIT_CPU_S:
                outcome = execute(drop, stated=stated, export=export)
        except Exception as error:  # noqa: BLE001 - to see what comes out is what this is for
            self._fault(drop, _place(error))
            return
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        kinds = Counter("record" if kind.partition(" ")[0][-5:] != "Error" else "refusal" for kind in outcome.kinds)
        self._tally.records += kinds["record"]
        self._tally.refusals += kinds["refusal"]
        self._tally.peak_mb = max(self._tally.peak_mb, outcome.peak_mb)
        if not traced:
            self._tally.longest_cpu_s = max(self._tally.longest_cpu_s, outcome.cpu_s)
        if outcome.cpu_s > LIMIT_CPU_S:
            self._fault(drop, f"took {outcome.cpu_s:.0f} s of processor time")
        elif outcome.peak_mb > LIMIT_MB:
            self._fault(drop, "took too much memory")
        if (outcome.lines - self._lines or set(outcome.kinds) - self._kinds) and number >= len(self._seeds):
            self._keep(drop)
        self._lines |= outcome.lines
        self._kinds |= set(outcome.kinds)
        self._tally.n_lines = max(self._tally.n_lines, len(self._lines))

    def _keep(self, drop: Files) -> None:
        if len(self._kept) < _MOST_KEPT:
            self._kept.append(drop)
        else:
            self._kept[self._random.randrange(_MOST_KEPT)] = drop
        self._tally.n_kept += 1
        (self._folder / "kept" / f"{os.getpid()}-{self._tally.n_kept}.zip").write_bytes(packed(drop))

    def _fault(self, drop: Files, kind: str) -> None:
        count = self._tally.faults[kind] = self._tally.faults.get(kind, 0) + 1
        if count <= _ENOUGH:
            name = "".join(letter if letter.isalnum() else "-" for letter in kind)[:80]
            (self._folder / "faults" / f"{name}-{os.getpid()}-{count}.zip").write_bytes(packed(drop))
        self._tell()

    def _tell(self) -> None:
        text = json.dumps(asdict(self._tally), indent=1)
        (self._folder / "child.json.new").write_text(text)
        (self._folder / "child.json.new").replace(self._folder / "child.json")


def _place(error: Exception) -> str:
    """Name an exception by where it came from, so that the same one is counted once."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "cardiov_core" in frame.filename] or frames
    return f"{type(error).__name__} {Path(ours[-1].filename).name}:{ours[-1].lineno} {str(error)[:80]}"
