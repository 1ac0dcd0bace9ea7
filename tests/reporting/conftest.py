"""A record, what was found on it, and the card of a grader, without a network."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import Analysis, EcgRecord, Prediction, Severity, Window
from cardiov_core.signals import assess_quality, find_findings, measure
from cardiov_core.weights import ModelCard
from cardiov_core.weights.cards.card import checked_card

FILE_SHA, WEIGHTS_SHA = "f1" * 32, "ab" * 32
MADE_AT = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def report_record() -> EcgRecord:
    """A synthetic ECG in a file that knows its patient."""
    record = generate("normal", seed=3, sampling_rate_hz=500, duration_s=10.0)
    return replace(
        record,
        record_id="ward-7",
        age=61.0,
        sex="female",
        recorded_at=datetime(2024, 2, 3, 10, 20, 30),
        patient_id="MRN-445566",
        device="CardioCart 9",
        comments=("Name: Jane Roe",),
        provenance=replace(
            record.provenance, path="/home/jane.roe/ward-7.dcm", files=("ward-7.dcm",), format="DICOM", sha256=FILE_SHA
        ),
    )


@pytest.fixture(scope="session")
def report_card(make_card: Callable[..., dict[str, Any]]) -> ModelCard:
    stated = {"schema_version": 1, "version": "1.2.3", "sha256": WEIGHTS_SHA, "n_parameters": 0}
    return checked_card(make_card("cardiov-test") | stated, Path("/srv/secret/cardiov-test.json"))


@pytest.fixture(scope="session")
def medium_risk() -> Prediction:
    return Prediction(
        Severity.MEDIUM_RISK,
        (0.1, 0.2, 0.6, 0.1),
        (0.9, 0.7, 0.1),
        0.0,
        "cardiov-test",
        WEIGHTS_SHA,
        Window(0.0, 10.0),
        prediction_set=(Severity.MEDIUM_RISK, Severity.HIGH_RISK),
    )


@pytest.fixture(scope="session")
def make_analysis(report_record: EcgRecord, medium_risk: Prediction) -> Callable[..., Analysis]:
    """Make the analysis of a record, with whatever is given in place of what was found."""
    measurements = measure(report_record)
    quality = assess_quality(report_record)

    def make(**changes: Any) -> Analysis:
        analysis = Analysis(
            report_record,
            quality,
            medium_risk,
            measurements=measurements,
            findings=find_findings(report_record, measurements, quality),
        )
        return replace(analysis, **changes)

    return make
