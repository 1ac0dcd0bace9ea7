"""Files made to do harm: what they ask for does not happen, and the reader is told in words."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_uploads
from cardiov_core.io.carts.read import knows


def error_of(*files: tuple[str, bytes], **options: object) -> CardioVError:
    """The one error that a drop ends in."""
    uploads = read_uploads(files, **options)  # type: ignore[arg-type]
    assert [upload.record for upload in uploads] == [None] * len(uploads)
    assert uploads[0].error is not None
    return uploads[0].error


def header_of(target: str, n_samples: int = 5000) -> bytes:
    """A WFDB header whose leads all lie in another file."""
    lines = "".join(f"{target} 16 1000/mV 16 0 0 0 0 {lead}\n" for lead in STANDARD_LEADS)
    return f"r 12 500 {n_samples}\n{lines}".encode()


@pytest.mark.parametrize("behind", [b"", b"#\x00\n", b"#\x01\x02\xff\xfe\x00\n"])
@pytest.mark.parametrize("name", ["r.hea", "r.bin", "r.dat"])
@pytest.mark.parametrize("place", ["{folder}/secret.dat", "../secret.dat", "../../{folder}/secret.dat", "~/secret.dat"])
def test_a_header_that_points_at_another_file_of_the_server_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, name: str, behind: bytes
) -> None:
    """With bytes behind that are no text, ecgdatakit took the header for its own WFDB reader and followed its path."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "secret.dat").write_bytes(np.arange(60_000, dtype="<i2").tobytes())
    error = error_of((name, header_of(place.format(folder=tmp_path)) + behind))
    assert str(tmp_path / "scratch") not in error.message


def test_no_parser_of_others_is_asked_for_a_wfdb_header(tmp_path: Path) -> None:
    (tmp_path / "r.hea").write_bytes(header_of("r.dat") + b"#\x00\n")
    (tmp_path / "r.dat").write_bytes(bytes(120_000))
    assert not knows(tmp_path / "r.hea", (tmp_path / "r.hea").read_bytes())


def test_what_a_parser_looked_for_does_not_tell_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cardiov_core.io.carts.ecgdatakit_file import run

    (tmp_path / "ecg.hea").write_bytes(header_of("gone.dat"))
    with pytest.raises(CardioVError) as caught:
        run(tmp_path / "ecg.hea", "mine.hea", "WFDB")
    assert "gone.dat" in caught.value.message
    assert str(tmp_path) not in caught.value.message


def test_text_whose_numbers_stand_for_no_letter_is_refused() -> None:
    """Python raises SystemError wherever such a text is used."""
    stream = io.BytesIO()
    np.savez(stream, signal=np.zeros((12, 5000)), leads=np.array(STANDARD_LEADS), sampling_rate=500, units="mV")
    content = stream.getvalue()
    at = content.index("aVF".encode("utf-32-le"))
    broken = content[:at] + struct.pack("<I", 0x7FFF0041) + content[at + 4 :]
    assert "damaged" in error_of(("a.npz", broken)).message
