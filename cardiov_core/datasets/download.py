"""PTB-XL from PhysioNet: fetched with its checksums, resumed where it stopped, checked where it lies.

A file is written as ``NAME.part`` and gets its name when its SHA-256 is the published one, so that a name stands for a
whole file. Parts are continued by HTTP ranges; a server that sends no ranges sends the file again. pooch does neither
that nor several files over one connection, and the set has 87,000 of them.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from tqdm import tqdm

from cardiov_core.datasets.cache import PARTIAL, sha256_of, shortened
from cardiov_core.errors import CardioVError, DatasetError

if TYPE_CHECKING:
    import httpx

URL = "https://physionet.org/files/ptb-xl/1.0.3/"
"""Where PhysioNet keeps PTB-XL 1.0.3 (doi:10.13026/kfzx-aw45)."""

SUMS_NAME = "SHA256SUMS.txt"
CONNECTIONS = 4
"""Files fetched at once: the set is 87,000 small files, and one at a time would mostly wait."""

_SUM_LINE = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(.+)")
# Windows reads a backslash as a slash and a colon as a drive; nothing that PhysioNet publishes has either.
_HOSTILE = re.compile(r"[\x00-\x1f\x7f\\:]")
_ATTEMPTS = 5
_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_TIMEOUT_S = 30.0
_GIVE_UP_AFTER = 20
_TOO_MANY, _SERVER_ERROR = 429, 500
# PTB-XL's largest file, its table, has some 8 MB: what goes on for longer is not PTB-XL.
_MOST_BYTES = 2**28
# Twelve leads of 10 s in 16 bits; headers and the rest take a block of the disk.
_BYTES: Mapping[str, int] = {"records500": 12 * 5000 * 2, "records100": 12 * 1000 * 2}
_OTHER_BYTES = 4096

Sleep = Callable[[float], None]
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Fetched:
    """What a download did."""

    n_files: int  # in the list of checksums; all of them are there now
    n_kept: int  # of these, files that were whole before


@dataclass(frozen=True)
class Check:
    """How a folder compares with the published checksums."""

    n_files: int  # in the list
    # Names in the list without a file, with another checksum, and files (unfinished ones too) that are not in it.
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every published file is there as published."""
        return not self.missing and not self.damaged


class _PassingError(Exception):
    """Worth another attempt: a broken connection, a busy server, a wrong checksum."""

    def __init__(self, message: str, pause_s: float = 0.0) -> None:
        super().__init__(message)
        self.pause_s = pause_s


def fetch(
    folder: Path,
    url: str = URL,
    *,
    connections: int = CONNECTIONS,
    progress: bool = False,
    sleep: Sleep = time.sleep,
) -> Fetched:
    """Fetch what a folder lacks of PTB-XL.

    Parameters
    ----------
    folder : pathlib.Path
        Made where it is missing; files that are whole stay as they are.
    url : str
        Folder on the server that has ``SHA256SUMS.txt``.
    connections : int
        Files at once.
    progress : bool
        Show a progress bar on stderr.
    sleep : callable
        Waits between attempts; seconds.

    Returns
    -------
    Fetched
        All files are there, with the published checksums.

    Raises
    ------
    DatasetError
        If the server cannot be reached, its list has a name that leaves the folder, the disk is too small, or files
        could not be fetched; what was fetched stays.
    """
    import httpx

    base = url if url.endswith("/") else f"{url}/"
    with httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S, headers={"Accept-Encoding": "identity"}) as client:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = _list_of(client, base, folder, sleep)
            sums = parse_sums(text)
            wanted = _lacking(folder, sums, progress=progress)
            _check_disk(folder, wanted)
            faults = _fetch_all(
                client, base, folder, {name: sums[name] for name in wanted}, connections, progress, sleep
            )
        except OSError as error:
            raise DatasetError(f"{folder} cannot be written: {error}.", "Name a folder of your own.") from error
    if faults:
        name, why = next(iter(faults.items()))
        gave_up = "; gave up there" if len(faults) >= _GIVE_UP_AFTER else ""
        raise DatasetError(
            f"{len(faults)} files could not be fetched{gave_up}: {shortened(list(faults))}. {name}: {why}",
            "Run the same command again: it goes on where it stopped.",
        )
    return Fetched(len(sums), len(sums) - len(wanted))


