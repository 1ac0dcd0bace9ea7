"""Times without a beat: between beats, at the edges of what was measured, and beside gaps."""

import pytest

from cardiov_core.signals.beat.rhythm import longest_silence


@pytest.mark.parametrize(
    ("r_s", "measured_s", "gaps_s", "ms", "where"),
    [
        ((1.0, 2.0, 5.5, 6.5), (0.0, 7.0), (), 3500.0, "between two beats"),
        ((1.0, 2.0, 5.5, 6.5), (0.0, 7.0), ((2.5, 5.0),), 1000.0, "before the first beat"),
        ((4.0, 5.0), (0.0, 6.0), (), 4000.0, "before the first beat"),
        ((4.0, 5.2), (0.0, 6.0), ((0.0, 3.5),), 1200.0, "between two beats"),
        ((1.0, 2.0), (0.0, 300.0), ((3.0, 300.0),), 1000.0, "before the first beat"),
        ((1.0, 2.0), (0.0, 9.0), ((6.0, 9.0),), 4000.0, "beside a gap in the signal"),
        ((1.0, 9.0), (0.0, 9.5), ((1.5, 2.0), (7.0, 8.5)), 5000.0, "beside a gap in the signal"),
    ],
)
def test_the_longest_time_without_a_beat(
    r_s: tuple[float, ...],
    measured_s: tuple[float, float],
    gaps_s: tuple[tuple[float, float], ...],
    ms: float,
    where: str,
) -> None:
    found = longest_silence(r_s, measured_s, gaps_s)
    assert found is not None
    assert (found.ms, found.where) == (pytest.approx(ms), where)
    assert found.at_least == (where != "between two beats")


def test_where_nothing_was_measured_nothing_is_silent() -> None:
    assert longest_silence((), (0.0, 5.0), ((0.0, 5.0),)) is None
