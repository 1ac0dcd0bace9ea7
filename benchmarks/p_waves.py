"""How often PR is measured by stated rhythm, how sure the P wave is, and how often P and QRS are called dissociated.

``python benchmarks/p_waves.py FOLDER...`` takes folders of PTB-XL, LUDB or CinC records with SNOMED codes.
"""

from collections import Counter
from pathlib import Path

import click
import numpy as np

from cardiov_core.datasets import labelled_records
from cardiov_core.signals import measure

RHYTHMS = {
    "atrial fibrillation": {"AFIB", "164889003", "atrial fibrillation"},
    "atrial flutter": {"AFLT", "164890007", "atrial flutter"},
    "supraventricular tachycardia": {"SVTAC", "PSVT", "426761007", "67198005"},
    "third-degree block": {"3AVB", "27885002", "third-degree av block", "iii degree av-block"},
    "first-degree block": {"1AVB", "270492004", "i degree av block", "i degree av-block"},
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
    dissociated: Counter[tuple[str, str]] = Counter()
    sure: dict[tuple[str, str], list[float]] = {}
    for folder in folders:
        for labelled in labelled_records(folder):
            rhythm = next((name for name, labels in RHYTHMS.items() if labels & labelled.labels), None)
            if rhythm is not None:
                total[rhythm, labelled.source] += 1
                found = measure(labelled.record)
                measured[rhythm, labelled.source] += found.pr_ms is not None
                dissociated[rhythm, labelled.source] += found.p_qrs_dissociated is True
                if found.p_confidence is not None:
                    sure.setdefault((rhythm, labelled.source), []).append(found.p_confidence)
    for (rhythm, source), count in sorted(total.items()):
        spread = np.percentile(sure.get((rhythm, source), [np.nan]), [10, 50, 90])
        click.echo(
            f"{rhythm:<28}  {source:<7}  PR measured in {measured[rhythm, source]} of {count}, "
            f"dissociated {dissociated[rhythm, source]}, confidence of P {spread[0]:.2f} / {spread[1]:.2f} / "
            f"{spread[2]:.2f} (10th, 50th, 90th percentile)"
        )


if __name__ == "__main__":
    main()
