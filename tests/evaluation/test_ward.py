import numpy as np
import pytest

from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.ward import ward_intervals, ward_outcome

LABELS = np.array([0, 0, 1, 1, 2, 3, 3, 3])
LEVELS = np.array([0, 2, 1, 0, 2, 1, 3, 2])


def test_patients_of_a_ward_are_counted_by_hand() -> None:
    found = ward_outcome(LABELS, LEVELS, 0.2)
    # 200 patients stand for four grave records, 800 for the other four.
    assert (found.right_alarms, found.missed) == (pytest.approx(150), pytest.approx(50))
    assert (found.false_alarms, found.quiet) == (pytest.approx(200), pytest.approx(600))
    assert (found.missed_high, found.high) == (pytest.approx(50), pytest.approx(150))
    assert (found.too_low, found.too_high) == (pytest.approx(100 + 200), pytest.approx(200))
    assert (found.sensitivity, found.specificity) == (0.75, 0.75)


def test_prevalence_moves_patients_and_not_sensitivity() -> None:
    few, many = ward_outcome(LABELS, LEVELS, 0.02), ward_outcome(LABELS, LEVELS, 0.5)
    assert few.missed < many.missed
    assert few.false_alarms > many.false_alarms
    assert (few.sensitivity, few.specificity) == (many.sensitivity, many.specificity)


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.5])
def test_a_prevalence_that_is_no_share_is_refused(prevalence: float) -> None:
    with pytest.raises(ConfigurationError, match="is no share"):
        ward_outcome(LABELS, LEVELS, prevalence)


def test_records_of_one_side_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="one side"):
        ward_outcome(LABELS[:4], LEVELS[:4], 0.2)


def test_intervals_hold_the_figure_and_are_drawn_by_patient() -> None:
    labels, levels = np.tile(LABELS, 20), np.tile(LEVELS, 20)
    found = ward_outcome(labels, levels, 0.3)
    ends = ward_intervals(labels, levels, 0.3, np.arange(160).astype(str), 200)
    assert ends["missed"].low < found.missed < ends["missed"].high
    # One patient with all records: nothing varies.
    one = ward_intervals(labels, levels, 0.3, np.repeat("a", 160), 50)
    assert one["missed"].low == one["missed"].high == pytest.approx(found.missed)
