"""``cardiov statements-check``: the benchmark paper's analyses of a network on PTB-XL's statements."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli.graders.train import labelled_of, ptbxl_of
from cardiov_core.cli.options import resamples_option

if TYPE_CHECKING:
    from cardiov_core.datasets import PtbXl


@click.command("statements-check")
@click.argument("tables", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="OOF...")
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--rules", is_flag=True, help="Measure findings, too, and let them override or join the answers.")
@resamples_option(500)
@click.option("--ship", is_flag=True, help="Put the analyses beside the weights, for the Performance page.")
def statements_check(tables: tuple[Path, ...], data: Path, rules: bool, resamples: int, ship: bool) -> None:
    """Analyse what a network says of statements out of fold.

    Each OOF is the NAME.oof.csv of a training on the task 'all'; several that differ in their seeds are an ensemble.
    Prints figures of each statement, the hierarchy, hidden stratification, and the ensemble's spread against the
    cardiologist's likelihood.
    """
    from cardiov_core.studies import check_statements, ship_statements_check, statements_text

    findings_of = _FindingsOf(ptbxl_of(data)) if rules else None
    check = check_statements(tables, labelled_of(data), findings_of=findings_of, n_resamples=resamples)
    if ship:
        click.echo(f"Beside the weights: {ship_statements_check(check)}", err=True)
    click.echo(statements_text(check))


class _FindingsOf:
    """The findings that records have, by examinations that are kept."""

    def __init__(self, dataset: "PtbXl") -> None:
        self._dataset = dataset

    def __call__(self, ecg_ids: Sequence[int]) -> list[frozenset[str]]:
        from cardiov_core.signals import KeptExaminations

        kept = KeptExaminations().of(self._dataset.record(ecg_id) for ecg_id in ecg_ids)
        return [frozenset(finding.code for finding in one.findings if finding.state == "present") for one in kept]
