"""HL7 aECG: leads in several blocks of one time are joined, and of several recordings the rhythm is taken."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.io import read_record

STEP_UV = 5


@pytest.fixture
def counts(ecg_mv):
    """Counts of 5 uV."""
    return np.round(ecg_mv * 1000 / STEP_UV).astype(int)


def sequence(lead, row):
    return (
        f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value><origin value="0" unit="uV"/>'
        f'<scale value="{STEP_UV}" unit="uV"/><digits>{" ".join(map(str, row))}</digits></value></sequence></component>'
    )


def block(leads, rows, head="20200101101010.000", step="0.002", unit="s", kind="TIME_ABSOLUTE"):
    time = (
        f'<component><sequence><code code="{kind}"/><value><head value="{head}"/>'
        f'<increment value="{step}" unit="{unit}"/></value></sequence></component>'
    )
    sequences = "".join(sequence(lead, row) for lead, row in zip(leads, rows, strict=True))
    return f"<component><sequenceSet>{time}{sequences}</sequenceSet></component>"


def series(*blocks, code="RHYTHM"):
    return f'<component><series><code code="{code}"/>{"".join(blocks)}</series></component>'


def opened(tmp_path, *parts):
    document = (
        f'<?xml version="1.0"?><AnnotatedECG xmlns="urn:hl7-org:v3"><id root="1.2"/>{"".join(parts)}</AnnotatedECG>'
    )
    (tmp_path / "a.xml").write_text(document)
    return read_record(tmp_path / "a.xml")


def is_whole(record, counts):
    return record.leads == STANDARD_LEADS and np.abs(record.signal - counts * STEP_UV / 1000).max() < 1e-6


LIMB, CHEST = STANDARD_LEADS[:6], STANDARD_LEADS[6:]


@pytest.mark.parametrize(
    "other", [{}, {"step": "2", "unit": "ms"}, {"step": "2000", "unit": "us"}, {"head": "20200101101010"}]
)
@pytest.mark.parametrize("apart", [False, True])
def test_leads_in_two_sets_of_one_time_are_joined(tmp_path, counts, other, apart):
    first, second = block(LIMB, counts[:6]), block(CHEST, counts[6:], **other)
    parts = [series(first), series(second)] if apart else [series(first, second)]
    record = opened(tmp_path, *parts)
    assert is_whole(record, counts)
    assert record.warnings == ()


def test_sets_of_one_time_may_differ_by_a_few_samples(tmp_path, counts):
    record = opened(tmp_path, series(block(LIMB, counts[:6]), block(CHEST, counts[6:, :4990])))
    assert record.leads == STANDARD_LEADS
    assert np.isnan(record.signal[6:, 4990:]).all()
    assert "of 5000: V1 4990" in record.warnings[0]


def test_a_lead_a_set(tmp_path, counts):
    sets = [block([lead], [row]) for lead, row in zip(STANDARD_LEADS, counts, strict=True)]
    assert is_whole(opened(tmp_path, series(*sets)), counts)


@pytest.mark.parametrize("apart", [False, True])
def test_of_several_blocks_the_longest_is_taken_and_the_rest_told(tmp_path, counts, apart):
    short = block(STANDARD_LEADS, counts[:, :1500], head="20200101101000.000")
    long = block(STANDARD_LEADS, counts)
    parts = [series(short), series(long)] if apart else [series(short, long)]
    record = opened(tmp_path, *parts)
    assert is_whole(record, counts)
    assert record.warnings == ("The file holds other rhythm blocks, which were left out: 12 leads of 3.0 s.",)


def test_a_rhythm_strip_of_one_lead_does_not_replace_twelve(tmp_path, counts):
    strip = block(["II"], [np.tile(counts[1], 3)], head="20200101102000.000")
    assert is_whole(opened(tmp_path, series(strip, block(STANDARD_LEADS, counts))), counts)


def test_the_same_lead_in_two_sets_of_one_time_is_taken_once(tmp_path, counts):
    record = opened(tmp_path, series(block(STANDARD_LEADS, counts), block(["II"], counts[1:2])))
    assert is_whole(record, counts)
    assert "1 leads of 10.0 s" in record.warnings[0]


def test_a_representative_beat_alone_says_so(tmp_path, counts):
    with pytest.raises(RecordUnsupportedError, match="only a median beat"):
        opened(tmp_path, series(block(STANDARD_LEADS, counts[:, :600]), code="REPRESENTATIVE_BEAT"))


def test_a_lead_that_holds_fewer_samples_is_told(tmp_path, counts):
    rows = [row if lead != "V3" else row[:3500] for lead, row in zip(STANDARD_LEADS, counts, strict=True)]
    record = opened(tmp_path, series(block(STANDARD_LEADS, rows)))
    assert np.isnan(record.lead("V3")[3500:]).all()
    assert "Leads hold fewer samples than the others, of 5000: V3 3500" in record.warnings[0]


@pytest.mark.parametrize(("step", "unit", "rate"), [("2", "ms", 500), ("0.004", "s", 250), ("1000", "us", 1000)])
def test_increments_of_any_unit(tmp_path, counts, step, unit, rate):
    assert opened(tmp_path, series(block(STANDARD_LEADS, counts, step=step, unit=unit))).sampling_rate == rate
