"""Tables as programs write them: thousands, decimal commas, lines of units, names in comments, times of a clock."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import CardioVError, MissingMetadataError, RecordFormatError
from cardiov_core.io import collect, read_record
from cardiov_core.io.formats.table_layout import find_layout

CHEST_FIRST = ("V1", "V2", "V3", "V4", "V5", "V6", "I", "II", "III", "aVR", "aVL", "aVF")


@pytest.fixture
def tall_uv(ecg_mv):
    """Whole uV with peaks over 1000."""
    return np.round(3000 * ecg_mv).astype(int)


def opened(tmp_path, text, name="t.csv", **options):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_record(tmp_path / name, **options)


def table(columns, form=str, sep=",", names=STANDARD_LEADS, time=None):
    head = [sep.join([*(["time_s"] if time else []), *names])] if names else []
    rows = [
        sep.join([*([time(k)] if time else []), *(form(v) for v in columns[:, k])]) for k in range(columns.shape[1])
    ]
    return "\n".join([*head, *rows]) + "\n"


THOUSANDS = {
    "comma, tab": (lambda v: f'"{v:,}"' if abs(v) > 999 else str(v), "\t", lambda k: f"{k * 0.002:.3f}"),
    "comma, tab, no time": (lambda v: f"{v:,}", "\t", None),
    "comma in quotes, comma": (lambda v: f'"{v:,}"', ",", None),
    "point, semicolon": (lambda v: f"{v:,}".replace(",", "."), ";", lambda k: f"{k * 0.002:.3f}".replace(".", ",")),
    "point, tab, no time": (lambda v: f"{v:,}".replace(",", "."), "\t", None),
    "apostrophe, semicolon": (lambda v: f"{v:,}".replace(",", "'"), ";", None),
    "blank, semicolon": (lambda v: f"{v:,}".replace(",", " "), ";", None),
    "narrow blank, tab": (lambda v: f"{v:,}".replace(",", "\u202f"), "\t", None),
    "comma, blanks between columns": (lambda v: f"{v:,}", " ", None),
    "true minus, tab": (lambda v: f"{v:,}".replace("-", "\u2212"), "\t", None),
}


@pytest.mark.parametrize("kind", THOUSANDS)
def test_signs_between_thousands_are_no_decimals(tmp_path, tall_uv, kind):
    form, sep, time = THOUSANDS[kind]
    record = opened(tmp_path, table(tall_uv, form, sep, time=time), units="uV", sampling_rate=500)
    assert record.sampling_rate == 500
    assert np.abs(record.signal * 1000 - tall_uv).max() < 0.01


def test_a_table_whose_numbers_may_be_either_is_refused(tmp_path, tall_uv):
    offset = np.abs(tall_uv) % 9000 + 1000
    with pytest.raises(RecordFormatError, match="leaves open"):
        opened(tmp_path, table(offset, lambda v: f"{v:,}", ";"), units="uV", sampling_rate=500)


def test_thousands_beside_commas_without_quotes_are_refused(tmp_path, tall_uv):
    with pytest.raises(RecordFormatError, match="cells instead of 12"):
        opened(tmp_path, table(tall_uv, lambda v: f"{v:,}"), units="uV", sampling_rate=500)


def test_decimal_commas_of_three_digits_stay_decimals(tmp_path, ecg_mv):
    record = opened(tmp_path, table(ecg_mv, lambda v: f"{v:.3f}".replace(".", ","), ";"), units="mV", sampling_rate=500)
    assert np.abs(record.signal - ecg_mv).max() < 1e-6


@pytest.mark.parametrize(
    ("head", "units", "time"),
    [
        ("'Elapsed time',", "'seconds',", lambda k: f"{k * 0.002:.3f},"),
        ("'Elapsed time',", "'hh:mm:ss.mmm',", lambda k: f"'{k // 30000}:{k * 0.002 % 60:06.3f}',"),
        ("Time,", "ms,", lambda k: f"{2 * k},"),
        ('"time",', '"s",', lambda k: f"{k * 0.002:.3f},"),
    ],
)
def test_a_line_of_units_is_read(tmp_path, ecg_mv, head, units, time):
    lines = [head + ",".join(f"'{lead}'" for lead in STANDARD_LEADS), units + ",".join(["'uV'"] * 12)]
    lines += [time(k) + ",".join(f"{1000 * v:.0f}" for v in ecg_mv[:, k]) for k in range(ecg_mv.shape[1])]
    record = opened(tmp_path, "\n".join(lines))
    assert record.sampling_rate == 500
    assert np.abs(record.signal - ecg_mv).max() < 1e-6


def test_a_column_of_sample_numbers_is_no_time(tmp_path, ecg_mv):
    lines = ["'sample #'," + ",".join(f"'{lead}'" for lead in STANDARD_LEADS)]
    lines += ["'sample interval'," + ",".join(["'mV'"] * 12)]
    lines += [f"{k}," + ",".join(f"{v:.3f}" for v in ecg_mv[:, k]) for k in range(ecg_mv.shape[1])]
    with pytest.raises(MissingMetadataError) as caught:
        opened(tmp_path, "\n".join(lines))
    assert caught.value.fields == ("sampling_rate",)
    record = opened(tmp_path, "\n".join(lines), sampling_rate=500)
    assert np.abs(record.signal - ecg_mv).max() < 1e-6
    assert record.warnings == ()


def test_a_unit_that_is_no_voltage_in_the_line_of_units_is_refused(tmp_path, ecg_mv):
    text = table(ecg_mv).split("\n", 1)
    with pytest.raises(CardioVError, match="furlong"):
        opened(tmp_path, "\n".join([text[0], ",".join(["mV"] * 11 + ["furlong"]), text[1]]), sampling_rate=500)


@pytest.mark.parametrize(
    "comment",
    [
        "# Labels:= " + "\t".join(CHEST_FIRST),
        "# columns: " + ", ".join(CHEST_FIRST),
        "% the order is " + " ".join(CHEST_FIRST) + ".",
        "# " + ",".join(CHEST_FIRST),
        "# " + ", ".join(f"{lead} (mV)" for lead in CHEST_FIRST),
        f"# leads = {list(CHEST_FIRST)}",
        "\n".join(f"# column {k}: {lead}" for k, lead in enumerate(CHEST_FIRST, 1)),
        "Leads = " + ";".join(CHEST_FIRST),
        "# Labels:= "
        + "\t".join(f"ECG Lead {lead}" if " " not in lead else lead for lead in CHEST_FIRST).replace("ECG Lead ", ""),
    ],
)
def test_an_order_that_a_comment_states_counts(tmp_path, ecg_mv, comment):
    rows = ecg_mv[[STANDARD_LEADS.index(lead) for lead in CHEST_FIRST]]
    facts = "# Simple Text Format\n# Sampling Rate (Hz):= 500.00\n# Units: mV\n"
    if not comment.startswith(("#", "%")):
        facts = facts.replace("# ", "")
    text = facts + comment + "\n" + table(rows, lambda v: f"{v:.3f}", "\t", names=())
    record = opened(tmp_path, text, "t.txt")
    assert np.abs(record.signal - ecg_mv).max() < 1e-6
    assert "in a comment alone" in record.warnings[0]
    with collect([tmp_path]) as found:
        assert [source.path.name for source in found.sources] == ["t.txt"]


def test_a_stated_order_with_a_column_of_times(tmp_path, ecg_mv):
    text = "# leads: " + " ".join(STANDARD_LEADS) + "\n# units: mV\n"
    text += table(ecg_mv, lambda v: f"{v:.3f}", "\t", names=(), time=lambda k: f"{k * 0.002:.3f}")
    record = opened(tmp_path, text)
    assert (record.sampling_rate, record.leads) == (500, STANDARD_LEADS)
    assert np.abs(record.signal - ecg_mv).max() < 1e-6


def test_a_header_without_names_takes_the_order_of_its_comment(tmp_path, ecg_mv, write_wfdb):
    rows = ecg_mv[[STANDARD_LEADS.index(lead) for lead in CHEST_FIRST]]
    write_wfdb(tmp_path, leads=[""] * 12, signal_mv=rows, comments="# leads: " + " ".join(CHEST_FIRST) + "\n")
    record = read_record(tmp_path / "rec")
    assert np.abs(record.signal - ecg_mv).max() < 1e-6


@pytest.mark.parametrize(
    "names", [[f"ECG Lead {lead}" for lead in STANDARD_LEADS], [f"{lead} (mV)" for lead in STANDARD_LEADS]]
)
def test_dressed_names_are_leads(tmp_path, ecg_mv, names):
    record = opened(tmp_path, table(ecg_mv, names=names), units="mV", sampling_rate=500)
    assert record.leads == STANDARD_LEADS


def test_text_about_leads_is_no_table(tmp_path):
    code = f"LEADS = {STANDARD_LEADS}\nfor x in y:\n    print(x)\n"
    assert find_layout("words, more words\n" + code) is None
    (tmp_path / "a.py").write_text("# not an ECG\nimport this, that\n" + code)
    with collect([tmp_path]) as found:
        assert found.sources == ()


def test_a_rate_beside_its_unit_is_read_and_units_are_asked_for(tmp_path, ecg_mv):
    with pytest.raises(MissingMetadataError) as caught:
        opened(tmp_path, "# Sampling frequency [Hz]: 500\n" + table(ecg_mv))
    assert caught.value.fields == ("units",)


@pytest.mark.parametrize("shift", range(3))
def test_letters_of_several_bytes_may_lie_across_the_end_of_what_is_looked_at(tmp_path, tall_uv, shift):
    text = "#" + "x" * shift + "\n" + table(tall_uv, lambda v: f"{v:,}".replace(",", "\u202f"), "\t")
    assert len(text.encode()) > 65536
    record = opened(tmp_path, text, units="uV", sampling_rate=500)
    assert np.abs(record.signal * 1000 - tall_uv).max() < 0.01


def test_a_table_of_wide_letters_in_a_folder(tmp_path, ecg_mv):
    (tmp_path / "w.csv").write_bytes(table(ecg_mv, lambda v: f"{v:.3f}").encode("utf-16"))
    with collect([tmp_path]) as found:
        assert len(found.sources) == 1
    record = read_record(tmp_path / "w.csv", units="mV", sampling_rate=500)
    assert np.abs(record.signal - ecg_mv).max() < 1e-6


def test_a_head_that_is_repeated_without_its_time_is_refused_in_words(tmp_path, ecg_mv):
    """An empty first time is a number to pandas, and was looked through for a colon."""
    text = table(ecg_mv, sep="\t", time=lambda k: f"{k * 0.002:.3f}")
    head, rows = text.split("\n", 1)
    with pytest.raises(RecordFormatError, match="time"):
        opened(tmp_path, "\n".join((head, "\t" + "\t".join(STANDARD_LEADS), rows)), units="mV")
