"""EDF as writers fill it in: no scale, EEG beside the ECG, NUL instead of blanks, a padded last record, cut short."""

import re

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import RecordError, RecordFormatError, RecordUnsupportedError
from cardiov_core.io import read_record

EEG = ("Fp1", "Fz", "C1", "C2", "C3", "C4", "C5", "C6", "Cz", "O1", "O2")


def text(value, width):
    return str(value).encode("latin-1")[:width].ljust(width)


def edf(rows, names, *, seconds=1, per_record=500, ranges=(-32768, 32767, -32768, 32767), unit="uV", records=None,
        patient="X X X X", reserved="", starts=None):  # fmt: skip
    """Signals of int16 behind an EDF header; `starts` writes an annotation signal that times each record."""
    n = len(names) + (starts is not None)
    units = [unit] * len(names) if isinstance(unit, str) else list(unit)
    count = rows.shape[1] // per_record
    extra = [] if starts is None else ["EDF Annotations"]
    head = text("0", 8) + text(patient, 80) + text("Startdate 02-JAN-2020 X X X", 80) + text("02.01.20", 8)
    head += text("10.11.12", 8) + text(256 * (n + 1), 8) + text(reserved, 44)
    head += text(count if records is None else records, 8) + text(seconds, 8) + text(n, 4)
    head += b"".join(text(one, 16) for one in [*names, *extra]) + text("", 80) * n
    head += b"".join(text(one, 8) for one in [*units, *([""] if extra else [])])
    for value in ranges:
        head += text(value, 8) * len(names) + text(-32768 if value == ranges[0] else 32767, 8) * len(extra)
    head += text("", 80) * n + text(per_record, 8) * len(names) + text(30, 8) * len(extra) + text("", 32) * n
    body = b""
    for record in range(count):
        body += b"".join(row[record * per_record : (record + 1) * per_record].astype("<i2").tobytes() for row in rows)
        if starts is not None:
            body += f"+{starts[record]}\x14\x14".encode().ljust(60, b"\x00")
    return head + body


@pytest.fixture
def uv(ecg_mv):
    """Counts of 1 uV."""
    return np.round(1000 * ecg_mv).astype(int)


def opened(tmp_path, content, name="a.edf", **options):
    (tmp_path / name).write_bytes(content)
    return read_record(tmp_path / name, **options)


@pytest.mark.parametrize("ranges", [(0, 0, -32768, 32767), (-3000, 3000, 0, 0), (5, 5, 5, 5), (-1, 1, 100, -100)])
def test_signals_without_a_scale_are_refused(tmp_path, uv, ranges):
    content = edf(uv, STANDARD_LEADS, ranges=ranges)
    for options in ({}, {"units": "uV"}):
        with pytest.raises(RecordFormatError, match="no scale for lead I"):
            opened(tmp_path, content, **options)


def test_a_channel_beside_the_leads_may_lack_its_scale(tmp_path, uv):
    content = edf(np.concatenate([uv, uv[:1]]), [*STANDARD_LEADS, "Event"])
    at = 256 + 13 * (16 + 80 + 8)
    content = content[: at + 12 * 8] + text(0, 8) + content[at + 13 * 8 :]
    content = content[: at + 25 * 8] + text(0, 8) + content[at + 26 * 8 :]
    record = opened(tmp_path, content)
    assert record.leads == STANDARD_LEADS
    assert record.warnings == ("Channels that are no standard lead were left out: Event.",)


@pytest.mark.parametrize(
    "names",
    [
        ("ECG I", "ECG II", *EEG),
        ("ECG I", "ECG II", "EEG C3", "EEG C4", "C1", "C2", "O1-M2", "LOC", "ROC", "EMG", "X1", "X2", "X3"),
        ("I", "II", "D1", "D2", "D3", "D4", "D5", "C1", "C2", "C3", "C10", "C11", "A1"),
        ("ECG I", "ECG II", "C3", "C4", "EMG", "LOC", "ROC", "Snore", "Flow", "Pos", "Leg", "Light", "SpO2"),
    ],
)
def test_electrodes_of_an_eeg_are_no_leads(tmp_path, uv, names):
    rows = np.stack([uv[k % 12] for k in range(len(names))])
    record = opened(tmp_path, edf(rows, names))
    assert record.leads == STANDARD_LEADS[:6]
    assert set(record.derived_leads) == set(STANDARD_LEADS[2:6])
    assert "were left out" in record.warnings[0]


