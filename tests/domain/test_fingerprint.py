"""Training records are known again by their samples alone."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate


def test_a_fingerprint_is_that_of_the_samples_alone() -> None:
    record = generate("normal", seed=1)
    reference = record.fingerprint
    assert len(reference) == 16
    order = list(reversed(range(len(record.leads))))
    shuffled = replace(
        record, signal=record.signal[order], leads=tuple(record.leads[i] for i in order), record_id="other"
    )
    assert shuffled.fingerprint == reference
    microvolts = np.rint(record.signal * 1000) / np.float32(1000)
    assert replace(record, signal=microvolts.astype(np.float32)).fingerprint == reference
    changed = record.signal.copy()
    changed[3, 100] += 0.002
    assert replace(record, signal=changed).fingerprint != reference


def test_the_fingerprint_of_known_samples_is_known() -> None:
    signal = np.zeros((12, 3), dtype=np.float32)
    signal[0] = [0.001, np.nan, 99.0]
    record = replace(generate("normal"), signal=signal)
    expected = np.zeros((12, 3), dtype="<i2")
    expected[0] = [1, 0, 32767]
    assert record.fingerprint == hashlib.sha256(expected.tobytes()).hexdigest()[:16]


def test_a_record_computes_its_fingerprint_once(monkeypatch: pytest.MonkeyPatch) -> None:
    record = generate("normal")
    first = record.fingerprint
    monkeypatch.setattr("cardiov_core.domain.record.signal_fingerprint", None)
    assert record.fingerprint == first
