"""NPY, NPZ and MATLAB files."""

import io

import numpy as np
import pytest
from scipy.io import savemat

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import (
    MissingMetadataError,
    NotAnEcgError,
    RecordFormatError,
    RecordUnsupportedError,
)
from cardiov_core.io import read_record


@pytest.mark.parametrize("turned", [False, True])
def test_a_bare_array_of_twelve_leads(tmp_path, ecg_mv, turned):
    np.save(tmp_path / "a.npy", ecg_mv.T if turned else ecg_mv)
    record = read_record(tmp_path / "a.npy", sampling_rate=500, units="mV")
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)
    assert "standard order" in record.warnings[0]
    assert record.provenance.format == "NPY"


@pytest.mark.parametrize(("shape", "fields"), [((8, 5000), ("leads",)), ((12, 12), ("leads",))])
def test_where_neither_side_is_unmistakably_the_leads(tmp_path, shape, fields):
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(MissingMetadataError) as caught:
        read_record(tmp_path / "a.npy", sampling_rate=500, units="mV")
    assert caught.value.fields == fields


def test_rate_and_units_of_a_bare_array_are_asked_for(tmp_path, ecg_mv):
    np.save(tmp_path / "a.npy", ecg_mv)
    with pytest.raises(MissingMetadataError) as caught:
        read_record(tmp_path / "a.npy")
    assert caught.value.fields == ("sampling_rate", "units")


def test_npz_states_everything(tmp_path, ecg_mv):
    order = list(range(11, -1, -1))
    np.savez_compressed(
        tmp_path / "a.npz",
        signal=np.round(ecg_mv[order].T * 1000).astype(np.int16),
        leads=np.array(STANDARD_LEADS)[order],
        sampling_rate=500,
        units="uV",
    )
    record = read_record(tmp_path / "a.npz")
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)
    assert (record.sampling_rate, record.warnings, record.provenance.format) == (500, (), "NPZ")


def test_npz_with_a_unit_a_lead(tmp_path, ecg_mv):
    scale = np.array([1.0, 1000.0])
    np.savez(tmp_path / "a.npz", signal=ecg_mv[:2] * scale[:, None], leads=["I", "II"], fs=500, units=["mV", "uV"])
    np.testing.assert_allclose(read_record(tmp_path / "a.npz").lead("II"), ecg_mv[1], atol=1e-6)


@pytest.mark.parametrize("version", ["4", "5"])
def test_mat_with_names(tmp_path, ecg_mv, version):
    leads = np.array(STANDARD_LEADS, dtype=object) if version == "5" else np.array([",".join(STANDARD_LEADS)])
    variables = {"signal": ecg_mv, "leads": leads, "sampling_rate": 500.0, "units": "mV"}
    savemat(tmp_path / "a.mat", variables, format=version, do_compression=version == "5")
    record = read_record(tmp_path / "a.mat")
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)
    assert (record.warnings, record.provenance.format) == ((), "MAT")


def test_a_cinc_mat_without_its_header_asks_and_then_says_what_it_took(tmp_path, ecg_mv):
    savemat(tmp_path / "A1.mat", {"val": np.round(ecg_mv * 1000).astype(np.int16)}, format="4")
    with pytest.raises(MissingMetadataError) as caught:
        read_record(tmp_path / "A1.mat")
    assert caught.value.fields == ("sampling_rate", "units")
    record = read_record(tmp_path / "A1.mat", sampling_rate=500, units="uV")
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)
    assert "standard order" in record.warnings[0]


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(RecordFormatError, match="objects"):
        read_record(tmp_path / "a.npy", sampling_rate=500, units="mV")


def test_a_shape_that_the_file_cannot_hold_is_not_allocated(tmp_path):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (12, 10**12)})
    (tmp_path / "a.npy").write_bytes(stream.getvalue() + bytes(100))
    with pytest.raises(RecordFormatError, match="cut short"):
        read_record(tmp_path / "a.npy", sampling_rate=500, units="mV")


