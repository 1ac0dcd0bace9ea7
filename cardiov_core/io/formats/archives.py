"""Zip archives, unpacked within limits that are measured while unpacking, not taken from what the archive declares."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from cardiov_core.errors import ArchiveError, RecordFormatError
from cardiov_core.io.damage import foreign_decoder
from cardiov_core.io.formats.sniff import is_other_archive, is_zip
from cardiov_core.limits import limits, mib

RATIO_FREE_BYTES = 1024**2
_CHUNK = 1024**2
_ENCRYPTED = 0x1


def npz_names(path: Path) -> tuple[str, ...]:
    """Return the names of the arrays in an NPZ file; none where it is damaged."""
    try:
        with foreign_decoder(path.name), zipfile.ZipFile(path) as archive:
            return tuple(name.removesuffix(".npy") for name in archive.namelist())
    except RecordFormatError:
        return ()


def is_npz(path: Path) -> bool:
    """Tell whether a zip file is NumPy's NPZ: all of its members are arrays."""
    try:
        with foreign_decoder(path.name), zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except RecordFormatError:
        return False
    return bool(names) and all(name.endswith(".npy") for name in names)


def unpack(path: Path, folder: Path) -> None:
    """Unpack a zip archive."""
    try:
        with foreign_decoder(path.name, "archive"), zipfile.ZipFile(path) as archive:
            _unpack_members(archive, path, folder)
    except RecordFormatError as error:
        raise ArchiveError(error.message, "Pack or download it again.") from error


def _unpack_members(archive: zipfile.ZipFile, path: Path, folder: Path) -> None:
    members = archive.infolist()
    most = limits().archive_members
    if len(members) > most:
        raise ArchiveError(
            f"{path.name} has {len(members)} members; at most {most} are unpacked.",
            "Unpack it yourself and open the folder, or pack fewer records.",
        )
    packed = path.stat().st_size
    total = 0
    for member in members:
        target = folder.joinpath(*_safe_parts(member, path.name))
        if member.is_dir() or member.filename.endswith("\\"):
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise ArchiveError(f"{path.name} has '{member.filename[:60]}' twice.", "Pack it again.")
        total = _unpack_member(archive, member, target, total, packed, path.name)
        _refuse_nested(target, member.filename, path.name)


def _safe_parts(member: zipfile.ZipInfo, archive_name: str) -> tuple[str, ...]:
    name = member.filename
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[:60])
    if member.flag_bits & _ENCRYPTED:
        raise ArchiveError(f"{archive_name} is encrypted ('{shown}').", "Unpack it with its password first.")
    mode = member.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
        raise ArchiveError(
            f"{archive_name} has a member that is a link or device: '{shown}'.", "Pack plain files only."
        )
    # Some packers of Windows write its own sign between folders, against the format.
    slashed = name.replace("\\", "/")
    parts = PurePosixPath(slashed).parts
    outside = slashed.startswith("/") or ".." in parts or (bool(parts) and parts[0].endswith(":"))
    if outside or not parts or not name.isprintable():
        raise ArchiveError(
            f"{archive_name} has a member that leaves its folder or has no plain name: '{shown}'.",
            "Do not trust this archive; pack the records again.",
        )
    return parts


def _unpack_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, total: int, packed: int, name: str
) -> int:
    allowed = limits()
    with archive.open(member) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            total += len(chunk)
            if total > mib(allowed.unpacked_mib):
                raise ArchiveError(
                    f"{name} grows beyond {allowed.unpacked_mib:g} MiB.",
                    "Unpack it yourself and open the folder, or pack fewer records.",
                )
            if total > RATIO_FREE_BYTES and total > allowed.archive_ratio * packed:
                raise ArchiveError(
                    f"{name} grows to more than {allowed.archive_ratio} times its size, as no archive of ECGs does.",
                    "Do not trust this archive; pack the records again.",
                )
            sink.write(chunk)
    return total


def _refuse_nested(target: Path, member_name: str, archive_name: str) -> None:
    with target.open("rb") as file:
        head = file.read(512)
    if is_other_archive(head) or (is_zip(head) and not is_npz(target)):
        raise ArchiveError(
            f"{archive_name} holds another archive: '{member_name[:60]}'.", "Unpack it and pack the records flat."
        )