def check(folder: Path, url: str = URL, *, progress: bool = False, sleep: Sleep = time.sleep) -> Check:
    """Compare a folder with the published checksums: its own ``SHA256SUMS.txt``, or the server's where it has none.

    Raises
    ------
    DatasetError
        If there is no such folder, or no list of checksums to be had.
    """
    import httpx

    if not folder.is_dir():
        raise DatasetError(f"There is no folder {folder}.", "Name the folder of PTB-XL.")
    try:
        text = (folder / SUMS_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        with httpx.Client(follow_redirects=True, timeout=_TIMEOUT_S) as client:
            text = _attempted(lambda: _get_sums(client, url if url.endswith("/") else f"{url}/"), sleep)
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{folder / SUMS_NAME} cannot be read: {error}.", "Delete it: it is fetched anew."
        ) from error
    sums = parse_sums(text)
    lacking = _lacking(folder, sums, progress=progress)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return Check(
        n_files=len(sums),
        missing=tuple(name for name in lacking if name not in there),
        damaged=tuple(name for name in lacking if name in there),
        extra=tuple(sorted(there - set(sums) - {SUMS_NAME})),
    )


def parse_sums(text: str) -> dict[str, str]:
    """Read a list of checksums."""
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        match = _SUM_LINE.fullmatch(line)
        if match is None:
            raise DatasetError(f"{SUMS_NAME}, line {number} is no checksum: {line[:80]!r}.", "Check the address.")
        name = match[2].removeprefix("./")
        parts = name.split("/")
        hostile = _HOSTILE.search(name) or any(part.strip(" .") == "" for part in parts) or name in sums
        if hostile or name.endswith(PARTIAL) or name == SUMS_NAME:
            raise DatasetError(
                f"{SUMS_NAME}, line {number} names {name!r}, which cannot be a file of PTB-XL.",
                "Nothing was fetched. Use PhysioNet's own address.",
            )
        sums[name] = match[1].lower()
    if not sums:
        raise DatasetError(f"{SUMS_NAME} is empty.", "Check the address.")
    return sums


def _list_of(client: "httpx.Client", base: str, folder: Path, sleep: Sleep) -> str:
    """Fetch the list of checksums and keep it beside the files."""
    text = _attempted(lambda: _get_sums(client, base), sleep)
    parse_sums(text)
    part = folder / f"{SUMS_NAME}{PARTIAL}"
    part.write_text(text, encoding="utf-8")
    part.replace(folder / SUMS_NAME)
    return text


def _get_sums(client: "httpx.Client", base: str) -> str:
    import httpx

    try:
        response = client.get(base + SUMS_NAME)
        _check_status(response)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise DatasetError(f"{base} is no address: {error}.", "Name one that begins with https://.") from error
    except httpx.RequestError as error:
        raise _PassingError(f"{base} cannot be reached: {error}.") from error
    except DatasetError as error:
        raise DatasetError(f"{base}{SUMS_NAME}: {error.message}", error.hint) from error
    return response.text


def _lacking(folder: Path, sums: Mapping[str, str], *, progress: bool) -> list[str]:
    """Return the names whose file is missing or another; refuse links that lead out of the folder."""
    root = folder.resolve()
    lacking = []
    for name, expected in tqdm(sums.items(), disable=not progress, unit="file", desc="checking"):
        path = folder / PurePosixPath(name)
        if not path.is_file():
            lacking.append(name)
            if not path.parent.resolve().is_relative_to(root):
                raise DatasetError(f"{path.parent} leads out of {folder}.", "Remove the link.")
        elif sha256_of(path) != expected:
            lacking.append(name)
    return lacking