def test_faults_of_arrays(tmp_path, ecg_mv):
    np.savez(tmp_path / "a.npz", weights=np.zeros(3))
    with pytest.raises(NotAnEcgError, match="weights"):
        read_record(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", signal=ecg_mv, leads=["I", "II"], sampling_rate=500, units="mV")
    with pytest.raises(RecordFormatError, match=r"2 leads.*\(12, 5000\)"):
        read_record(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", signal=ecg_mv[None], sampling_rate=500, units="mV")
    with pytest.raises(RecordFormatError, match="3 dimensions"):
        read_record(tmp_path / "c.npz")
    np.savez(tmp_path / "d.npz", signal=ecg_mv, leads=STANDARD_LEADS, sampling_rate=500, units="bpm")
    with pytest.raises(RecordUnsupportedError, match="bpm"):
        read_record(tmp_path / "d.npz")
    np.savez_compressed(tmp_path / "e.npz", signal=np.zeros((12, 500_000)))
    with pytest.raises(RecordFormatError, match="200 times"):
        read_record(tmp_path / "e.npz", sampling_rate=500, units="mV")


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat"])
def test_text_under_the_name_of_an_array(tmp_path, name):
    (tmp_path / name).write_text("I am a letter, not an array of samples.\n" * 10)
    with pytest.raises(RecordFormatError, match="text file"):
        read_record(tmp_path / name)


def test_samples_that_no_amplifier_can_give(tmp_path, ecg_mv):
    signal = ecg_mv.copy()
    signal[3, 5] = 1e300
    np.savez(tmp_path / "a.npz", signal=signal, leads=STANDARD_LEADS, sampling_rate=500, units="mV")
    with pytest.raises(RecordFormatError, match=r"1e\+300 mV"):
        read_record(tmp_path / "a.npz")


def test_an_array_with_bytes_to_spare_is_damaged(tmp_path, ecg_mv):
    np.save(tmp_path / "a.npy", ecg_mv)
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes() + b"\x00")
    with pytest.raises(RecordFormatError, match="longer"):
        read_record(tmp_path / "a.npy", sampling_rate=500, units="mV")


# --- structs, HDF5 ----------------------------------------------------------------------------------------------


def cpsc(path, ecg_mv, **fields):
    """The struct of the China Physiological Signal Challenge 2018."""
    savemat(path, {"ECG": {"sex": "Male", "age": 74.0, "data": ecg_mv, **fields}})


def test_a_struct_says_who_and_is_asked_for_what_it_does_not_say(tmp_path, ecg_mv):
    cpsc(tmp_path / "A0001.mat", ecg_mv)
    with pytest.raises(MissingMetadataError) as caught:
        read_record(tmp_path / "A0001.mat")
    assert caught.value.fields == ("sampling_rate", "units")
    record = read_record(tmp_path / "A0001.mat", sampling_rate=500, units="mV")
    assert np.abs(record.signal - ecg_mv).max() < 1e-6
    assert (record.age, record.sex) == (74.0, "male")
    assert "standard order" in record.warnings[0]


def test_fields_of_a_struct_state_rate_units_and_leads(tmp_path, ecg_mv):
    leads = np.array(STANDARD_LEADS[::-1], dtype=object)
    cpsc(tmp_path / "a.mat", ecg_mv[::-1].T, fs=500.0, units="mV", leads=leads, age=np.nan, sex="Female")
    record = read_record(tmp_path / "a.mat")
    assert np.abs(record.signal - ecg_mv).max() < 1e-6
    assert (record.age, record.sex) == (None, "female")


def test_a_struct_without_a_signal_is_no_ecg(tmp_path):
    savemat(tmp_path / "a.mat", {"thing": {"name": "x"}})
    with pytest.raises(NotAnEcgError, match="thing"):
        read_record(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("head", "words", "hint"),
    [
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file, which", "NPZ"),
        (b"MATLAB 7.3 MAT-file", "MATLAB 7.3", "-v7"),
    ],
)
def test_hdf5_is_named_by_who_wrote_it(tmp_path, head, words, hint):
    (tmp_path / "a.mat").write_bytes(head + bytes(2000))
    with pytest.raises(RecordUnsupportedError, match=words) as caught:
        read_record(tmp_path / "a.mat")
    assert hint in caught.value.hint
