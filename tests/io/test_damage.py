"""Whatever a decoder of others raises ends as an error in words."""

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
