"""Attributions are counted where the record shows what it is."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import BeatBoundaries, EcgRecord, Measurements, WaveBoundaries
from cardiov_core.errors import ConfigurationError, ExplanationError
from cardiov_core.signals import Examination, KeptExaminations, assess_quality
from cardiov_core.studies.nets import attributions as module
from cardiov_core.studies.nets.attributions import attributions_text, check_attributions, draw_attributions

STATEMENTS = {1: "PVC", 2: "PACE", 3: "NORM", 4: "PVC"}
# One beat of another shape from 2.0 to 2.5 s in record 1, two spikes in record 2; record 4 shows nothing.
BEATS = (
    BeatBoundaries(1.0, None, WaveBoundaries(0.95, 1.05), None),
    BeatBoundaries(2.1, None, WaveBoundaries(2.0, 2.2), WaveBoundaries(2.3, 2.5), dominant=False),
)
MEASURED = {
    1: Measurements(beats=BEATS),
    2: Measurements(beats=BEATS[:1], pacing_spikes_s=(3.0, 4.0)),
    4: Measurements(beats=BEATS[:1]),
}


class _Kept:
    def of(self, records: list[EcgRecord]) -> Any:
        for record in records:
            measured = MEASURED[int(record.record_id)]
            yield Examination.measured_before(record, measured, assess_quality(record))


def _record(ecg_id: int) -> EcgRecord:
    from dataclasses import replace

    return replace(generate("normal", seed=ecg_id), record_id=str(ecg_id))


DATASET = cast(
    "PtbXl",
    SimpleNamespace(
        ecg_ids=lambda _folds: list(STATEMENTS),
        scp_codes=lambda ecg_id: {STATEMENTS[ecg_id]: 100.0},
        record=_record,
        person=lambda ecg_id: SimpleNamespace(patient_id=str(ecg_id)),
    ),
)
KEPT = cast("KeptExaminations", _Kept())


def test_shares_are_those_of_the_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way that sees the premature beat alone has all of its attribution there."""

    def planted(_net: object, values: Any, _output: int) -> Any:
        seen = np.zeros(tuple(values.shape))
        seen[0, 210:240] = -1.0
        return seen

    monkeypatch.setattr(module, "WAYS", {"planted": planted, "even": lambda _n, v, _o: np.ones(tuple(v.shape))})
    check = check_attributions(DATASET, "xresnet1d18", kept=KEPT, n_resamples=10)
    by_row = {(row.statement, row.way): row for row in check.rows}
    early = by_row["PVC", "planted"]
    # 2.0 to 2.5 s of 10 s at 100 Hz are 51 samples; record 4 does not count.
    assert (early.n, early.time, early.share) == (1, pytest.approx(0.051), 1.0)
    assert by_row["PVC", "even"].share == pytest.approx(0.051)
    assert early.beyond == pytest.approx(1.0 - early.amplitude)
    # Two times 80 ms.
    assert by_row["PACE", "planted"].time == pytest.approx(0.018, abs=0.001)
    assert by_row["PACE", "planted"].share == 0.0
    assert check.examples["PVC"].ecg_id == 1


def test_a_shipped_grader_is_attributed_and_drawn(tmp_path: Path) -> None:
    check = check_attributions(DATASET, "xresnet1d18", kept=KEPT, n_resamples=5)
    assert len(check.rows) == 6
    assert all(0.0 <= row.share <= 1.0 and np.isfinite(row.beyond) for row in check.rows)
    assert check.examples["PACE"].output.startswith("above")
    draw_attributions(check, tmp_path / "figures" / "a.png")
    assert (tmp_path / "figures" / "a.png").stat().st_size > 1000
    assert attributions_text(check).count("| PVC |") == 3


def test_networks_with_gates_and_trees_without_places_are_refused(tree: PtbXl, tmp_path: Path) -> None:
    with pytest.raises(ExplanationError, match="does not go through"):
        check_attributions(DATASET, "cardiov-compact", kept=KEPT)
    with pytest.raises(ConfigurationError, match="No record with PVC"):
        check_attributions(tree, "xresnet1d18", kept=KEPT)
    refused = CliRunner().invoke(main, ["attributions-check", "--data", str(tree.root), "--out", str(tmp_path)])
    assert refused.exit_code == 1
    assert "No record with PVC" in refused.stderr