def _check_disk(folder: Path, names: list[str]) -> None:
    def size(name: str) -> int:
        return _BYTES.get(name.partition("/")[0], _OTHER_BYTES) if name.endswith(".dat") else _OTHER_BYTES

    needed, free = sum(map(size, names)), shutil.disk_usage(folder).free
    if free < needed:
        raise DatasetError(
            f"{len(names)} files need {needed / 1e9:.2f} GB, and {folder} has {free / 1e9:.2f} GB free.",
            "Name a folder on a larger disk.",
        )


def _fetch_all(
    client: "httpx.Client",
    base: str,
    folder: Path,
    wanted: Mapping[str, str],
    connections: int,
    progress: bool,
    sleep: Sleep,
) -> dict[str, str]:
    """Fetch files and return why some could not be; gives up where one after another fails."""
    faults: dict[str, str] = {}
    with ThreadPoolExecutor(connections) as pool, tqdm(total=len(wanted), disable=not progress, unit="file") as bar:
        running: dict[Future[None], str] = {
            pool.submit(_fetch_one, client, base, folder / PurePosixPath(name), name, expected, sleep): name
            for name, expected in wanted.items()
        }
        try:
            for done in as_completed(running):
                try:
                    done.result()
                except CardioVError as error:
                    faults[running[done]] = error.message
                    if len(faults) >= _GIVE_UP_AFTER:
                        break
                bar.update()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return faults


def _fetch_one(client: "httpx.Client", base: str, path: Path, name: str, expected: str, sleep: Sleep) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}{PARTIAL}")

    def attempt() -> None:
        _get(client, base, name, part)
        if sha256_of(part) != expected:
            part.unlink()
            raise _PassingError("its checksum is not the published one.")
        part.replace(path)

    _attempted(attempt, sleep)


def _attempted(action: Callable[[], _Result], sleep: Sleep) -> _Result:
    """Try several times, each pause twice the one before; what is final is raised at once."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return action()
        except _PassingError as error:
            if attempt == _ATTEMPTS:
                raise DatasetError(f"{error} Tried {_ATTEMPTS} times.", "Run the same command again later.") from error
            sleep(max(error.pause_s, _PAUSE_S * 2 ** (attempt - 1)))
    raise DatasetError("Nothing was tried.", "Report this as a bug.")


def _get(client: "httpx.Client", base: str, name: str, part: Path) -> None:
    """Fetch a file into its part, from where the part ends."""
    import httpx

    begun = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={begun}-"} if begun else {}
    try:
        with client.stream("GET", base + quote(name), headers=headers) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink()
                raise _PassingError("its part is longer than the file.")
            _check_status(response)
            goes_on = response.status_code == httpx.codes.PARTIAL_CONTENT
            if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {begun}-"):
                part.unlink(missing_ok=True)
                raise _PassingError("the server sent another range than it was asked for.")
            _write(response.iter_bytes(), part, begun if goes_on else 0)
    except httpx.RequestError as error:
        raise _PassingError(f"{type(error).__name__}: {error}.") from error


def _write(blocks: Iterator[bytes], part: Path, begun: int) -> None:
    """Append to the part, or begin it anew where there is nothing to continue."""
    written = begun
    with part.open("ab" if begun else "wb") as file:
        for block in blocks:
            written += len(block)
            if written > _MOST_BYTES:
                raise DatasetError(f"more than {_MOST_BYTES // 2**20} MB came.", "Check the address.")
            file.write(block)


def _check_status(response: "httpx.Response") -> None:
    status = response.status_code
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        after = response.headers.get("Retry-After", "")
        pause_s = min(float(after), _LONGEST_PAUSE_S) if after.isdecimal() else 0.0
        raise _PassingError(f"HTTP {status}.", pause_s)
    if not response.is_success:
        raise DatasetError(f"HTTP {status}.", "Check the address.")
