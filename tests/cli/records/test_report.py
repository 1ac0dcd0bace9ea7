"""``cardiov report``: files, names, exits."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader

from cardiov_core.cli import main
from cardiov_core.datasets.synthetic import generate

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tiny_folder: Path) -> Invoke:
    assert tiny_folder.is_dir()
    return lambda *arguments: CliRunner().invoke(main, ["report", *map(str, arguments)])


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    """A folder with two records of one name, one more, and a damaged file."""
    folder = tmp_path / "ward"
    for name in ("a/bed.npz", "b/bed.npz", "c/flat.npz"):
        path = folder / name
        path.parent.mkdir(parents=True)
        record = generate("normal", seed=5, sampling_rate_hz=500, duration_s=10.0)
        signal = record.signal * np.float32("flat" not in name)
        np.savez(path, signal=signal, leads=np.array(record.leads), sampling_rate=500.0, units="mV")
    return folder


def test_one_record_becomes_one_pdf(invoke: Invoke, ward: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "bed.pdf"
    result = invoke(ward / "a" / "bed.npz", "--out", target, "--patient-name", "Erika M.", "--layout", "6x2")
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == [str(target)]
    reader = PdfReader(target)
    assert len(reader.pages) == 2
    assert "Patient: Erika M." in reader.pages[0].extract_text()
    assert str(tmp_path) not in str(reader.metadata)


@pytest.mark.parametrize(("suffix", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("json", b'{"resourceType"')])
def test_suffix_of_the_file_decides(suffix: str, head: bytes, invoke: Invoke, ward: Path, tmp_path: Path) -> None:
    target = tmp_path / f"bed.{suffix}"
    result = invoke(ward / "a" / "bed.npz", "--out", target)
    assert result.exit_code == 0, result.output
    assert target.read_bytes().startswith(head)


def test_folder_gets_a_file_a_record_and_bad_files_are_told(invoke: Invoke, ward: Path, tmp_path: Path) -> None:
    (ward / "broken.npz").write_bytes(b"PK\x03\x04 no archive")
    out = tmp_path / "reports"
    result = invoke(ward, "--out", out, "--format", "json")
    assert result.exit_code == 1
    assert sorted(path.name for path in out.iterdir()) == ["bed-2.json", "bed.json", "flat.json"]
    assert sorted(result.stdout.split()) == sorted(str(path) for path in out.iterdir())
    assert "broken" in result.stderr
    flat = json.loads((out / "flat.json").read_text(encoding="utf-8"))
    assert flat["entry"][0]["resource"]["conclusion"].startswith("Result withheld.")


def test_analyse_anyway_is_stamped(invoke: Invoke, ward: Path, tmp_path: Path) -> None:
    target = tmp_path / "flat.pdf"
    assert invoke(ward / "c" / "flat.npz", "--out", target).exit_code == 0
    assert "Result withheld" in PdfReader(io.BytesIO(target.read_bytes())).pages[0].extract_text()
    assert invoke(ward / "c" / "flat.npz", "--out", target, "--analyse-anyway").exit_code == 0
    assert "ANALYSED ANYWAY" in PdfReader(io.BytesIO(target.read_bytes())).pages[0].extract_text()


def test_wrong_usage_is_told(invoke: Invoke, ward: Path, tmp_path: Path) -> None:
    one = ward / "a" / "bed.npz"
    for arguments, words in (
        ((ward, "--out", tmp_path / "all.pdf"), "3 records were found"),
        ((ward, "--out", tmp_path, "--patient-name", "X"), "3 records were found"),
        ((one, "--out", tmp_path / "a.docx"), "choose .pdf, .png, .svg or .json"),
        ((one, "--out", tmp_path / "a.pdf", "--format", "png"), "do not agree"),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert words in result.stderr
    assert not list(tmp_path.glob("*.pdf"))
    result = invoke(one, "--out", tmp_path / "a.png", "--speed", "50")
    assert result.exit_code == 1
    assert "take 2 pages" in result.stderr
    result = invoke(one, "--out", one / "below" / "a.pdf")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
