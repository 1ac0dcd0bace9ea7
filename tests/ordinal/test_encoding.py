"""Levels into threshold answers: golden values of the paper's Table 4."""

import numpy as np
import pytest

from cardiov_core.errors import LabelError
from cardiov_core.ordinal import encode


def test_encode_is_table_4() -> None:
    expected = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]]
    encoded = encode([0, 1, 2, 3])
    assert encoded.dtype == np.float64
    np.testing.assert_array_equal(encoded, expected)


@pytest.mark.parametrize("levels", [[4], [-1], [1.5], [float("nan")], [[0, 1]], 2, ["no risk"]])
def test_encode_refuses_what_is_no_level(levels: object) -> None:
    with pytest.raises(LabelError):
        encode(levels)  # type: ignore[arg-type]


def test_one_level_is_refused() -> None:
    with pytest.raises(LabelError, match="1 levels"):
        encode([0], 1)
