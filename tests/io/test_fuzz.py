"""Random bytes, random text and cut files end as a CardioVError, never as anything else. (Mutants: tests/fuzz.)"""

import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_uploads
from cardiov_core.io.records import read_record

FUZZ = settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Seeds(dict[str, bytes]):
    """Files by name, with a short name of their own for hypothesis' reports."""

    def __repr__(self):
        return "Seeds()"


@pytest.fixture(scope="module")
def seeds(tmp_path_factory, ecg_mv, write_wfdb):
    """One small file of each format."""
    folder = tmp_path_factory.mktemp("seeds")
    small = ecg_mv[:, :1500]
    header = write_wfdb(folder, "s", signal_mv=small, comments="#Age: 50\n#Sex: F\n")
    np.save(folder / "s.npy", small)
    np.savez_compressed(folder / "s.npz", signal=small, leads=STANDARD_LEADS, sampling_rate=500, units="mV")
    for version in ("4", "5"):
        savemat(
            folder / f"s{version}.mat", {"val": np.round(small * 1000).astype(np.int16), "units": "uV"}, format=version
        )
    text = ",".join(STANDARD_LEADS) + "\n" + "\n".join(",".join(f"{v:.3f}" for v in row) for row in small.T)
    (folder / "s.csv").write_text("# units: mV\n" + text)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.write(header, "s.hea")
        archive.write(folder / "s.dat", "s.dat")
    (folder / "s.zip").write_bytes(stream.getvalue())
    return Seeds({path.name: path.read_bytes() for path in folder.iterdir()})


@FUZZ
@given(
    content=st.binary(max_size=400), name=st.sampled_from(["r.hea", "r.dat", "r.mat", "r.csv", "r.npy", "r.zip", "r"])
)
def test_random_bytes_under_any_name_are_an_error(content, name):
    (upload,) = read_uploads([(name, content)], sampling_rate=500, units="mV")
    assert upload.record is None
    assert isinstance(upload.error, CardioVError)


@FUZZ
@given(text=st.text(max_size=300))
def test_random_text_is_an_error(tmp_path, text):
    with contextlib.suppress(UnicodeEncodeError):
        (tmp_path / "t.csv").write_text(text, encoding="utf-8")
        with pytest.raises(CardioVError):
            read_record(tmp_path / "t.csv", sampling_rate=500, units="mV")


@FUZZ
@given(
    cut=st.floats(0, 1, exclude_max=True),
    name=st.sampled_from(["s.dat", "s.npy", "s.npz", "s4.mat", "s5.mat", "s.zip"]),
)
def test_a_truncated_file_is_always_an_error(tmp_path, seeds, cut, name):
    (tmp_path / "s.hea").write_bytes(seeds["s.hea"])
    path = tmp_path / name
    path.write_bytes(seeds[name][: int(cut * len(seeds[name]))])
    with pytest.raises(CardioVError):
        read_record(path, sampling_rate=500, units="mV")