@pytest.mark.parametrize(
    "names",
    [
        ("I", "II", "III", "aVR", "aVL", "aVF", "C1", "C2", "C3", "C4", "C5", "C6"),
        ("D1", "D2", "D3", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"),
        ("DI", "DII", "DIII", "avr", "avl", "avf", "c1", "c2", "c3", "c4", "c5", "c6"),
    ],
)
def test_electrodes_of_an_ecg_are_leads(tmp_path, uv, names):
    assert opened(tmp_path, edf(uv, names)).leads == STANDARD_LEADS


def test_a_channel_with_a_leads_name_and_no_voltage_is_none(tmp_path, uv):
    units = ["uV"] * 11 + ["mmHg"]
    record = opened(tmp_path, edf(uv, STANDARD_LEADS, unit=units))
    assert record.leads == STANDARD_LEADS[:-1]
    assert record.warnings == ("Channel 'V6' has the unit mmHg, which is no voltage, and was left out.",)


def test_a_header_padded_with_nul_is_read_and_told(tmp_path, uv):
    content = edf(uv, STANDARD_LEADS)
    end = 256 * 13
    # The blanks of the patient's words stay: a field is padded behind its last letter.
    head = re.sub(rb" {2,}", lambda blanks: b"\x00" * len(blanks[0]), content[:end])
    record = opened(tmp_path, head + content[end:], "a.bin")
    assert np.abs(1000 * record.signal - uv).max() < 0.01
    assert "padded with NUL" in record.warnings[0]


@pytest.mark.parametrize("fill", [0, -32768, "held"])
def test_padding_of_the_last_record_is_cut_and_told(tmp_path, uv, fill):
    noisy = uv + np.random.default_rng(1).integers(-9, 10, uv.shape)
    tail = np.tile(noisy[:, -1:], 2000) if fill == "held" else np.full((12, 2000), fill)
    content = edf(np.concatenate([noisy, tail], axis=1), STANDARD_LEADS, seconds=7, per_record=3500)
    record = opened(tmp_path, content)
    assert abs(record.n_samples - 5000) <= 1
    assert np.abs(1000 * record.signal - noisy[:, : record.n_samples]).max() < 0.01
    assert "padding of its last data record" in record.warnings[0]


def test_a_still_end_of_an_earlier_record_is_no_padding(tmp_path, uv):
    rows = np.concatenate([uv, np.zeros((12, 2000), int)], axis=1)
    assert opened(tmp_path, edf(rows, STANDARD_LEADS)).n_samples == 6500


def test_a_cut_file_is_refused_and_one_that_was_not_closed_is_told(tmp_path, uv):
    content = edf(uv, STANDARD_LEADS)
    with pytest.raises(RecordFormatError, match="truncated"):
        opened(tmp_path, content[:-20000])
    record = opened(tmp_path, edf(uv, STANDARD_LEADS, records=-1))
    assert record.n_samples == 5000
    assert "-1" in record.warnings[0]


def test_records_with_gaps_between_them_are_refused(tmp_path, uv):
    starts = [*range(5), *range(9, 14)]
    with pytest.raises(RecordUnsupportedError, match="gaps"):
        opened(tmp_path, edf(uv, STANDARD_LEADS, reserved="EDF+D", starts=starts))
    record = opened(tmp_path, edf(uv, STANDARD_LEADS, reserved="EDF+D", starts=list(range(10))))
    assert record.n_samples == 5000


@pytest.mark.parametrize(("born", "age"), [("02-MAR-1958", 61.0), ("01-JAN-1900", None), ("01-JAN-1753", None)])
@pytest.mark.parametrize("reserved", ["", "EDF+C"])
def test_a_birth_date_that_stands_for_not_known_gives_no_age(tmp_path, uv, born, age, reserved):
    record = opened(tmp_path, edf(uv, STANDARD_LEADS, patient=f"P1 F {born} X", reserved=reserved,
                                  starts=list(range(10)) if reserved else None))  # fmt: skip
    assert (record.age, record.sex) == (age, "female")


def test_rubbish_behind_the_version_is_an_error(tmp_path):
    with pytest.raises(RecordError):
        opened(tmp_path, b"0       " + bytes(300))
