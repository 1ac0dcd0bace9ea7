"""Files made to do harm: what they ask for does not happen, and the reader is told in words."""

import io
import struct
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_uploads
from cardiov_core.io.carts.cart_file import knows
from tests.fuzz.execute import LIMIT_CPU_S, begin_peak, peak_mb
from tests.fuzz.seeds import packed
from tests.io.carts import cart_files


def error_of(*files: tuple[str, bytes], **options: object) -> CardioVError:
    """The one error that a drop ends in."""
    uploads = read_uploads(files, **options)  # type: ignore[arg-type]
    assert [upload.record for upload in uploads] == [None] * len(uploads)
    assert uploads[0].error is not None
    return uploads[0].error


def header_of(target: str, n_samples: int = 5000, n_leads: int = 12) -> bytes:
    """A WFDB header whose leads all lie in another file."""
    lines = "".join(f"{target} 16 1000/mV 16 0 0 0 0 {lead}\n" for lead in STANDARD_LEADS[:n_leads])
    return f"r {n_leads} 500 {n_samples}\n{lines}".encode()


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


# A number of samples that no machine has memory for, as each format states it.
HUGE = 1_000_000_000


def test_a_header_of_a_thousand_million_samples_allocates_nothing() -> None:
    files = [("r.hea", header_of("r.dat", HUGE)), ("r.dat", bytes(240))]
    error = error_of(*files)
    assert "cut short" in error.message
    # Eight leads of as many samples in FLAC, of which the file holds none.
    flac = (
        b"fLaC\x80\x00\x00\x22"
        + bytes(10)
        + ((500 << 44) | (7 << 41) | (15 << 36) | HUGE).to_bytes(8, "big")
        + bytes(16)
    )
    lines = header_of("r.flac", HUGE, n_leads=8).replace(b" 16 1000", b" 516 1000")
    assert "too long to open" in error_of(("r.hea", lines), ("r.flac", flac)).message


@pytest.mark.parametrize("kind", ["npy", "dicom", "edf", "ishne", "scp"])
def test_a_cart_file_of_a_thousand_million_samples_allocates_nothing(kind: str) -> None:
    record = generate("normal", seed=3, sampling_rate_hz=100, duration_s=4)
    if kind == "npy":
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (12, HUGE)})
        content = stream.getvalue() + bytes(4000)
    elif kind == "dicom":
        dataset = pydicom.dcmread(io.BytesIO(cart_files.dicom(record)))
        dataset.WaveformSequence[0].NumberOfWaveformSamples = HUGE
        stream = io.BytesIO()
        dataset.save_as(stream)
        content = stream.getvalue()
    else:
        whole = {"edf": cart_files.edf, "ishne": cart_files.ishne, "scp": cart_files.scp}[kind](record)
        stated = {"edf": (236, b"99999999"), "ishne": (14, struct.pack("<I", HUGE)), "scp": (2, b"\xff\xff\xff\x7f")}
        at, new = stated[kind]
        content = whole[:at] + new + whole[at + len(new) :]
    begin_peak()
    before = peak_mb()
    read_uploads([(f"a.{kind}", content)], sampling_rate=500, units="mV")
    assert peak_mb() - before < 200


@pytest.mark.parametrize("length", [0xFFFFFFFE, 0x7FFFFFFF, 0x10000000])
@pytest.mark.parametrize("tag", [b"\x00\x54\x00\x01", b"\x10\x00\x10\x00", b"\x00\x54\x10\x10"])
def test_dicom_elements_of_giant_lengths_are_refused(tag: bytes, length: int) -> None:
    """Waveform sequence, patient's name, waveform data: the length says gigabytes, the file holds none."""
    content = bytearray(cart_files.dicom(generate("normal", seed=3, sampling_rate_hz=100, duration_s=4)))
    at = content.rindex(tag)
    # Explicit VR of four bytes of length: behind tag, VR and two reserved bytes; of two bytes: behind tag and VR.
    if bytes(content[at + 4 : at + 6]) in {b"SQ", b"OB", b"OW"}:
        content[at + 8 : at + 12] = struct.pack("<I", length)
    else:
        content[at + 4 : at + 12] = b"OB\x00\x00" + struct.pack("<I", length)
    begin_peak()
    before = peak_mb()
    uploads = read_uploads([("a.dcm", bytes(content))])
    assert all(isinstance(upload.error, CardioVError) or upload.record is not None for upload in uploads)
    assert peak_mb() - before < 200


def test_an_entity_bomb_is_refused_before_it_grows() -> None:
    levels = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b0 "ha">{levels}]><AnnotatedECG>&b11;</AnnotatedECG>'
    assert "entities" in error_of(("a.xml", bomb.encode())).message
    outside = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><AnnotatedECG>&x;</AnnotatedECG>'
    error = error_of(("a.xml", outside.encode()))
    assert "entities" in error.message
    assert "root:" not in error.message


def test_archives_within_archives_of_any_kind_are_not_opened() -> None:
    inner = packed((("r.csv", b"I,II\n0,0\n"),))
    for _ in range(3):
        inner = packed((("inner.zip", inner),))
    assert "another archive" in error_of(("outer.zip", inner)).message


LONG = 30_000
TIRING = {
    "blanks": "I" + " " * LONG + "x",
    "brackets": "I" + " (" * (LONG // 2),
    "prefixes": "lead " * (LONG // 5) + "I",
    "a time": "t" + " " * LONG + "x",
    "a rate": "# rate" + " " * LONG + "x",
    "a list": "# " + "I, " * (LONG // 3),
    "numbers": "7 " * (LONG // 2),
}


@pytest.mark.parametrize("kind", TIRING)
def test_long_words_of_a_table_take_no_longer_than_others(kind: str) -> None:
    """A stretch of an XML file, 17 kB in one line, took 22 s: patterns of names grow with its square."""
    line = TIRING[kind]
    for text in (f"{line}\n" * 10, f"{line}\nI,II\n1,2\n3,4\n", f"I,II,{line}\n1,2,3\n"):
        began = time.process_time()
        read_uploads([("t.csv", text.encode())], sampling_rate=500.0, units="mV")
        assert time.process_time() - began < LIMIT_CPU_S
