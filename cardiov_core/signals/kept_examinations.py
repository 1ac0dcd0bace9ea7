"""Examinations kept on disk: a tree of records is measured once, whatever asks for it and however often.

A line per record stands in a file that is named after what the measurements depend on: the code that measures and the
delineator's weights. In it a record is known by the checksum of its samples. What is not there is measured and added,
so that a killed run goes on where it was; findings are not kept, since their detectors are trained on measurements.
"""

import ast
import base64
import hashlib
import json
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import islice
from multiprocessing import get_context
from os import SEEK_END
from pathlib import Path
from typing import Union, cast, get_args, get_origin, get_type_hints

import numpy as np

import cardiov_core
from cardiov_core.computing import computing_by
from cardiov_core.domain import EcgRecord, Measurements, Quality
from cardiov_core.errors import CardioVError
from cardiov_core.signals.examination import Examination
from cardiov_core.weights import load_delineator

KEPT_IN = Path("runs/measured")
"""Where examinations are kept unless another folder is named."""

MEASURING = ("signals/beat", "signals/lead", "signals/wave", "signals/measurements.py", "signals/quality.py",
             "preprocessing.py", "filtering.py", "order_statistics.py", "lost_signal.py")  # fmt: skip
"""What measures: files and folders of the package."""

_NAME = "examinations.jsonl"
_AT_ONCE = 64


class KeptExaminations:
    """What was measured of records, on disk.

    Parameters
    ----------
    kept_in : pathlib.Path
        Folder; inside it is a folder for each state of the code that measures.
    n_processes : int
        Processes that measure what is missing.
    """

    def __init__(self, kept_in: Path = KEPT_IN, *, n_processes: int = 1) -> None:
        self.path = kept_in / measuring_key() / _NAME
        self._n_processes = n_processes
        self._at = _offsets(self.path)
        self._torn = _is_torn(self.path)

    def of(self, records: Iterable[EcgRecord]) -> Iterator[Examination]:
        """Return records with all that was measured of them, in their order.

        Parameters
        ----------
        records : iterable of EcgRecord
            Read some at a time.

        Yields
        ------
        Examination
            With measurements and quality; of a record that cannot be measured without them, so that the reason comes
            out where they are asked for.
        """
        given = iter(records)
        if self._n_processes == 1:
            for record in given:
                self._keep(_line(record) for _ in range(record.fingerprint not in self._at))
                yield self._kept(record)
            return
        # Spawned: a fork of a process with threads may hang.
        with ProcessPoolExecutor(self._n_processes, get_context("spawn"), initializer=_one_thread) as pool:
            while some := list(islice(given, _AT_ONCE)):
                missing = [record for record in some if record.fingerprint not in self._at]
                self._keep(pool.map(_line, missing, chunksize=4))
                for record in some:
                    yield self._kept(record)

    def _keep(self, lines: Iterable[str]) -> None:
        for line in lines:
            if not line:
                continue
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                if self._torn:
                    file.write("\n")
                    self._torn = False
                file.write(line)
                self._at[json.loads(line)["record"]] = file.tell() - len(line.encode())

    def _kept(self, record: EcgRecord) -> Examination:
        at = self._at.get(record.fingerprint)
        if at is None:
            return Examination(record)
        with self.path.open("rb") as file:
            file.seek(at)
            row = json.loads(file.readline())
        return Examination.measured_before(
            record,
            cast(Measurements, _revived(Measurements, row["measurements"])),
            cast(Quality, _revived(Quality, row["quality"])),
        )


@cache
def measuring_key() -> str:
    """Return a name that changes with the code that measures and with the delineator."""
    digest = hashlib.sha256(code_digest(MEASURING).encode())
    delineator = load_delineator()
    digest.update(b"" if delineator is None else delineator.sha256.encode())
    return digest.hexdigest()[:16]


def code_digest(parts: Sequence[str]) -> str:
    """Return a checksum of what files and folders of the package do: without comments, docstrings and imports."""
    root = Path(cardiov_core.__file__).parent
    digest = hashlib.sha256()
    for name in parts:
        path = root / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(ast.dump(_bare(ast.parse(file.read_text(encoding="utf-8")))).encode())
    return digest.hexdigest()


def _bare(tree: ast.AST) -> ast.AST:
    """Take imports, docstrings and other bare texts out of a module."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, [line for line in body if not _is_silent(line)])
    return tree


def _is_silent(line: ast.AST) -> bool:
    if isinstance(line, ast.Expr):
        return isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
    return isinstance(line, ast.Import | ast.ImportFrom)


def _one_thread() -> None:
    """Add up as one thread does, whoever measures."""
    import torch

    torch.set_num_threads(1)


def _offsets(path: Path) -> dict[str, int]:
    """Return where each record's line begins; a line that a kill tore is passed over."""
    offsets: dict[str, int] = {}
    if not path.is_file():
        return offsets
    at = 0
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"}\n") and line.startswith(b'{"record": "'):
                offsets[line[12 : line.index(b'"', 12)].decode()] = at
            at += len(line)
    return offsets


def _is_torn(path: Path) -> bool:
    """Tell whether a kill left the last line without its end."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, SEEK_END)
        return file.read(1) != b"\n"


def _line(record: EcgRecord) -> str:
    """Return a record's line; empty where it cannot be measured.

    By PyTorch's networks, whatever is installed: what is trained and counted on kept measurements must not depend on
    the machine's backend.
    """
    examination = Examination(record)
    try:
        with computing_by(backend="torch", precision="f32"):
            parts = {
                "record": record.fingerprint,
                "measurements": _plain(examination.measurements),
                "quality": _plain(examination.quality),
            }
    except CardioVError:
        return ""
    return json.dumps(parts) + "\n"


def _plain(value: object) -> object:
    """Turn a value of the domain into JSON values; arrays keep every bit."""
    if isinstance(value, np.ndarray):
        return {
            "dtype": value.dtype.str,
            "shape": value.shape,
            "bytes": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode(),
        }
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    return value.item() if isinstance(value, np.generic) else value


def _revived(kind: object, value: object) -> object:
    """Turn JSON values back into a value of a type."""
    if value is None:
        return None
    if isinstance(value, dict) and "bytes" in value and "dtype" in value:
        flat = np.frombuffer(base64.b64decode(value["bytes"]), dtype=value["dtype"])
        return flat.reshape(value["shape"]).copy()
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _revived(next(one for one in arguments if one is not type(None)), value)
    if origin is tuple and isinstance(value, list):
        of_each = arguments if arguments[-1] is not Ellipsis else [arguments[0]] * len(value)
        return tuple(_revived(one, each) for one, each in zip(of_each, value, strict=True))
    if origin is not None and isinstance(value, dict):
        return {key: _revived(arguments[1], each) for key, each in value.items()}
    if is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        hints, make = _hints(kind), cast("Callable[..., object]", kind)
        return make(**{name: _revived(hints[name], each) for name, each in value.items()})
    return kind(value) if isinstance(kind, type) and issubclass(kind, Enum) else value


@cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)
