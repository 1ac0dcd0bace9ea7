"""Whatever the bytes, a record or a CardioVError comes out, never anything else."""

import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from cardiov_core.domain import STANDARD_LEADS, EcgRecord
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
MUTATIONS = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.sampled_from(["set", "cut", "insert"])),
    min_size=1,
    max_size=6,
)


def mutate(content, mutations, reach):
    """Change bytes in the first `reach` of a file, where structure lives."""
    data = bytearray(content)
    for place, value, how in mutations:
        at = int(place * min(reach, len(data)))
        if how == "set" and data:
            data[at] = value
        elif how == "insert":
            data.insert(at, value)
        else:
            del data[at : at + value]
    return bytes(data)


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


def check_outcome(path):
    try:
        record = read_record(path, sampling_rate=500, units="mV")
    except CardioVError:
        return
    assert isinstance(record, EcgRecord)
    assert record.signal.shape == (len(record.leads), record.n_samples)
    assert not np.isinf(record.signal).any()


@pytest.mark.parametrize("name", ["s.npy", "s.npz", "s4.mat", "s5.mat", "s.csv", "s.zip"])
@FUZZ
@given(mutations=MUTATIONS)
def test_mutated_files_end_in_a_record_or_an_error(tmp_path, seeds, name, mutations):
    path = tmp_path / name
    path.write_bytes(mutate(seeds[name], mutations, 600))
    check_outcome(path)


@FUZZ
@given(mutations=MUTATIONS)
def test_mutated_headers_end_in_a_record_or_an_error(tmp_path, seeds, mutations):
    (tmp_path / "s.dat").write_bytes(seeds["s.dat"])
    (tmp_path / "s.hea").write_bytes(mutate(seeds["s.hea"], mutations, 10**6))
    check_outcome(tmp_path / "s")


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
