"""A batch of the pages by several processes: the rows that `run_batch` gives, with the analyses that are kept."""

from collections.abc import Callable, Iterator, Sequence

from cardiov_core.domain import Analysis, RuleSet
from cardiov_core.errors import CardioVError
from cardiov_core.inference import BatchError, BatchRow, Grader, run_batch
from cardiov_core.io import Source
from cardiov_core.scoring.scorer import Grading, Scorer
from cardiov_core.scoring.workers import Workers


def run_batch_in_processes(
    sources: Sequence[Source],
    predictor: Grader,
    *,
    others: Sequence[Grader] = (),
    sampling_rate: float | None = None,
    units: str | None = None,
    rule_set: RuleSet | None = None,
    keep: Callable[[BatchRow, Analysis], None] | None = None,
    n_processes: int,
) -> Iterator[BatchRow | BatchError]:
    """Read and analyse records by several processes; a record that ends one of them costs its own row alone.

    Parameters
    ----------
    sources : sequence of Source
        On this machine; they must stay readable until the last one was asked for.
    predictor : Grader
        A shipped grader; each process loads it by its card.
    others : sequence of Grader
        Whether the other shipped graders are asked, too: all of them, or none.
    sampling_rate, units, rule_set, keep
        As in `run_batch`; `keep` is called in this process.
    n_processes : int
        How many.

    Yields
    ------
    BatchRow or BatchError
        One a source, in order. The processes end with the iterator.
    """
    grading = Grading(
        str(predictor.card.path),
        own=predictor.own,
        alone=not others,
        rule_set=rule_set,
        sampling_rate_hz=sampling_rate,
        units=units,
    )
    with Workers(n_processes, Scorer, grading) as workers:
        for source, future in zip(sources, workers.in_order(_outcome, sources), strict=True):
            try:
                result, analysis = future.result()
            except CardioVError as error:
                result, analysis = BatchError(source.shown_as, error), None
            if keep is not None and analysis is not None and isinstance(result, BatchRow):
                keep(result, analysis)
            yield result


def _outcome(scorer: Scorer, source: Source) -> tuple[BatchRow | BatchError, Analysis | None]:
    kept: list[Analysis] = []
    (result,) = run_batch(
        [source],
        scorer.predictor,
        others=scorer.others,
        sampling_rate=scorer.grading.sampling_rate_hz,
        units=scorer.grading.units,
        rule_set=scorer.rule_set,
        keep=lambda _, analysis: kept.append(analysis),
        apart=True,
    )
    return result, kept[0] if kept else None
