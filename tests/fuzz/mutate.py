"""Mutants of files: lengths and counts replaced, bytes flipped, stretches cut, doubled and taken from other files."""

import io
import re
import zipfile
import zlib
from random import Random

from tests.fuzz.seeds import Files, packed

_NUMBERS = tuple(
    value.to_bytes(width, order)  # type: ignore[arg-type]
    for width in (1, 2, 4, 8)
    for order in ("little", "big")
    for value in (0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), 2 ** (8 * width - 1) - 1, min(1000, 2**8 - 1))
)
_WRITTEN = (b"0", b"-1", b"1", b"65536", b"1000000000", b"2147483648", b"99999999999999999999", b"1e308", b"nan", b"")
_TOKENS = (
    b"\x00", b"\n", b"<", b">", b"&x;", b"<!DOCTYPE a [", b"]]>", b"/", b"../", b"\\", b"'", b'"', b",", b";", b"#",
    b"%s", b"=1+1", b"inf", b"\xff\xfe", b"\xef\xbb\xbf", b"OB\x00\x00\xff\xff\xff\xff", b"SQ\x00\x00\xff\xff\xff\xff",
    b"PK\x03\x04", b"\xc3", b"1.2.840.10008.1.2.1.99",
)  # fmt: skip
_DIGITS = re.compile(rb"\d{1,12}")
_HEAD = 600


def mutant(drop: Files, others: list[Files], random: Random) -> Files:
    """Return a drop with one to six faults in one of its files, or with a file too few, too many or misnamed.

    Parameters
    ----------
    drop : tuple of (str, bytes)
        What to damage.
    others : list of such tuples
        Where stretches are taken from.
    random : random.Random
        Decides; the same state gives the same mutant.
    """
    files = list(drop)
    at = random.randrange(len(files))
    name, content = files[at]
    if random.random() < 0.03:
        return _rearranged(files, at, others, random)
    if content[:2] == b"PK" and random.random() < 0.6 and (inside := members(content)):
        return (*files[:at], (name, packed(mutant(inside, others, random))), *files[at + 1 :])
    data = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        _damage(data, others, random)
    files[at] = name, bytes(data)
    return tuple(files)


def _rearranged(files: list[tuple[str, bytes]], at: int, others: list[Files], random: Random) -> Files:
    how = random.randrange(4)
    name, content = files[at]
    if how == 0 and len(files) > 1:
        del files[at]
    elif how == 1:
        files[at] = (
            random.choice(("a.hea", "a.dat", "a.mat", "a.zip", "a.csv", "a", "../../a.hea", "a/b/c.dcm")),
            content,
        )
    elif how == 2:
        files.extend(random.choice(others))
    else:
        files[at] = "drop.zip", packed(((name, content), (f"x/{name}", content[: len(content) // 2])))
    return tuple(files)


def members(content: bytes) -> Files:
    """Return the files of a zip archive; none where it is damaged or large."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > 4_000_000:
                return ()
            return tuple((member.filename, archive.read(member)) for member in archive.infolist())
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError):
        return ()


def _damage(data: bytearray, others: list[Files], random: Random) -> None:
    size = len(data)
    # Structure lies at the beginning of most files, and anywhere in XML and DICOM.
    at = random.randrange(min(size, random.choice((64, _HEAD, 6 * _HEAD, max(size, 1)))) or 1)
    how = random.randrange(9)
    if how == 0 and size:
        data[min(at, size - 1)] ^= 1 << random.randrange(8)
    elif how == 1:
        new = random.choice(_NUMBERS)
        data[at : at + len(new)] = new
    elif how == 2:
        data[at:at] = random.choice(_TOKENS)
    elif how == 3:
        data[at : at + random.choice((1, 2, 4, 16, 200, 4000))] = b""
    elif how == 4:
        data[at:at] = data[at : at + random.choice((1, 4, 40, 400, 4000))]
    elif how == 5:
        match = _DIGITS.search(data, at, at + 20_000)
        if match:
            data[match.start() : match.end()] = random.choice(_WRITTEN)
    elif how == 6:
        del data[random.randrange(size + 1) :]
    elif how == 7:
        other = random.choice(random.choice(others))[1]
        start = random.randrange(len(other) or 1)
        stretch = other[start : start + random.choice((4, 40, 400, 4000))]
        data[at : at + (len(stretch) if random.random() < 0.5 else 0)] = stretch
    else:
        data[at : at + 4] = bytes(random.randrange(256) for _ in range(4))
