"""Ticks between columns, and a distance marched out."""

import pytest

from cardiov_core.datasets import generate
from cardiov_core.reporting import PaperOptions, ecg_figure, march_out


def test_each_lead_of_the_later_columns_begins_with_a_tick() -> None:
    figure = ecg_figure(generate("normal", seed=1), PaperOptions())
    ticks = figure.layout.shapes
    assert len(ticks) == 9, "three rows, three borders"
    assert sorted({round(tick.x0, 1) for tick in ticks}) == [72.5, 135.0, 197.5]
    assert all(tick.x0 == tick.x1 and tick.y1 - tick.y0 == 5.0 for tick in ticks)


def test_a_distance_is_marched_out_over_the_sheet() -> None:
    figure = ecg_figure(generate("normal", seed=1), PaperOptions(layout="12x1"))
    march_out(figure, 60.0, 40.0)
    places = [shape.x0 for shape in figure.layout.shapes]
    assert places == pytest.approx([20.0 * number for number in range(14)])
    march_out(figure, 40.0, 40.5)
    assert len(figure.layout.shapes) == 14, "too small a distance fills no paper"
