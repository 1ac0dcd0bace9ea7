"""NumPy and MATLAB arrays: NPY, NPZ and .mat of versions 4 to 7."""

import io
import math
import sys
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.io import loadmat, whosmat

from cardiov_core.domain import STANDARD_LEADS, Sex
from cardiov_core.errors import NotAnEcgError, RecordFormatError
from cardiov_core.io.assembly import Channels, ReadOptions, missing, scale_to_mv, sha256_of
from cardiov_core.io.damage import foreign_decoder
from cardiov_core.io.formats.archives import RATIO_FREE_BYTES
from cardiov_core.io.formats.matlab_tags import refuse_unknown_types
from cardiov_core.limits import limits, mib

SIGNAL_KEYS = ("signal", "signals", "ecg", "p_signal", "data", "val")
_RATE_KEYS = ("sampling_rate", "sampling_rate_hz", "sampling_frequency", "fs", "rate", "frequency")
_UNITS_KEYS = ("units", "unit")
_LEADS_KEYS = ("leads", "lead_names", "lead", "channels", "channel_names", "sig_name")
_ALL_KEYS = (*SIGNAL_KEYS, *_RATE_KEYS, *_UNITS_KEYS, *_LEADS_KEYS)
_CHUNK = 1024**2
_HINT = "Copy, download or save the file again."
# Names of the struct in which an ECG lies, and of fields that say who it is (CPSC 2018: ECG.sex, ECG.age, ECG.data).
_AGE_KEYS, _SEX_KEYS = ("age",), ("sex", "gender")
_FACT_KEYS = (*_AGE_KEYS, *_SEX_KEYS)
_STRUCT = "struct"

Array = npt.NDArray[np.generic]
"""Of whatever a file holds: numbers, text, structures."""

Variables = Mapping[str, Array]


