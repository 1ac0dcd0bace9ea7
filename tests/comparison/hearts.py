"""ECGs of a made heart, of which one thing at a time can be changed; what changed is known by construction."""

import numpy as np

from cardiov_core.domain import STANDARD_LEADS, Analysis, EcgRecord, Prediction, Provenance, Severity, Window
from cardiov_core.signals import Examination, read_rhythm

# mV of P, Q, R, S, T in the eight leads that are independent.
_WAVES = {
    "I": (0.08, -0.05, 0.7, -0.10, 0.20),
    "II": (0.14, -0.06, 1.0, -0.15, 0.28),
    "V1": (0.05, 0.0, 0.25, -1.0, -0.05),
    "V2": (0.06, 0.0, 0.5, -1.4, 0.45),
    "V3": (0.07, 0.0, 0.9, -0.9, 0.45),
    "V4": (0.08, -0.05, 1.5, -0.5, 0.40),
    "V5": (0.08, -0.07, 1.3, -0.25, 0.32),
    "V6": (0.08, -0.07, 1.0, -0.12, 0.25),
}
_PLACES = ((-0.16, 0.022), (-0.03, 0.008), (0.0, 0.011), (0.028, 0.010), (0.26, 0.045))


def heart(
    seed: int = 1,
    *,
    t_later_s: float = 0.0,
    qrs_in_one: float = 1.0,
    rate_bpm: float = 66.0,
    patient_id: str | None = None,
) -> EcgRecord:
    """Record ten seconds; `qrs_in_one` is the factor of the QRS in lead I, `t_later_s` moves the T wave."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(5000) / 500.0
    rows: dict[str, np.ndarray] = {}
    for lead, heights in _WAVES.items():
        row = rng.normal(0.0, 0.004, time_s.size)
        for beat in np.arange(0.5, 10.5, 60.0 / rate_bpm):
            for index, (height, (centre, width)) in enumerate(zip(heights, _PLACES, strict=True)):
                size = height * (qrs_in_one if lead == "I" and index in (1, 2, 3) else 1.0)
                at = beat + centre + (t_later_s if index == 4 else 0.0)
                row = row + size * np.exp(-0.5 * ((time_s - at) / width) ** 2)
        rows[lead] = row
    one, two = rows["I"], rows["II"]
    rows |= {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    signal = np.stack([rows[lead] for lead in STANDARD_LEADS]).astype(np.float32)
    return EcgRecord(
        signal,
        STANDARD_LEADS,
        500.0,
        f"heart-{seed}",
        Provenance(f"heart:{seed}", "synthetic"),
        age=60.0,
        sex="male",
        patient_id=patient_id,
    )


def examined(record: EcgRecord, level: Severity | None = None, expected: float = 0.0) -> Analysis:
    """Measure a record; with a level, as if a grader had given it."""
    whole = Examination(record)
    prediction = None
    if level is not None:
        probabilities = tuple(1.0 if index == level else 0.0 for index in range(4))
        exceedance = (min(expected, 1.0), min(max(expected - 1.0, 0.0), 1.0), min(max(expected - 2.0, 0.0), 1.0))
        window = Window(0.0, record.duration_s)
        prediction = Prediction(level, probabilities, exceedance, 0.0, "grader", "0" * 64, window)  # type: ignore[arg-type]
    rhythm = read_rhythm(record, whole.measurements, whole.findings)
    return Analysis(
        record,
        whole.quality,
        prediction,
        measurements=whole.measurements,
        findings=whole.findings,
        rhythm=rhythm,
    )
