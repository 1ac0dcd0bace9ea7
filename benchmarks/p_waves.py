"""How often PR is measured where cardiologists stated sinus rhythm, and where they stated atrial fibrillation.

``python benchmarks/p_waves.py FOLDER...`` takes folders of PTB-XL, LUDB or CinC records with SNOMED codes.
"""

from collections import Counter
from pathlib import Path

import click

from cardiov_core.datasets.labelled import labelled_records
from cardiov_core.signals import measure

RHYTHMS = {
    "atrial fibrillation": {"AFIB", "164889003", "atrial fibrillation"},
    "atrial flutter": {"AFLT", "164890007", "atrial flutter"},
    "sinus rhythm": {
        *("SR", "SBRAD", "STACH", "SARRH"),
        *("426783006", "426177001", "427084000", "427393009"),
        *("sinus rhythm", "sinus bradycardia", "sinus tachycardia", "sinus arrhythmia"),
    },
}
"""Rhythm -> SCP-ECG statements, SNOMED CT codes and LUDB's words; the first that fits counts."""


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(folders: tuple[Path, ...]) -> None:
    """Count measured PR intervals by rhythm."""
    total: Counter[tuple[str, str]] = Counter()
    measured: Counter[tuple[str, str]] = Counter()
    for folder in folders:
        for labelled in labelled_records(folder):
            rhythm = next((name for name, labels in RHYTHMS.items() if labels & labelled.labels), None)
            if rhythm is not None:
                total[rhythm, labelled.source] += 1
                measured[rhythm, labelled.source] += measure(labelled.record).pr_ms is not None
    for (rhythm, source), count in sorted(total.items()):
        click.echo(f"{rhythm:<20}  {source:<7}  PR measured in {measured[rhythm, source]} of {count}")


if __name__ == "__main__":
    main()