def read_npy(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read a bare array, which states neither rate nor units."""
    return _channels(path, content, "NPY", {"signal": _parse_npy(path.name, content)}, options)


def read_npz(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read an NPZ file with the keys signal, leads, sampling_rate and units."""
    variables: dict[str, Array] = {}
    opened: list[str] = []
    with foreign_decoder(path.name, hint=_HINT), zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            key = member.filename.removesuffix(".npy")
            opened.append(key)
            if key.casefold() in _ALL_KEYS and key.casefold() not in variables:
                data = _inflate(archive, member, len(content), path.name)
                variables[key.casefold()] = _parse_npy(f"{path.name} ({key})", data)
    return _channels(path, content, "NPZ", variables, options, opened)


def read_mat(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read a MATLAB file (versions 4 to 7) with the variables signal or val, leads, sampling_rate and units.

    They may be fields of one struct, as in the files of the China Physiological Signal Challenge 2018.
    """
    refuse_unknown_types(content, path.name)
    with warnings.catch_warnings(), foreign_decoder(path.name, hint=_HINT):
        warnings.simplefilter("ignore")
        listed = whosmat(str(path), appendmat=False)
        _refuse_large(path.name, [shape for _, shape, _ in listed], len(content))
        wanted = [name for name, _, kind in listed if name.casefold() in _ALL_KEYS or kind == _STRUCT]
        loaded = loadmat(str(path), appendmat=False, variable_names=wanted) if wanted else {}
        variables = {key.casefold(): np.asarray(value) for key, value in loaded.items() if key in wanted}
        variables = _fields(variables) | {key: value for key, value in variables.items() if value.dtype.names is None}
    return _channels(path, content, "MAT", variables, options, [name for name, _, _ in listed])


def _fields(variables: Variables) -> dict[str, Array]:
    """Return the fields of the struct that holds a signal."""
    for value in variables.values():
        names = {name.casefold(): name for name in value.dtype.names or ()}
        if value.size == 1 and not names.keys().isdisjoint(SIGNAL_KEYS):
            row = value.ravel()[0]
            return {key: np.asarray(row[name]) for key, name in names.items() if key in (*_ALL_KEYS, *_FACT_KEYS)}
    return {}


def _refuse_large(name: str, shapes: Sequence[tuple[int, ...]], n_bytes: int) -> None:
    most = min(mib(limits().file_mib), 1100 * n_bytes)
    # zlib, which MATLAB 5-7 use inside, cannot pack more than about 1030 to 1.
    if any(np.prod([float(n) for n in shape]) > most for shape in shapes):
        raise RecordFormatError(f"{name} announces more samples than it can hold.", "Save the file again.")


def _inflate(archive: zipfile.ZipFile, member: zipfile.ZipInfo, packed: int, name: str) -> bytes:
    parts: list[bytes] = []
    allowed, total = limits(), 0
    with archive.open(member) as source:
        while chunk := source.read(_CHUNK):
            total += len(chunk)
            if total > mib(allowed.file_mib) or (total > RATIO_FREE_BYTES and total > allowed.archive_ratio * packed):
                raise RecordFormatError(
                    f"{name} grows to more than {allowed.archive_ratio} times its size or beyond "
                    f"{allowed.file_mib:g} MiB, as no ECG does.",
                    "Do not trust this file; save the record again.",
                )
            parts.append(chunk)
    return b"".join(parts)


def _parse_npy(name: str, content: bytes) -> Array:
    """Parse one array, after holding its header against its size."""
    stream = io.BytesIO(content)
    with warnings.catch_warnings(), foreign_decoder(name, hint=_HINT):
        warnings.simplefilter("ignore")
        version = np.lib.format.read_magic(stream)
        reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = reader[version](stream)
        if dtype.hasobject:
            raise RecordFormatError(
                f"{name} holds Python objects, which are never opened because they can run code.",
                "Save it as an array of numbers.",
            )
        surplus = len(content) - stream.tell() - dtype.itemsize * float(np.prod([float(n) for n in shape]))
        if surplus:
            fault = "is cut short" if surplus < 0 else "is longer than it should be"
            raise RecordFormatError(f"{name} {fault}: it announces {shape} values.", "Copy the file again.")
        array: Array = np.load(io.BytesIO(content), allow_pickle=False)
        _check_letters(name, array)
        return array


def _check_letters(name: str, array: Array) -> None:
    """Refuse text with numbers in it that stand for no letter: Python fails on it wherever it is used later."""
    if array.dtype.kind != "U" or not array.size or not array.dtype.itemsize:
        return
    letters = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))).ravel().view(np.uint32)
    if letters.max() > sys.maxunicode:
        raise RecordFormatError(f"{name} is damaged: its text holds what is no letter.", _HINT)


def _first(variables: Variables, keys: Sequence[str]) -> Array | None:
    return next((variables[key] for key in keys if key in variables), None)


def _texts(value: Array | None) -> tuple[str, ...] | None:
    """Return the strings in an array of text, of bytes, or in a MATLAB cell array of text."""
    if value is None:
        return None
    texts: list[str] = []
    items: Iterable[object] = np.ravel(value)
    for item in items:
        # A cell of a MATLAB cell array is an array of its own.
        inner = np.ravel(item)[0] if isinstance(item, np.ndarray) and item.size else item
        texts.append(inner.decode("latin-1") if isinstance(inner, bytes) else str(inner))
    if len(texts) == 1 and "," in texts[0]:
        texts = texts[0].split(",")
    return tuple(text.strip() for text in texts)


def _number(name: str, value: Array | None) -> float | None:
    if value is None:
        return None
    try:
        return float(np.ravel(value)[0])
    except (ValueError, TypeError, IndexError) as error:
        raise RecordFormatError(f"{name} states a sampling rate that is no number.", "Write it in Hz.") from error


def _channels(
    path: Path,
    content: bytes,
    file_format: str,
    variables: Variables,
    options: ReadOptions,
    opened: Sequence[str] = (),
) -> Channels:
    signal = _first(variables, SIGNAL_KEYS)
    if signal is None:
        raise NotAnEcgError(
            f"{path.name} has no variable 'signal' (it has: {', '.join(name[:30] for name in opened[:15]) or 'none'}).",
            "Name the samples 'signal', and add 'leads', 'sampling_rate' and 'units'.",
        )
    if signal.dtype.kind not in "iuf":
        raise RecordFormatError(f"{path.name} holds no numbers (type {signal.dtype}).", "Save the samples as numbers.")
    names = _texts(_first(variables, _LEADS_KEYS))
    stated_rate = _number(path.name, _first(variables, _RATE_KEYS))
    rate = stated_rate if stated_rate is not None else options.sampling_rate
    units = _texts(_first(variables, _UNITS_KEYS)) or ((options.units,) if options.units is not None else None)
    rows, assumed = _leads_first(path.name, signal, names)
    absent = [
        field
        for field, is_absent in (("sampling_rate", rate is None), ("units", units is None), ("leads", rows is None))
        if is_absent
    ]
    if rate is None or units is None or rows is None:
        raise missing(path.name, absent)
    if len(units) not in {1, len(rows)}:
        raise RecordFormatError(
            f"{path.name} states {len(units)} units for {len(rows)} leads.", "State one unit, or one per lead."
        )
    factors = np.array([scale_to_mv(path.name, unit) for unit in units])
    return Channels(
        path=path,
        format=file_format,
        signal_mv=rows.astype(np.float64) * factors[:, None],
        names=names if names is not None else STANDARD_LEADS,
        sampling_rate=rate,
        files=(path.name,),
        sha256=sha256_of(content),
        age=_age(_first(variables, _AGE_KEYS)),
        sex=_sex(_texts(_first(variables, _SEX_KEYS))),
        warnings=("The file names no lead; its 12 channels were taken in the standard order.",) if assumed else (),
    )


def _age(value: Array | None) -> float | None:
    texts = _texts(value)
    try:
        years = float(texts[0]) if texts else math.nan
    except ValueError:
        return None
    return None if math.isnan(years) else years


def _sex(stated: tuple[str, ...] | None) -> Sex | None:
    first = stated[0].casefold()[:1] if stated else ""
    return "male" if first == "m" else "female" if first == "f" else None


def _leads_first(name: str, signal: Array, names: Sequence[str] | None) -> tuple[Array | None, bool]:
    """Turn the array so that leads are rows; None where neither side is unmistakably the leads."""
    if signal.ndim != 2:
        raise RecordFormatError(
            f"{name} holds an array of {signal.ndim} dimensions {signal.shape}.", "Save one ECG as leads by samples."
        )
    n_leads = len(names) if names is not None else len(STANDARD_LEADS)
    sides = [axis for axis, length in enumerate(signal.shape) if length == n_leads]
    if len(sides) != 1:
        if names is None:
            return None, False
        raise RecordFormatError(
            f"{name} names {n_leads} leads, but its array has the shape {signal.shape}.",
            "Save leads by samples, with one name per lead.",
        )
    return (signal if sides[0] == 0 else signal.T), names is None
