"""Low voltage is no wrong gain, and a wrong gain is none that is usual."""

from dataclasses import replace

import numpy as np
import pytest

from cardiov_core.domain import EcgRecord, QualityVerdict
from cardiov_core.signals import assess_quality, find_findings, measure
from cardiov_core.signals.lead.gain import check_gain
from tests.signals.beat.hearts import NORMAL, beats_at, record_of


def _small(share: float, gain_per_mv: float | None) -> EcgRecord:
    amplitudes = {lead: tuple(share * height for height in heights) for lead, heights in NORMAL.items()}
    record = record_of(np.round(beats_at(np.arange(0.5, 10, 0.9), amplitudes, noise_mv=0.002) * 1000) / 1000)
    gains = None if gain_per_mv is None else (gain_per_mv,) * 12
    return replace(record, provenance=replace(record.provenance, gains_per_mv=gains))


@pytest.mark.parametrize("share", [0.28, 0.15, 0.1])
@pytest.mark.parametrize("gain_per_mv", [1000.0, 200.0, 204.9, None])
def test_a_true_low_voltage_ecg_has_a_level_and_its_finding(share: float, gain_per_mv: float | None) -> None:
    record = _small(share, gain_per_mv)
    assert check_gain(record) is None
    quality = assess_quality(record)
    assert quality.verdict is not QualityVerdict.NOT_ANALYSABLE
    states = {finding.code: finding.state for finding in find_findings(record, measure(record), quality)}
    assert states["low_qrs_voltage_limb"] == "present"


@pytest.mark.parametrize(("share", "gain_per_mv"), [(0.2, 4880.0), (0.0005, 2e6), (0.0005, 1000.0), (0.02, None)])
def test_a_scale_finer_than_any_carts_or_an_impossible_size_is_a_wrong_gain(
    share: float, gain_per_mv: float | None
) -> None:
    found = check_gain(_small(share, gain_per_mv))
    assert found is not None
    assert found.withholds
