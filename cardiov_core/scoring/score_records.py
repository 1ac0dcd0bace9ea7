"""A run over an archive: the plan, parts that are not there yet, each record's row, and the way back after a kill."""

import json
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from cardiov_core.backends import chosen_backend
from cardiov_core.computing import computing
from cardiov_core.errors import ConfigurationError, OutputError, ProcessLostError
from cardiov_core.scoring.entries import Entry
from cardiov_core.scoring.plan import Plan, read_plan, write_plan, written_whole
from cardiov_core.scoring.result_rows import Row, error_row, schema_of_rows
from cardiov_core.scoring.scorer import Grading, Scorer
from cardiov_core.scoring.workers import Workers, default_processes
from cardiov_core.version import installed_version
from cardiov_core.weights import ModelCard, load_card

Engine = Literal["processes", "ray"]

CHUNK = 500
"""Records of a part by default: what a kill costs at most, and a file of a few hundred kilobytes."""

# Names with an underscore are passed over by what reads folders of Parquet.
PLAN_FILE = "_plan.parquet"
_RUN, _LOCK = "_run.json", "_lock"
_HINT = "Name another place, or run the command that this place was begun with."


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    done, total : int
        Records, those of earlier runs included.
    rate_per_s : float
        Records a second of this run; 0 before the first one.
    left_s : float or None
        Seconds that the rest takes at this rate.
    """

    done: int
    total: int
    rate_per_s: float = 0.0
    left_s: float | None = None


@dataclass(frozen=True)
class Summary:
    """What came of a run."""

    out: Path  # the file or folder of the results
    n_records: int  # rows; earlier runs included
    n_errors: int  # rows with an error
    n_withheld: int  # rows of the rest without a level
    n_passed_over: int  # files that do not claim to be an ECG
    n_this_run: int  # rows that this run wrote
    seconds: float  # what they took


def score(
    source: str,
    out: Path,
    grading: Grading,
    *,
    chunk_size: int = CHUNK,
    window_s: float | None = None,
    n_processes: int | None = None,
    engine: Engine = "processes",
    tell: Callable[[Progress], None] | None = None,
) -> Summary:
    """Analyse all records of a source into Parquet: a row per record, a part per chunk.

    Parameters
    ----------
    source : str
        A folder, a zip archive, a URL that fsspec opens, or a manifest (`plan.list_entries`).
    out : Path
        A folder for the parts, or a file that ends in ``.parquet``; its parts lie in a folder beside it until they are
        all there.
    grading : Grading
        By what records are graded.
    chunk_size : int
        Records of a part.
    window_s : float, optional
        Cut recordings that are longer into windows of so many seconds, a row each (`plan.windows_of`).
    n_processes : int, optional
        Worker processes; one per processor core by default, and none (0) to work in this process.
    engine : {"processes", "ray"}
        Processes of this machine, or the machines of a Ray cluster (``RAY_ADDRESS``; without, one that is started
        here). These must see source and `out` under the same names; `n_processes` are their actors.
    tell : callable, optional
        Gets the progress after each record, or each part.

    Returns
    -------
    Summary
        Of all that is there now.

    Raises
    ------
    CardioVError
        If there is nothing to read, the grader cannot be loaded, the results cannot be written, or `out` holds those of
        another run. What is done stays, and the same call goes on with the rest.
    """
    folder = out.with_name(f"{out.name}.parts") if out.suffix == ".parquet" else out
    if folder != out and out.exists():
        raise ConfigurationError(f"{out} is there already.", "Name another file, or delete it.")
    card = load_card(grading.model)
    with _only_run_in(folder):
        plan = _planned(folder, _identity(source, grading, card, chunk_size, window_s))
        run = Run(plan, folder, card, tell)
        _write_parts(run, grading, engine, n_processes)
        summary = run.summed_up(out)
        if folder != out:
            _join(plan, folder, out)
            shutil.rmtree(folder)
    return summary


class Run:
    """Parts that are there, and how far this run is."""

    def __init__(self, plan: Plan, folder: Path, card: ModelCard, tell: Callable[[Progress], None] | None) -> None:
        self.plan, self.folder, self.card = plan, folder, card
        self.parts_left = [part for part in range(plan.n_parts) if not part_path(folder, part).exists()]
        self._tell = tell or (lambda _: None)
        self._done_before = sum(
            _n_rows(part_path(folder, part)) for part in set(range(plan.n_parts)) - set(self.parts_left)
        )
        self.n_this_run = 0
        self._begun_s = time.monotonic()
        self._tell(Progress(self._done_before, plan.n_records))

    @property
    def seconds(self) -> float:
        """Since this run began."""
        return time.monotonic() - self._begun_s

    def count(self, n_rows: int = 1) -> None:
        """Tell that so many more rows are there."""
        self.n_this_run += n_rows
        done, rate = self._done_before + self.n_this_run, self.n_this_run / max(self.seconds, 1e-9)
        self._tell(Progress(done, self.plan.n_records, rate, (self.plan.n_records - done) / rate))

    def entries_left(self) -> Iterator[Entry]:
        """Return the records of the parts that are left."""
        return self.plan.entries(self.parts_left)

    def write_rows(self, rows: Iterable[Row]) -> None:
        """Write the parts that are left from rows in the order of the plan."""
        given = self._counted(rows)
        for part in self.parts_left:
            write_part(self.folder, part, list(islice(given, self.plan.n_in(part))))

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.count()
            yield row

    def summed_up(self, out: Path) -> Summary:
        """Count what is there now."""
        import pyarrow.parquet as pq

        n_records = n_errors = n_without = 0
        for part in range(self.plan.n_parts):
            table = pq.read_table(part_path(self.folder, part), columns=["error_code", "level"])
            n_records += table.num_rows
            n_errors += table.num_rows - table["error_code"].null_count
            n_without += table["level"].null_count
        return Summary(
            out, n_records, n_errors, n_without - n_errors, self.plan.n_passed_over, self.n_this_run, self.seconds
        )


def _write_parts(run: Run, grading: Grading, engine: Engine, n_processes: int | None) -> None:
    """Write the parts that are left, by the engine that was asked for."""
    if engine == "ray":
        from cardiov_core.scoring.ray_engine import score_parts_by_ray

        score_parts_by_ray(run, grading, n_processes)
    else:
        count = default_processes() if n_processes is None else n_processes
        run.write_rows(_rows(run.entries_left(), grading, run.card, count))


def _rows(entries: Iterable[Entry], grading: Grading, card: ModelCard, n_processes: int) -> Iterator[Row]:
    """Return the rows of records in their order, from worker processes where there are any."""
    if n_processes == 0:
        yield from map(Scorer(grading).row_of, entries)
        return
    with Workers(n_processes, Scorer, grading) as workers:
        yield from rows_from(workers, entries, card)


def rows_from(workers: Workers[Scorer], entries: Iterable[Entry], card: ModelCard) -> Iterator[Row]:
    """Return the rows of records in their order; a record that ends its process has a row that says so.

    `workers`: processes whose state is a `Scorer`.
    """
    asked: deque[Entry] = deque()

    def noted() -> Iterator[Entry]:
        for entry in entries:
            asked.append(entry)
            yield entry

    for future in workers.in_order(Scorer.row_of, noted()):
        entry = asked.popleft()
        try:
            yield future.result()
        except ProcessLostError as error:
            yield error_row(entry, error, card)


def write_part(folder: Path, part: int, rows: list[Row]) -> None:
    """Write one part; it is there whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with written_whole(part_path(folder, part)) as temporary:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema_of_rows()), temporary, compression="zstd")


