"""Where the review's database lies, and whether it was begun: asked for every ECG, so nothing is loaded for it."""

import os
from pathlib import Path

URL_VARIABLE, FILE_VARIABLE = "CARDIOV_DATABASE_URL", "CARDIOV_REVIEW_DB"


def stated_url() -> str:
    """Return the address that the environment states; empty where it states none."""
    return os.environ.get(URL_VARIABLE, "").strip()


def default_file() -> Path:
    """Return the file where no address is stated."""
    stated = os.environ.get(FILE_VARIABLE, "").strip()
    if stated:
        return Path(stated).expanduser().absolute()
    home = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".local" / "share"
    return Path(home) / "cardiov" / "review.db"


def store_begun() -> bool:
    """Tell whether there is a database to open: always for PostgreSQL, for SQLite where its file is there.

    Raises
    ------
    ConfigurationError
        If the address is of another kind of database.
    """
    if not stated_url():
        return default_file().is_file()
    # SQLAlchemy takes a quarter of a second to import: only where an address is to be read.
    from cardiov_core.review.database.store import begun_at

    return begun_at(stated_url())
