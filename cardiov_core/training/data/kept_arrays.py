"""Arrays that trainings and studies keep, so that what was interrupted goes on."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt


def save_arrays(path: Path, **arrays: npt.NDArray[np.generic]) -> None:
    """Write arrays to an .npz file.

    A kill leaves the file that was there before, or none.

    Parameters
    ----------
    path : pathlib.Path
        The file; its folder is made where there is none.
    **arrays : numpy.ndarray
        By their names.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def saved_arrays(path: Path) -> Mapping[str, npt.NDArray[np.generic]]:
    """Return what `save_arrays` wrote; empty where there is no file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    """
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as kept:
        return dict(kept)
