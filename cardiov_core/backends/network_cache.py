"""Converted networks in the user's cache folder: one file each, which says of what it is, with its own checksum.

A file's name is a checksum of everything that the conversion depends on, so that another network, version or processor
finds no file instead of a wrong one. What is damaged counts as not there.
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import cardiov_core
from cardiov_core.computing import cache_folder

_FOLDER, _SUFFIX = "networks", ".converted"
_logger = logging.getLogger(__name__)


def kept_networks() -> tuple[Path, list[Path]]:
    """Return the folder of converted networks, and the files in it."""
    folder = cache_folder() / _FOLDER
    return folder, sorted(folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else []


def is_kept(of: Mapping[str, str]) -> bool:
    """Tell whether something was kept of a network; `read_kept` looks whether it is whole."""
    return _path(of).is_file()


def read_kept(of: Mapping[str, str]) -> bytes | None:
    """Return what was kept of a network.

    Returns None where nothing was kept, or the file is damaged.
    """
    path = _path(of)
    try:
        head, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    try:
        stated = json.loads(head)
    except ValueError:
        stated = None
    if stated != {**of, "sha256": hashlib.sha256(content).hexdigest()}:
        _logger.warning("%s is damaged: the network is converted again.", path)
        return None
    return content


def keep(of: Mapping[str, str], content: bytes) -> None:
    """Keep a converted network, whole or not at all; where the folder takes nothing, only the time is lost."""
    path = _path(of)
    head = json.dumps({**of, "sha256": hashlib.sha256(content).hexdigest()}).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            beside = Path(file.name)
            try:
                file.write(head + b"\n" + content)
                file.close()
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        _logger.warning("%s cannot be written (%s): networks are converted at every start.", path.parent, reason)


@cache
def code_of_networks() -> str:
    """Return a checksum of the code that networks are made of."""
    digest = hashlib.sha256()
    for file in sorted((Path(cardiov_core.__file__).parent / "nets").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _path(of: Mapping[str, str]) -> Path:
    name = hashlib.sha256(json.dumps(dict(of), sort_keys=True).encode()).hexdigest()
    return cache_folder() / _FOLDER / f"{name[:32]}{_SUFFIX}"
