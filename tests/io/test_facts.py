"""Facts that are placeholders: an age of 999, 300, -1 or since 1900 is not stated, in whatever file."""

import dataclasses

import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.io import read_record
from tests.io.carts import cart_files as make


@pytest.mark.parametrize(("stated", "age"), [("999", None), ("300", None), ("121", None), ("-1", None), ("255", None),
                                             ("89", 89.0), ("0", 0.0), ("104", 104.0)])  # fmt: skip
def test_ages_in_headers(tmp_path, write_wfdb, stated, age):
    record = read_record(write_wfdb(tmp_path, comments=f"#Age: {stated}\n"))
    assert record.age == age
    assert any("stands for 'not stated'" in warning for warning in record.warnings) == (age is None and stated != "-1")


@pytest.fixture(scope="module")
def made():
    """A synthetic ECG."""
    return generate("normal", seed=3, sampling_rate_hz=500, duration_s=10)


@pytest.mark.parametrize("stated", [999, 300])
@pytest.mark.parametrize("maker", [make.dicom, make.scp, make.aecg, make.muse, make.mortara, make.sierra])
def test_ages_in_carts_files(tmp_path, made, maker, stated):
    (tmp_path / "a.bin").write_bytes(maker(dataclasses.replace(made, age=float(stated))))
    assert read_record(tmp_path / "a.bin").age is None


@pytest.mark.parametrize(
    ("written", "age"), [("-01Y", None), ("999Y", None), ("054Y", 54.0), ("018M", 1.0), ("61", 61.0)]
)
def test_ages_in_dicom(tmp_path, made, written, age):
    content = make.dicom(dataclasses.replace(made, age=54.0)).replace(b"054Y", written.encode().ljust(4))
    (tmp_path / "a.dcm").write_bytes(content)
    assert read_record(tmp_path / "a.dcm").age == age


@pytest.mark.parametrize(("year", "age"), [(1900, None), (1899, None), (1850, None), (1901, 118.0), (1958, 61.0)])
def test_birth_dates_that_stand_for_not_known(tmp_path, made, year, age):
    import datetime

    record = dataclasses.replace(made, recorded_at=datetime.datetime(2019, 5, 4, 10, 20, 30))
    (tmp_path / "a.ecg").write_bytes(make.ishne(record, birth=datetime.date(year, 1, 1)))
    assert read_record(tmp_path / "a.ecg").age == age
