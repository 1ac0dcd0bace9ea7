"""Names for arrays by their numbers; shapes stand where they are used."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
"""Samples, as they are read and fed to networks."""

Float64Array = npt.NDArray[np.float64]
"""What is computed."""

IntArray = npt.NDArray[np.int64]
"""Indices, levels and counts."""

BoolArray = npt.NDArray[np.bool_]
"""Masks."""
