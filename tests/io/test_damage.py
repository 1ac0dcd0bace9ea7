"""Whatever a decoder of others raises ends as an error in words."""

import zlib

import numpy as np
import pytest
from scipy.io import savemat

from cardiov_core.errors import NotAnEcgError, RecordFormatError
from cardiov_core.io import read_record
from cardiov_core.io.damage import foreign_decoder


@pytest.mark.parametrize(
    "error",
    [UnboundLocalError("local variable"), ZeroDivisionError(), AssertionError("x"), RecursionError(), StopIteration(),
     KeyError(3), OSError(5, "bad"), UnicodeDecodeError("utf-8", b"", 0, 1, "no")],
)  # fmt: skip
def test_any_exception_becomes_an_error_that_names_file_and_kind(error):
    with pytest.raises(RecordFormatError) as caught, foreign_decoder("a.xyz", "XYZ file"):
        raise error
    assert "a.xyz is damaged XYZ file" in caught.value.message
    assert type(error).__name__ in caught.value.message
    assert caught.value.hint
    assert caught.value.__cause__ is error


def test_our_own_errors_and_interrupts_pass():
    with pytest.raises(NotAnEcgError), foreign_decoder("a"):
        raise NotAnEcgError("No ECG.", "Open another.")
    with pytest.raises(KeyboardInterrupt), foreign_decoder("a"):
        raise KeyboardInterrupt


def test_memory_that_is_not_there_is_said_so():
    with pytest.raises(RecordFormatError, match="more samples than memory holds"), foreign_decoder("a"):
        raise MemoryError


def test_a_mat_file_whose_header_names_an_unknown_class_is_damaged(tmp_path, ecg_mv):
    """scipy's loadmat ends in UnboundLocalError there."""
    path = tmp_path / "a.mat"
    savemat(path, {"val": ecg_mv}, do_compression=False)
    content = bytearray(path.read_bytes())
    # Element tag of the array, tag of its flags, then the flags, whose first byte is the class (MAT-File Format, 1-15).
    at = 128 + 8 + 8
    assert content[at] == 6
    for wrong in (0, 77, 255):
        content[at] = wrong
        path.write_bytes(content)
        with pytest.raises(RecordFormatError, match=r"a\.mat"):
            read_record(path, sampling_rate=500, units="mV")


def test_a_mat_file_whose_numbers_are_of_an_unknown_type_is_damaged(tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {"val": np.zeros((12, 5000))}, do_compression=False)
    content = path.read_bytes()
    broken = content[:180] + b"\x63\x00\x00\x00" + content[184:]
    path.write_bytes(broken)
    with pytest.raises(RecordFormatError):
        read_record(path, sampling_rate=500, units="mV")


def test_a_mat_file_is_looked_through_before_scipy_reads_it(tmp_path, ecg_mv):
    """Types that scipy's table lacks, in a struct's field, a plain variable and a packed one, ended the process."""
    path = tmp_path / "a.mat"
    numbers = np.round(ecg_mv * 1000).astype("<i2")
    head = b"\x03\x00\x00\x00" + (2 * numbers.size).to_bytes(4, "little")
    for variables in ({"val": numbers}, {"ECG": {"val": numbers, "fs": 500.0, "units": "uV"}}):
        for packed in (False, True):
            savemat(path, variables, do_compression=False)
            content = path.read_bytes()
            assert content.count(head) == 1
            for kind, size in ((255, 0), (14, 0), (15, numbers.size * 2), (0, 0)):
                tag = kind.to_bytes(4, "little") + size.to_bytes(4, "little")
                path.write_bytes(_packed(content.replace(head, tag), packed=packed))
                with pytest.raises(RecordFormatError, match=r"a\.mat is damaged"):
                    read_record(path, sampling_rate=500, units="uV")


def _packed(content: bytes, *, packed: bool) -> bytes:
    if not packed:
        return content
    inner = zlib.compress(content[128:])
    return content[:128] + b"\x0f\x00\x00\x00" + len(inner).to_bytes(4, "little") + inner


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content + b"\x00\x00\x00", "3 bytes are left over"),
        (lambda content: content[:-8], "cut short"),
        (lambda content: content[:128] + b"\x0f\x00\x00\x00\x04\x00\x00\x00abcd", "cannot be unpacked"),
        (
            lambda content: content[:132] + (len(content) - 144).to_bytes(4, "little") + content[136:],
            "cut short|stands",
        ),
    ],
)
def test_elements_of_a_mat_file_that_end_elsewhere_are_told(tmp_path, ecg_mv, change, said):
    path = tmp_path / "a.mat"
    savemat(path, {"val": ecg_mv}, do_compression=False)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(RecordFormatError, match=said):
        read_record(path, sampling_rate=500, units="mV")


def test_a_packed_variable_that_grows_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIOV_MAX_FILE_MIB", "1")
    savemat(tmp_path / "a.mat", {"val": np.zeros((12, 20_000))}, do_compression=True)
    with pytest.raises(RecordFormatError, match="more than 1 MiB"):
        read_record(tmp_path / "a.mat", sampling_rate=500, units="mV")


def test_matrices_that_lie_too_deep_are_refused(tmp_path):
    cell = np.array([0.0])
    for _ in range(40):
        outer = np.empty(1, dtype=object)
        outer[0] = cell
        cell = outer
    savemat(tmp_path / "a.mat", {"val": cell})
    with pytest.raises(RecordFormatError, match="more than 32 deep"):
        read_record(tmp_path / "a.mat", sampling_rate=500, units="mV")
