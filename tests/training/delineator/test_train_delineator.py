from pathlib import Path

import numpy as np
import pytest
import torch

from cardiov_core.datasets.ludb import Ludb
from cardiov_core.domain import WaveBoundaries
from cardiov_core.errors import TrainingError
from cardiov_core.evaluation.wave_errors import AnnotatedBeat
from cardiov_core.nets import RATE_HZ, SAMPLES, SAMPLES_BEFORE_R
from cardiov_core.training.delineator.annotated_beats import (
    MarkedBeats,
    change_example,
    draw_example,
    load_marked_beats,
    nan_median,
    relative_marks,
)
from cardiov_core.training.delineator.train_delineator import DelineatorRecipe, fit, split, train_delineator

TIME_S = (np.arange(SAMPLES) - SAMPLES_BEFORE_R) / RATE_HZ
ENDS_S = np.array([-0.16, -0.08, -0.04, 0.05, 0.2, 0.38])


def _marked(n_beats: int = 6, seed: int = 0) -> MarkedBeats:
    """Beats whose waves are boxes, so that a boundary is where the signal jumps."""
    rng = np.random.default_rng(seed)
    beat = np.zeros(SAMPLES)
    for size, (onset, offset) in zip((0.15, 1.0, 0.3), ENDS_S.reshape(3, 2), strict=True):
        beat[(onset <= TIME_S) & (offset >= TIME_S)] = size
    windows = np.tile(beat, (n_beats, 12, 1)) + 0.001 * rng.standard_normal((n_beats, 12, SAMPLES))
    return MarkedBeats(
        1,
        ("0123456789abcdef",),
        windows.astype(np.float32),
        np.zeros(n_beats, dtype=np.int64),
        np.tile(ENDS_S, (n_beats, 12, 1)),
        np.tile(ENDS_S, (n_beats, 1)),
        np.arange(1, n_beats - 1),
    )


def test_an_example_is_the_median_of_whole_beats_with_their_marks() -> None:
    beats = _marked()
    beats.windows[0] = beats.windows[5] = 99.0
    for seed in range(20):
        example = draw_example(beats, np.random.default_rng(seed))
        assert np.abs(example.signal).max() < 1.1
        np.testing.assert_allclose(example.leads_s, np.tile(ENDS_S, (12, 1)))
        assert example.waves.all()
        assert example.lead_waves.all()


def test_marks_move_along_with_the_signal() -> None:
    beats = _marked()
    moved = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        example = change_example(draw_example(beats, rng), rng)
        np.testing.assert_allclose(example.leads_s[0], example.overall_s)
        # The flanks of the QRS are the steepest places of a lead, whatever noise, filter and sign did to it.
        slope = np.abs(np.diff(np.median(np.abs(example.signal), axis=0)))
        for boundary, half in ((2, slice(0, SAMPLES_BEFORE_R)), (3, slice(SAMPLES_BEFORE_R, 160))):
            steepest_s = (TIME_S[:-1] + 0.002)[half][int(np.argmax(slope[half]))]
            assert abs(steepest_s - example.overall_s[boundary]) <= 0.008
        moved.append(example.overall_s[3])
    assert np.ptp(moved) > 0.015


def test_some_examples_lose_their_p_wave_and_say_so() -> None:
    beats = _marked()
    lost = 0
    for seed in range(80):
        rng = np.random.default_rng(seed)
        example = change_example(draw_example(beats, rng), rng)
        assert np.isfinite(example.overall_s[:2]).all() == example.waves[0]
        assert np.isfinite(example.leads_s[:, :2]).all() == example.lead_waves[:, 0].all()
        lost += not example.waves[0]
    assert 4 <= lost <= 24  # 15 % of 80


def test_a_beat_gets_the_marks_of_its_own_beat() -> None:
    marks = []
    for r_s in (1.0, 2.0, 3.0, 4.0, 5.0):
        waves = {"qrs": WaveBoundaries(r_s - 0.04, r_s + 0.05), "t": WaveBoundaries(r_s + 0.2, r_s + 0.4)}
        marks.append(AnnotatedBeat(r_s, dict.fromkeys(("I", "II", "V1", "V2", "V3", "V4", "V5"), waves)))  # type: ignore[arg-type]
    leads_s, overall_s, whole = relative_marks(np.array([1.01, 2.0, 2.5, 3.0]), marks)
    np.testing.assert_allclose(leads_s[1, 1], [np.nan, np.nan, -0.04, 0.05, 0.2, 0.4], atol=1e-12)
    np.testing.assert_allclose(overall_s[0, 2:4], [-0.05, 0.04], atol=1e-12)
    assert np.isnan(leads_s[2]).all()  # no marked beat is near
    assert np.isnan(leads_s[1, 2]).all()  # lead III was not marked
    assert whole.tolist() == [1, 3]  # the first marked beat lacks waves


def test_the_median_ignores_what_is_missing() -> None:
    values = np.array([[1.0, np.nan, np.nan], [3.0, 7.0, np.nan], [2.0, np.nan, np.nan], [9.0, 8.0, np.nan]])
    np.testing.assert_allclose(nan_median(values), [2.5, 7.5, np.nan])


def test_each_record_is_held_out_once() -> None:
    parts = split(23, DelineatorRecipe())
    assert sorted(np.concatenate(parts).tolist()) == list(range(23))
    assert {len(part) for part in parts} == {4, 5}


def test_the_same_seed_gives_the_same_network() -> None:
    records = [(_marked(seed=1), _marked(seed=2)), (_marked(seed=3), _marked(seed=4))]
    recipe = DelineatorRecipe(steps=3, batch=2)
    calls: list[int] = []
    nets = [fit(records, recipe, seed, lambda: calls.append(1)) for seed in (5, 5, 6)]
    first, again, other = (torch.cat([value.flatten() for value in net.state_dict().values()]) for net in nets)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(calls) == 9


def test_a_network_learns_where_the_waves_are() -> None:
    records = [(_marked(seed=1), _marked(seed=2))]
    net = fit(records, DelineatorRecipe(steps=60, batch=2), 0, lambda: None)
    with torch.no_grad():
        output = net(torch.from_numpy(_marked(seed=9).windows[:1]))
    found_s = (output.boundaries[0, 2:4].argmax(dim=-1).numpy() - SAMPLES_BEFORE_R) / RATE_HZ
    np.testing.assert_allclose(found_s, ENDS_S[2:4], atol=0.025)


def test_too_few_records_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ludb.csv").write_text("ID,Sex,Age,Rhythms\n")
    with pytest.raises(TrainingError, match="0 records"):
        train_delineator(Ludb(tmp_path), tmp_path / "out")


@pytest.mark.dataset
def test_ludb_gives_beats_with_marks_at_both_rates(data_folder: Path) -> None:
    own, slow = load_marked_beats(Ludb(data_folder / "ludb"), 1)
    assert own.windows.shape[1:] == slow.windows.shape[1:] == (12, SAMPLES)
    assert len(own.whole) >= 3
    for beats in (own, slow):
        ends_s = nan_median(beats.overall_s[beats.whole])
        assert -0.3 < ends_s[0] < ends_s[1] < ends_s[2] < 0.0 < ends_s[3] < ends_s[4] < ends_s[5] < 0.6
    assert np.abs(nan_median(own.overall_s) - nan_median(slow.overall_s)).max() < 0.012
