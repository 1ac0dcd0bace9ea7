"""Gaps of a signal, bridged by straight lines where a filter needs every sample."""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array


def bridged(signal: npt.NDArray[np.floating]) -> Float64Array:
    """Return a copy without gaps.

    `signal`: shape (n_leads, n_samples), in mV; NaN and infinite values are gaps. Returns shape (n_leads, n_samples),
    float64; straight lines across gaps, the next valid value at the ends, zero in a lead without any valid sample.
    """
    values = signal.astype(np.float64)
    gaps = ~np.isfinite(values)
    if gaps.any():
        time = np.arange(values.shape[1])
        for row, gap in zip(values, gaps, strict=True):
            if gap.any():
                row[gap] = 0.0 if gap.all() else np.interp(time[gap], time[~gap], row[~gap])
    return values