def part_path(folder: Path, part: int) -> Path:
    """Return the file of a part."""
    return folder / f"part-{part:06d}.parquet"


def _n_rows(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return int(file.metadata.num_rows)
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"{path} is damaged: {error}.", "Delete it and run the command again.") from error


@dataclass(frozen=True)
class _Identity:
    """By what a run is known again: rows of two graders or decisions must never lie in one table."""

    source: str
    model: str
    model_sha256: str
    version: str
    records_per_part: int
    window_s: float | None
    levels: str
    rule_set: str | None
    networks_on: list[str]  # probabilities of two backends differ in the seventh decimal
    reading: list[float | str | None]  # rate in Hz, units and gain factor that the caller stated


def _identity(source: str, grading: Grading, card: ModelCard, chunk_size: int, window_s: float | None) -> _Identity:
    rules = grading.rule_set
    return _Identity(
        source=source,
        model=card.name,
        model_sha256=card.sha256,
        version=installed_version("cardiov"),
        records_per_part=chunk_size,
        window_s=window_s,
        levels="paper" if grading.paper else "shipped" if grading.own is None else f"miss {grading.own.miss_costs}",
        rule_set=None if rules is None else repr((rules.name, rules.changed)),
        networks_on=[chosen_backend(), computing().precision],
        reading=[grading.sampling_rate_hz, grading.units, grading.gain_factor],
    )


def _planned(folder: Path, identity: _Identity) -> Plan:
    run, path = folder / _RUN, folder / PLAN_FILE
    if not run.exists():
        others = [each.name for each in folder.iterdir() if each.name != _LOCK and not each.name.startswith((".", "_"))]
        if others:
            raise ConfigurationError(f"{folder} holds other files, {others[0]} for example.", "Name an empty folder.")
        plan = write_plan(identity.source, path, identity.records_per_part, identity.window_s)
        with written_whole(run) as temporary:
            temporary.write_text(json.dumps(asdict(identity), indent=2), encoding="utf-8")
        return plan
    try:
        known = json.loads(run.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{run} cannot be read: {error}.", "Write the results to another place.") from error
    wanted = asdict(identity)
    differing = [name for name, value in wanted.items() if known.get(name) != value]
    if differing:
        name = differing[0]
        raise ConfigurationError(
            f"{folder} holds results of another run: its {name} is {known.get(name)!r}, not {wanted[name]!r}.", _HINT
        )
    return read_plan(path)


def _join(plan: Plan, folder: Path, out: Path) -> None:
    """Put all parts into one file, a row group each; one part is in memory at a time."""
    import pyarrow.parquet as pq

    with written_whole(out) as temporary, pq.ParquetWriter(temporary, schema_of_rows(), compression="zstd") as writer:
        for part in range(plan.n_parts):
            writer.write_table(pq.read_table(part_path(folder, part), schema=schema_of_rows()))


@contextmanager
def _only_run_in(folder: Path) -> Iterator[None]:
    """Keep a second run out of a folder; the lock goes with the process, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("w")
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written to: {error.strerror or error}.", "Name another place for the results."
        ) from error
    with lock:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise OutputError(f"Another run is writing to {folder}.", "Wait for it, or end it.") from error
        yield
