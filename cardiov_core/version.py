"""Which version of a package is installed."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def installed_version(package: str = "cardiov") -> str:
    """Return a package's version, CardioV's by default; 'not installed' where it runs from a folder."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
