"""Ordinal coding: golden values of the paper's Eq. 6, and properties that hold for any output."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cardiov_core.errors import LabelError
from cardiov_core.ordinal import decode, encode, repair

EXCEEDANCES = hnp.arrays(np.float64, st.tuples(st.integers(0, 20), st.just(3)), elements=st.floats(0.0, 1.0))


def test_decode_is_the_corrected_equation_6() -> None:
    np.testing.assert_allclose(decode([[0.9, 0.6, 0.1]]), [[0.1, 0.3, 0.5, 0.1]], atol=1e-12)


def test_a_rank_violation_is_repaired_and_reported() -> None:
    repaired, violation = repair([[0.5, 0.8, 0.6], [0.9, 0.6, 0.1]])
    np.testing.assert_allclose(repaired, [[0.5, 0.5, 0.5], [0.9, 0.6, 0.1]])
    np.testing.assert_allclose(violation, [0.3, 0.0])
    np.testing.assert_allclose(decode([[0.5, 0.8, 0.6]]), [[0.5, 0.0, 0.0, 0.5]])


@given(EXCEEDANCES)
def test_decoded_probabilities_are_probabilities(exceedance: np.ndarray) -> None:
    probabilities = decode(exceedance)
    assert probabilities.shape == (len(exceedance), 4)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-12)


@given(EXCEEDANCES)
def test_repaired_exceedances_never_rise_and_are_never_raised(exceedance: np.ndarray) -> None:
    repaired, violation = repair(exceedance)
    assert (np.diff(repaired, axis=1) <= 0).all()
    assert (repaired <= exceedance).all()
    np.testing.assert_array_equal(violation, (exceedance - repaired).max(axis=1, initial=0.0))
    consistent = (np.diff(exceedance, axis=1) <= 0).all(axis=1)
    np.testing.assert_array_equal(violation == 0, consistent)
    np.testing.assert_array_equal(repair(repaired)[0], repaired)


@given(st.integers(2, 8).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), max_size=30))))
def test_decode_undoes_encode(case: tuple[int, list[int]]) -> None:
    n_levels, levels = case
    encoded = encode(levels, n_levels)
    assert encoded.shape == (len(levels), n_levels - 1)
    np.testing.assert_array_equal(decode(encoded), np.eye(n_levels)[levels])


@pytest.mark.parametrize(
    "exceedance", [[0.1, 0.2, 0.3], [[1.1, 0, 0]], [[-0.1, 0, 0]], [[float("nan"), 0, 0]], [["a"]]]
)
def test_decode_refuses_what_is_no_probability(exceedance: object) -> None:
    with pytest.raises(LabelError):
        decode(exceedance)  # type: ignore[arg-type]
