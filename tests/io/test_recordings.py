"""Stretches of long recordings: the same samples as in the whole file, and nothing else read."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets import generate
from cardiov_core.errors import RecordFormatError, RecordNotFoundError, RecordUnsupportedError
from cardiov_core.io import open_recording, read_record
from cardiov_core.io.recordings import Recording
from tests.io.carts import cart_files as make

Files = Callable[..., dict[str, bytes]]
SECONDS = 40.0


def _opened(path: Path) -> Recording:
    recording = open_recording(path)
    assert recording is not None
    return recording


@pytest.fixture(params=["a.hea", "b.edf", "c.ecg"])
def path(request: pytest.FixtureRequest, tmp_path: Path, wfdb_files: Files) -> Path:
    """One recording in each format of which stretches can be read."""
    ecg = generate("normal", seed=3, sampling_rate_hz=500, duration_s=SECONDS)
    content = {"b.edf": make.edf, "c.ecg": make.ishne}
    for name, bytes_of in wfdb_files("a", seconds=SECONDS).items():
        (tmp_path / name).write_bytes(bytes_of)
    path = tmp_path / str(request.param)
    if path.name in content:
        path.write_bytes(content[path.name](ecg))
    return path


@pytest.mark.parametrize(("start_s", "length_s"), [(0.0, 10.0), (12.5, 10.0), (17.302, 8.0), (30.0, 60.0)])
def test_a_stretch_holds_the_samples_of_the_whole_file(path: Path, start_s: float, length_s: float) -> None:
    whole, recording = read_record(path), _opened(path)
    part = recording.part(start_s, length_s)
    first = round(start_s * 500)
    assert recording.duration_s == pytest.approx(SECONDS)
    assert np.array_equal(part.signal, whole.signal[:, first : first + round(length_s * 500)])
    kept = ("leads", "sampling_rate", "age", "sex", "record_id", "patient_id", "warnings")
    assert all(getattr(part, name) == getattr(whole, name) for name in kept)
    assert part.provenance.path == str(path)
    if whole.recorded_at is not None:
        assert part.recorded_at == whole.recorded_at + timedelta(seconds=start_s)


def test_a_stretch_outside_is_refused(path: Path) -> None:
    for start_s, length_s in ((SECONDS, 10.0), (-1.0, 10.0), (0.0, 0.0)):
        with pytest.raises(RecordUnsupportedError, match="it lasts 40 s"):
            _opened(path).part(start_s, length_s)


def test_a_file_that_breaks_off_ends_earlier(path: Path) -> None:
    data = path.with_suffix(".dat") if path.suffix == ".hea" else path
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    assert _opened(path).duration_s == pytest.approx(SECONDS / 2, abs=1.1)


def test_a_file_that_vanishes_is_told(path: Path) -> None:
    recording = _opened(path)
    for each in path.parent.iterdir():
        each.unlink()
    with pytest.raises(RecordNotFoundError, match="cannot be read"):
        recording.part(0.0, 10.0)


def test_packed_samples_of_format_212(tmp_path: Path) -> None:
    values = np.round(generate("normal", seed=3, duration_s=20.0).signal[:1].T * 200).astype(int).ravel() & 0xFFF
    pairs = values.reshape(-1, 2)
    low, high = pairs[:, 0], pairs[:, 1]
    packed = np.stack([low & 0xFF, (low >> 8) | ((high >> 8) << 4), high & 0xFF], axis=1).astype(np.uint8)
    (tmp_path / "p.dat").write_bytes(packed.tobytes())
    (tmp_path / "p.hea").write_text("p 1 500 10000\np.dat 212 200(0)/mV 12 0 0 0 0 I\n")
    whole = read_record(tmp_path / "p.hea")
    assert np.array_equal(_opened(tmp_path / "p.hea").part(3.002, 10.0).signal, whole.signal[:, 1501:6501])


def test_what_cannot_be_read_in_stretches(tmp_path: Path, wfdb_files: Files) -> None:
    (tmp_path / "t.csv").write_text("I,II\n0,0\n")
    assert open_recording(tmp_path / "t.csv") is None
    (tmp_path / "d.edf").write_bytes(make.edf(generate("normal", seed=3)))
    content = (tmp_path / "d.edf").read_bytes()
    (tmp_path / "d.edf").write_bytes(content[:192] + b"EDF+D" + content[197:])
    with pytest.raises(RecordUnsupportedError, match="discontinuous"):
        open_recording(tmp_path / "d.edf")
    (tmp_path / "e.edf").write_bytes(content[:244] + b"none    " + content[252:])
    with pytest.raises(RecordFormatError, match="damaged header"):
        open_recording(tmp_path / "e.edf")
    (tmp_path / "a.hea").write_bytes(wfdb_files("a")["a.hea"])
    with pytest.raises(RecordNotFoundError, match=r"a\.dat, which is not beside it"):
        open_recording(tmp_path / "a.hea")
