"""Where real records lie on this computer."""

import os
from pathlib import Path

_DEFAULT_ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def data_root() -> Path | None:
    """Return the folder of real records.

    Returns
    -------
    pathlib.Path or None
        The folder that the environment variable ``CARDIOV_DATA`` names, without it ``shared/data`` beside the
        repository; None where that is no folder.
    """
    stated = os.environ.get("CARDIOV_DATA", "").strip()
    root = Path(stated).expanduser() if stated else _DEFAULT_ROOT
    return root if root.is_dir() else None
