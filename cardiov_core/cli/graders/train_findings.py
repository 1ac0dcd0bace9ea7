"""``cardiov train-findings``: the detectors of findings that no single limit finds, trained again."""

import sys
from pathlib import Path

import click


@click.command(name="train-findings")
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
def train_findings(data: Path, out: Path) -> None:
    """Train the finding detectors on PTB-XL's folds 1 to 9, cross-validated by patient.

    Writes findings.safetensors and its card findings.json to --out; they belong into weights/findings/. Most of the
    time goes into measuring the records, a fifth of a second each.
    """
    from cardiov_core.datasets import PtbXl
    from cardiov_core.training import gather, train_findings

    def told(done: int, of: int) -> None:
        if sys.stderr.isatty() and (done % 50 == 0 or done == of):
            click.echo(f"\rmeasured {done} of {of}", err=True, nl=done == of)

    dataset = PtbXl(data)
    click.echo(train_findings(gather(dataset, told), out, dataset.source_name))
