"""Medians over beats: of a dozen values each, which `numpy.median` takes four times as long to find as sorting does."""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array


def median_over_beats(windows: npt.ArrayLike) -> Float64Array:
    """Return the median over the first axis, to the last bit that of `numpy.median`; NaN where a beat has NaN.

    `windows`: ``(n_beats, ...)``, at least one beat.
    """
    ordered = np.sort(np.asarray(windows, dtype=np.float64), axis=0)
    n_beats = len(ordered)
    middle = (ordered[(n_beats - 1) // 2] + ordered[n_beats // 2]) / 2.0
    # NaN is sorted last.
    return np.where(np.isnan(ordered[-1]), np.nan, middle)
