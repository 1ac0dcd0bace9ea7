"""GE MUSE: which waveform is the rhythm."""

import base64

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.io import read_record

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def waveform(kind, leads, rows):
    body = "".join(
        f"<LeadData><LeadByteCountTotal>{2 * row.size}</LeadByteCountTotal><LeadSampleCountTotal>{row.size}"
        "</LeadSampleCountTotal><LeadAmplitudeUnitsPerBit>1</LeadAmplitudeUnitsPerBit><LeadAmplitudeUnits>MICROVOLTS"
        f"</LeadAmplitudeUnits><LeadID>{lead}</LeadID><LeadSampleSize>2</LeadSampleSize>"
        f"<WaveFormData>{base64.b64encode(row.astype('<i2').tobytes()).decode()}</WaveFormData></LeadData>"
        for lead, row in zip(leads, rows, strict=True)
    )
    return (
        f"<Waveform><WaveformType>{kind}</WaveformType><SampleBase>500</SampleBase><SampleExponent>0</SampleExponent>"
        f"{body}</Waveform>"
    )


@pytest.fixture
def eight(ecg_mv):
    """The eight stored leads in uV."""
    return np.round(1000 * ecg_mv[[STANDARD_LEADS.index(lead) for lead in EIGHT]]).astype(int)


def opened(tmp_path, *waveforms):
    (tmp_path / "a.xml").write_text(f"<RestingECG><MuseInfo/>{''.join(waveforms)}</RestingECG>")
    return read_record(tmp_path / "a.xml")


def test_a_median_beat_alone_says_what_it_is_and_what_to_do(tmp_path, eight):
    with pytest.raises(RecordUnsupportedError, match="only a median beat") as caught:
        opened(tmp_path, waveform("Median", EIGHT, eight[:, :600]))
    assert "rhythm" in caught.value.hint


def test_of_several_rhythms_the_longest_is_taken(tmp_path, eight):
    record = opened(
        tmp_path,
        waveform("Rhythm", EIGHT, eight[:, :1500]),
        waveform("Median", EIGHT, eight[:, :600]),
        waveform("Rhythm", EIGHT, eight),
    )
    assert record.n_samples == 5000
    assert "left out: 8 leads of 1500 samples" in record.warnings[0]


def test_leads_in_two_rhythms_of_one_length_are_joined(tmp_path, eight, ecg_mv):
    record = opened(tmp_path, waveform("Rhythm", EIGHT[:2], eight[:2]), waveform("Rhythm", EIGHT[2:], eight[2:]))
    assert record.leads == STANDARD_LEADS
    assert np.abs(record.signal - ecg_mv).max() < 0.0011
    assert record.warnings == ()
