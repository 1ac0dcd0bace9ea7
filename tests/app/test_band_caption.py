"""What stands under the paper about the attention band."""

import numpy as np

from cardiov_core.ui.tools import band_caption


def test_an_empty_map_is_told_instead_of_an_invisible_band() -> None:
    assert "there is no band" in band_caption(np.array([np.nan, 0.0, 0.0], dtype=np.float32), 7)


def test_a_band_is_named_with_its_stage() -> None:
    assert band_caption(np.array([0.0, 1.0], dtype=np.float32), 3).startswith("Blue band: relative attention")
