import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets.ludb import Ludb
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, MedianBeat
from cardiov_core.nets import SAMPLES, SAMPLES_BEFORE_R
from cardiov_core.signals.beat.median_beat import average_beats
from cardiov_core.signals.wave.delineation import Delineation
from cardiov_core.signals.wave.learned_delineation import (
    boundary_seconds,
    delineate_by_network,
    network_window,
    trained_delineator,
)


@pytest.fixture
def shipped(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(repository / "weights"))


def _beat(record: EcgRecord) -> MedianBeat:
    series = average_beats(record)
    assert series is not None
    return series.median_beat


def _delineated(record: EcgRecord) -> Delineation:
    found = delineate_by_network(_beat(record), record)
    assert found is not None
    return found


def test_a_window_has_the_r_peak_in_its_place_and_carries_its_ends_on() -> None:
    ramp = np.arange(600, dtype=np.float64)[np.newaxis] / 1000.0
    window = network_window(ramp, 250, 500.0)
    assert window.shape == (1, SAMPLES)
    assert window[0, SAMPLES_BEFORE_R] == pytest.approx(0.250)
    assert window[0, SAMPLES_BEFORE_R + 10] == pytest.approx(0.270)
    assert window[0, 0] == window[0, 2] == pytest.approx(0.0, abs=1e-3)  # begins 6 ms before the beat does
    assert window[0, -1] == pytest.approx(0.599, abs=1e-3)


def test_a_boundary_is_the_median_of_its_distribution() -> None:
    logits = np.full((3, SAMPLES), -60.0, dtype=np.float32)
    logits[0, SAMPLES_BEFORE_R + 5] = 0.0
    logits[1, SAMPLES_BEFORE_R + 5 : SAMPLES_BEFORE_R + 7] = 0.0  # between two samples
    logits[2, 100:103] = np.log([0.25, 0.25, 0.5])  # where half has passed
    np.testing.assert_allclose(boundary_seconds(logits), [0.020, 0.022, (101.5 - 128) / 250], atol=1e-6)


def test_without_weights_there_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(tmp_path))
    record = generate("normal", seed=1)
    assert trained_delineator() is None
    assert delineate_by_network(_beat(record), record) is None


@pytest.mark.usefixtures("shipped")
def test_no_usable_lead_means_no_wave() -> None:
    record = generate("normal", seed=1)
    found = delineate_by_network(replace(_beat(record), usable_leads=()), record)
    assert found == Delineation()


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(("seed", "rate_hz"), [(1, 500.0), (2, 100.0), (3, 250.0)])
def test_a_normal_ecg_has_normal_intervals_at_any_rate(seed: int, rate_hz: float) -> None:
    found = _delineated(generate("normal", seed=seed, sampling_rate_hz=rate_hz))
    assert found.method == "networks"
    assert found.p is not None
    assert found.qrs is not None
    assert found.t is not None
    assert 70 < found.qrs.duration_ms < 120
    assert 110 < 1000 * (found.qrs.onset_s - found.p.onset_s) < 210
    assert 330 < 1000 * (found.t.offset_s - found.qrs.onset_s) < 470
    assert set(found.leads) == set(_beat(generate("normal", seed=seed)).leads)


@pytest.mark.usefixtures("shipped")
def test_fewer_leads_and_another_order_change_little() -> None:
    record = generate("normal", seed=4)
    rows = [7, 1, 9, 0, 11, 4, 8]
    part = replace(record, signal=record.signal[rows], leads=tuple(record.leads[row] for row in rows))
    whole_beat, part_beat = _delineated(record), _delineated(part)
    assert whole_beat.qrs is not None
    assert part_beat.qrs is not None
    assert abs(whole_beat.qrs.duration_ms - part_beat.qrs.duration_ms) < 12


@pytest.mark.dataset
@pytest.mark.usefixtures("shipped")
def test_a_training_record_is_measured_by_the_network_that_never_saw_it(data_folder: Path) -> None:
    record = Ludb(data_folder / "ludb").record(1)
    changed = replace(record, signal=record.signal + np.float32(0.003))
    assert _delineated(record).method == "held-out network"
    assert _delineated(changed).method == "networks"


@pytest.fixture
def on_openvino(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """OpenVINO runs the delineators of this test; returns the folder of what is kept."""
    pytest.importorskip("openvino")
    monkeypatch.setenv("CARDIOV_BACKEND", "openvino")
    monkeypatch.setenv("CARDIOV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


def _boundaries_ms(found: Delineation) -> list[float]:
    waves = [
        found.p,
        found.qrs,
        found.t,
        *(wave for lead in found.leads.values() for wave in (lead.p, lead.qrs, lead.t)),
    ]
    return [1000.0 * edge for wave in waves if wave is not None for edge in (wave.onset_s, wave.offset_s)]


@pytest.mark.usefixtures("shipped")
def test_openvino_finds_what_torch_finds(on_openvino: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = generate("normal", seed=4)
    found = _delineated(record)
    # Delineators are kept like graders, and compute in f32 whatever these do.
    (kept,) = on_openvino.glob("*.converted")
    assert json.loads(kept.read_bytes().partition(b"\n")[0])["precision"] == "f32"
    monkeypatch.setenv("CARDIOV_BACKEND", "torch")
    by_torch = _delineated(record)
    assert found.qrs != by_torch.qrs  # another arithmetic
    np.testing.assert_allclose(_boundaries_ms(found), _boundaries_ms(by_torch), atol=0.01)


@pytest.mark.usefixtures("shipped")
def test_torch_delineates_what_openvino_was_not_made_ready_for(on_openvino: Path) -> None:
    record = generate("normal", seed=4)
    part = replace(record, signal=record.signal[:8], leads=record.leads[:8])
    assert _delineated(part).qrs is not None
    assert not on_openvino.exists()
