"""Where the files lie that CardioV needs beside its code: weights, pages, the entry of the app."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = _PACKAGE / "shipped"


@cache
def shipped_files() -> Path:
    """Return the folder of ``weights/``, ``pages/``, ``app.py`` and ``.streamlit/``.

    Returns
    -------
    pathlib.Path
        ``shipped`` in the package where a wheel was installed, otherwise the repository's root.
    """
    return _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent
