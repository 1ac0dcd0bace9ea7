"""CSV: delimiters, decimal commas, units and rates, and what each fault is called."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import (
    MissingMetadataError,
    NotAnEcgError,
    RecordFormatError,
    RecordUnsupportedError,
)
from cardiov_core.io import read_record


def table(path, signal, names, *, delimiter=",", decimal=".", first_column=None, preamble=""):
    columns = list(signal) if first_column is None else [first_column[1], *signal]
    titles = list(names) if first_column is None else [first_column[0], *names]
    rows = [delimiter.join(f"{value:.6g}".replace(".", decimal) for value in row) for row in zip(*columns, strict=True)]
    path.write_text(preamble + delimiter.join(titles) + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_every_delimiter_is_found(tmp_path, ecg_mv, delimiter):
    path = table(tmp_path / "e.csv", ecg_mv, STANDARD_LEADS, delimiter=delimiter)
    record = read_record(path, sampling_rate=500, units="mV")
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)
    assert (record.provenance.format, record.warnings) == ("CSV", ())


def test_decimal_commas(tmp_path, ecg_mv):
    path = table(tmp_path / "e.csv", ecg_mv, STANDARD_LEADS, delimiter=";", decimal=",")
    np.testing.assert_allclose(read_record(path, sampling_rate=500, units="mV").signal, ecg_mv, atol=1e-6)


@pytest.mark.parametrize("style", ["{}_uV", "{} (uV)", "{} [\u00b5V]", "ecg_{}_uv", "Lead {} (\u03bcV)"])
def test_units_in_the_names_of_columns(tmp_path, ecg_mv, style):
    path = table(tmp_path / "e.csv", ecg_mv * 1000, [style.format(lead) for lead in STANDARD_LEADS])
    record = read_record(path, sampling_rate=500)
    assert record.leads == STANDARD_LEADS
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)


@pytest.mark.parametrize(
    ("title", "scale", "digits", "rate"),
    [
        ("time_s", 1, 6, 500),
        ("Time (ms)", 1e3, 6, 500),
        ("t", 1, 6, 500),
        ("time", 1e3, 6, 500),
        ("time [ms]", 1e3, 0, 257),
    ],
)
def test_the_time_column_gives_the_rate(tmp_path, ecg_mv, title, scale, digits, rate):
    times = np.round(np.arange(ecg_mv.shape[1]) / rate * scale, digits)
    path = table(tmp_path / "e.csv", ecg_mv, STANDARD_LEADS, first_column=(title, times))
    assert read_record(path, units="mV").sampling_rate == rate


def test_rate_and_units_in_comment_lines(tmp_path, ecg_mv):
    preamble = "# sampling_rate: 250\n# units: uV\n# Age: 44\n"
    record = read_record(table(tmp_path / "e.csv", ecg_mv * 1000, STANDARD_LEADS, preamble=preamble))
    assert (record.sampling_rate, record.age) == (250, 44)
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)


def test_a_lead_a_line(tmp_path, ecg_mv):
    lines = [
        ",".join([lead, *(f"{value:.3f}" for value in row)]) for lead, row in zip(STANDARD_LEADS, ecg_mv, strict=True)
    ]
    (tmp_path / "e.csv").write_text("\n".join(lines))
    np.testing.assert_allclose(read_record(tmp_path / "e.csv", sampling_rate=500, units="mV").signal, ecg_mv, atol=1e-6)


def test_the_extension_does_not_matter(tmp_path, ecg_mv):
    path = table(tmp_path / "e.export", ecg_mv, STANDARD_LEADS)
    assert read_record(path, sampling_rate=500, units="mV").leads == STANDARD_LEADS


def test_what_is_not_stated_is_asked_for(tmp_path, ecg_mv):
    path = table(tmp_path / "e.csv", ecg_mv, STANDARD_LEADS)
    with pytest.raises(MissingMetadataError, match=r"e\.csv") as caught:
        read_record(path)
    assert caught.value.fields == ("sampling_rate", "units")
    with pytest.raises(MissingMetadataError) as caught:
        read_record(path, sampling_rate=500)
    assert caught.value.fields == ("units",)


def test_twelve_columns_without_names_are_taken_in_order_and_told(tmp_path, ecg_mv):
    path = tmp_path / "e.csv"
    np.savetxt(path, ecg_mv.T, delimiter=",", fmt="%.3f")
    record = read_record(path, sampling_rate=500, units="mV")
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)
    assert "standard order" in record.warnings[0]
    np.savetxt(path, ecg_mv[:8].T, delimiter=",", fmt="%.3f")
    with pytest.raises(MissingMetadataError) as caught:
        read_record(path, sampling_rate=500, units="mV")
    assert caught.value.fields == ("leads",)


def test_empty_cells_are_missing_samples(tmp_path, ecg_mv):
    path = table(tmp_path / "e.csv", ecg_mv, STANDARD_LEADS)
    lines = path.read_text().splitlines()
    cells = lines[5].split(",")
    cells[1] = ""
    lines[5] = ",".join(cells)
    path.write_text("\n".join(lines))
    record = read_record(path, sampling_rate=500, units="mV")
    assert np.argwhere(np.isnan(record.signal)).tolist() == [[1, 4]]


def test_faults_of_a_table(tmp_path, ecg_mv):
    path = table(tmp_path / "e.csv", ecg_mv, STANDARD_LEADS)
    whole = path.read_text()
    path.write_text(whole[:-20])
    with pytest.raises(RecordFormatError, match="line 5001 has"):
        read_record(path, sampling_rate=500, units="mV")
    path.write_text(whole.replace("\n0", "\nabc", 1))
    with pytest.raises(RecordFormatError, match="'abc"):
        read_record(path, sampling_rate=500, units="mV")
    with pytest.raises(RecordUnsupportedError, match="adu"):
        read_record(table(path, ecg_mv, [f"{lead} (adu)" for lead in STANDARD_LEADS]), sampling_rate=500)
    with pytest.raises(RecordFormatError, match="twice"):
        read_record(table(path, ecg_mv, ["I", "i", *STANDARD_LEADS[2:]]), sampling_rate=500, units="mV")


def test_a_time_axis_with_a_gap(tmp_path, ecg_mv):
    times = np.arange(5000) / 500
    times[3000:] += 0.5
    path = table(tmp_path / "e.csv", ecg_mv, STANDARD_LEADS, first_column=("time_s", times))
    with pytest.raises(RecordFormatError, match="row 3001"):
        read_record(path, units="mV")


@pytest.mark.parametrize(
    "text", ["ecg_id,age,sex\n1,2,3\n", "ID,Sex,Age\n1,F,51\n", "notes of the day\n", "a,b\nc,d\n"]
)
def test_a_table_of_something_else_is_no_ecg(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(NotAnEcgError, match=r"t\.csv"):
        read_record(tmp_path / "t.csv")
