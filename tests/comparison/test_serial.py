"""Pairs of ECGs of which one thing changed: it is named, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest

from cardiov_core.comparison import (
    EXPECTED_LEVEL,
    PLACES,
    TRAINED,
    ComparedItem,
    NoiseFloor,
    NoiseSource,
    NumberNoise,
    SerialComparison,
    Spread,
    check_identity,
    compare_ecgs,
    comparison_to_dict,
)
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import Analysis, Severity
from tests.comparison.hearts import examined, heart

_LIMITS = {
    "heart_rate_bpm": 15.0,
    "p_ms": 20.0,
    "pr_ms": 20.0,
    "qrs_ms": 12.0,
    "qtc_fridericia_ms": 25.0,
    "p_axis_deg": 30.0,
    "qrs_axis_deg": 15.0,
    "t_axis_deg": 25.0,
    "sokolow_lyon_mv": 0.5,
    "cornell_mv": 0.4,
    "j_mv": 0.06,
    "t_mv": 0.12,
    "r_mv": 0.3,
}
_NOTHING = Spread(0, 0.0, 0.0)


def _noise(limit: float) -> NumberNoise:
    return NumberNoise(_NOTHING, _NOTHING, limit)


@pytest.fixture(scope="module")
def noise() -> NoiseFloor:
    numbers = {(code, lead): _noise(_LIMITS[code]) for code, lead in PLACES}
    numbers |= {(EXPECTED_LEVEL, ""): _noise(0.4), (TRAINED, "atrial_fibrillation"): _noise(0.1)}
    return NoiseFloor(NoiseSource(), numbers, {})


@pytest.fixture(scope="module")
def usual() -> Analysis:
    return examined(heart(1))


def _of(comparison: SerialComparison, code: str, lead: str = "") -> ComparedItem:
    return next(item for item in comparison.items if (item.code, item.lead) == (code, lead))


def _codes(comparison: SerialComparison, *states: str) -> set[str]:
    return {item.code for item in comparison.items if item.state in states}


def test_two_ecgs_of_an_unchanged_heart_are_unchanged(usual: Analysis, noise: NoiseFloor) -> None:
    comparison = compare_ecgs(usual, examined(heart(2)), noise)
    assert comparison.of("new", "gone", "changed") == ()
    # No grader was asked.
    assert _of(comparison, "level").state == "not compared"
    assert _of(comparison, "rhythm").state == "unchanged"
    assert _of(comparison, "r_mv", "V4").state == "unchanged"


def test_a_longer_qtc_is_a_change_of_its_size(usual: Analysis, noise: NoiseFloor) -> None:
    comparison = compare_ecgs(usual, examined(heart(2, t_later_s=0.09)), noise)
    item = _of(comparison, "qtc_fridericia_ms")
    assert item.state == "changed"
    # 90 ms of QT at 66/min.
    assert item.change == pytest.approx(93.0, abs=15.0)
    assert _of(comparison, "long_qtc").state == "new"
    assert _of(comparison, "qrs_ms").state == "unchanged"
    back = compare_ecgs(comparison.later, usual, noise)
    assert _of(back, "long_qtc").state == "gone"


def test_an_axis_that_turns_left(usual: Analysis, noise: NoiseFloor) -> None:
    comparison = compare_ecgs(usual, examined(heart(2, qrs_in_one=4.0)), noise)
    item = _of(comparison, "qrs_axis_deg")
    assert item.state == "changed"
    assert item.change is not None
    assert item.change < -15.0
    assert _of(comparison, "r_mv", "I").state == "changed"
    assert _of(comparison, "r_mv", "V4").state == "unchanged"


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("left_bundle_branch_block", "left_bundle_branch_block"),
        ("inferior_st_elevation", "st_elevation"),
        ("atrial_fibrillation", "atrial_fibrillation"),
        ("third_degree_block", "av_block_3"),
        ("sinus_bradycardia", "bradycardia"),
    ],
)
def test_what_comes_is_new_and_what_goes_is_gone(condition: str, code: str, noise: NoiseFloor) -> None:
    before, after = examined(generate("normal", seed=2)), examined(generate(condition, seed=2))
    there = compare_ecgs(before, after, noise)
    assert _of(there, code).state == "new"
    assert _of(compare_ecgs(after, before, noise), code).state == "gone"


def test_new_st_elevation_is_seen_in_its_leads(noise: NoiseFloor) -> None:
    before, after = examined(generate("normal", seed=2)), examined(generate("inferior_st_elevation", seed=2))
    comparison = compare_ecgs(before, after, noise)
    for lead in ("II", "III", "aVF"):
        item = _of(comparison, "j_mv", lead)
        assert item.state == "changed"
        assert item.change is not None
        assert item.change > 0.1
    reciprocal = _of(comparison, "j_mv", "aVL").change
    assert reciprocal is not None
    assert reciprocal < -0.1


def test_a_new_block_forbids_to_compare_st_and_t_but_not_r(noise: NoiseFloor) -> None:
    before, after = examined(generate("normal", seed=2)), examined(generate("left_bundle_branch_block", seed=2))
    comparison = compare_ecgs(before, after, noise)
    for code in ("j_mv", "t_mv"):
        item = _of(comparison, code, "V5")
        assert item.state == "not compared"
        assert item.why is not None
        assert (item.why.code, item.why.side, item.why.detail) == (
            "other QRS form",
            "later",
            "left_bundle_branch_block",
        )
    assert _of(comparison, "r_mv", "V5").state in ("changed", "unchanged")
    assert _of(comparison, "qrs_ms").state == "changed"
    # The same block in both: nothing has another form.
    again = compare_ecgs(after, examined(generate("left_bundle_branch_block", seed=3)), noise)
    assert _of(again, "j_mv", "V5").why is None


def test_af_has_no_pr_and_says_in_which_ecg(noise: NoiseFloor) -> None:
    before, after = examined(generate("normal", seed=2)), examined(generate("atrial_fibrillation", seed=2))
    comparison = compare_ecgs(before, after, noise)
    item = _of(comparison, "pr_ms")
    assert item.state == "not compared"
    assert item.why is not None
    assert item.why.side == "later"
    assert item.why.detail
    rhythm = _of(comparison, "rhythm")
    assert (rhythm.state, rhythm.earlier, rhythm.later) == ("changed", "sinus_rhythm", "atrial_fibrillation")


def test_a_limit_that_is_crossed_within_the_noise_is_no_change(noise: NoiseFloor) -> None:
    before, after = (examined(heart(seed, rate_bpm=rate)) for seed, rate in ((1, 98.0), (2, 104.0)))
    assert _finding(before, "tachycardia") == "absent"
    assert _finding(after, "tachycardia") == "present"
    item = _of(compare_ecgs(before, after, noise), "tachycardia")
    assert item.state == "unchanged"
    assert item.why is not None
    assert item.why.code == "within the noise"
    tight = replace(noise, numbers={**noise.numbers, ("heart_rate_bpm", ""): _noise(2.0)})
    assert _of(compare_ecgs(before, after, tight), "tachycardia").state == "new"


def _finding(analysis: Analysis, code: str) -> str:
    return next(finding.state for finding in analysis.findings if finding.code == code)


@pytest.mark.parametrize(
    ("levels", "expected", "state"),
    [
        ((0, 0), (0.1, 0.4), "unchanged"),
        ((0, 1), (0.4, 0.7), "unchanged"),
        ((0, 3), (0.2, 2.8), "changed"),
        ((3, 0), (2.8, 0.2), "changed"),
    ],
)
def test_levels_move_beyond_what_halves_of_one_ecg_do(
    levels: tuple[int, int], expected: tuple[float, float], state: str, noise: NoiseFloor
) -> None:
    before, after = (
        examined(heart(seed), Severity(level), value)
        for seed, level, value in zip((1, 2), levels, expected, strict=True)
    )
    item = _of(compare_ecgs(before, after, noise), "level")
    assert item.state == state
    assert item.change == levels[1] - levels[0]


def test_levels_of_two_graders_are_not_compared(noise: NoiseFloor) -> None:
    before, after = examined(heart(1), Severity.LOW_RISK, 1.0), examined(heart(2), Severity.LOW_RISK, 1.0)
    assert after.prediction is not None
    other = replace(after, prediction=replace(after.prediction, model_sha256="1" * 64))
    item = _of(compare_ecgs(before, other, noise), "level")
    assert item.why is not None
    assert item.why.code == "other graders"


def test_swapped_arms_and_a_wrong_gain_are_not_compared(usual: Analysis, noise: NoiseFloor) -> None:
    record = heart(2)
    one, two, three, avr, avl, _ = (record.signal[row].copy() for row in range(6))
    signal = record.signal.copy()
    signal[:5] = -one, three, two, avl, avr
    swapped = examined(replace(record, signal=signal))
    assert swapped.quality.limb_swap is not None
    comparison = compare_ecgs(usual, swapped, noise)
    assert _codes(comparison, "not compared") >= {"qrs_axis_deg", "j_mv", "r_mv"}
    assert _of(comparison, "heart_rate_bpm").state == "unchanged"
    wrong = compare_ecgs(usual, examined(replace(record, signal=record.signal * np.float32(1000.0))), noise)
    assert _of(wrong, "r_mv", "V4").state == "not compared"
    assert _of(wrong, "qrs_ms").state == "unchanged"


def test_without_a_noise_floor_nothing_is_called_a_change(usual: Analysis) -> None:
    comparison = compare_ecgs(usual, examined(heart(2, t_later_s=0.09)), NoiseFloor(NoiseSource(), {}, {}))
    item = _of(comparison, "qtc_fridericia_ms")
    assert item.state == "not compared"
    assert item.why is not None
    assert item.why.code == "no noise floor"


def test_a_comparison_as_json_has_every_item_with_its_reason(usual: Analysis, noise: NoiseFloor) -> None:
    later = examined(heart(2, patient_id="17"))
    comparison = compare_ecgs(usual, later, noise)
    document = comparison_to_dict(comparison, check_identity(usual.record, later.record))
    assert document["patient"] == {"identity": "cannot be checked", "reasons": ["one patient id"]}
    assert len(document["items"]) == len(comparison.items)
    level = document["items"][0]
    assert (level["state"], level["why"]["code"]) == ("not compared", "withheld")
    qtc = next(item for item in document["items"] if item["code"] == "qtc_fridericia_ms")
    assert qtc["change"] == pytest.approx(qtc["later"] - qtc["earlier"], abs=0.001)
    assert qtc["limit"] == 25.0
