"""ECGs made by the tests: Gaussian and other waves at known times, limb leads consistent by Einthoven."""

from collections.abc import Iterable, Mapping

import numpy as np

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Provenance

# mV of P, Q, R, S, T in eight leads
NORMAL: Mapping[str, tuple[float, ...]] = {
    "I": (0.08, -0.05, 0.7, -0.10, 0.20), "II": (0.14, -0.06, 1.0, -0.15, 0.28),
    "V1": (0.05, 0.0, 0.25, -1.0, -0.05), "V2": (0.06, 0.0, 0.5, -1.4, 0.45),
    "V3": (0.07, 0.0, 0.9, -0.9, 0.45), "V4": (0.08, -0.05, 1.5, -0.5, 0.40),
    "V5": (0.08, -0.07, 1.3, -0.25, 0.32), "V6": (0.08, -0.07, 1.0, -0.12, 0.25),
}  # fmt: skip
# Of a ventricular beat: no P, a wide QRS, T against it.
VENTRICULAR: Mapping[str, tuple[float, ...]] = {
    "I": (0, 0, 0.9, -0.2, -0.25), "II": (0, 0, -1.2, 0.3, 0.35), "V1": (0, 0, 1.5, -0.3, -0.45),
    "V2": (0, 0, 1.8, -0.5, -0.5), "V3": (0, 0, 1.5, -0.6, -0.45), "V4": (0, 0, 1.0, -0.8, -0.3),
    "V5": (0, 0, 0.5, -0.9, 0.2), "V6": (0, 0, 0.25, -1.0, 0.25),
}  # fmt: skip
# Seconds after the R peak, standard deviation in seconds.
NARROW = {"P": (-0.16, 0.022), "Q": (-0.03, 0.008), "R": (0.0, 0.011), "S": (0.028, 0.010), "T": (0.26, 0.045)}
WIDE = {**NARROW, "R": (0.0, 0.028), "S": (0.06, 0.022), "T": (0.3, 0.05)}


def twelve(eight: Mapping[str, np.ndarray]) -> np.ndarray:
    """Add the limb leads that follow from I and II."""
    one, two = eight["I"], eight["II"]
    rows = {**eight, "III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    return np.stack([rows[lead] for lead in STANDARD_LEADS])


def record_of(signal: np.ndarray, rate: float = 500.0, leads: tuple[str, ...] = STANDARD_LEADS) -> EcgRecord:
    """Return a record that was read from WFDB at 1000 per mV."""
    source = Provenance("made", "WFDB", gains_per_mv=(1000.0,) * len(leads))
    return EcgRecord(signal.astype(np.float32), leads, rate, "made", source)


def beats_at(
    times_s: Iterable[float],
    amplitudes: Mapping[str, tuple[float, ...]] = NORMAL,
    places: Mapping[str, tuple[float, float]] = NARROW,
    *,
    seconds: float = 10.0,
    rate: float = 500.0,
    noise_mv: float = 0.004,
) -> np.ndarray:
    """Return twelve leads with a beat at each time; none for no times."""
    rng = np.random.default_rng(1)
    t = np.arange(round(rate * seconds)) / rate
    eight = {}
    for lead, heights in amplitudes.items():
        row = rng.normal(0, noise_mv, t.size)
        for time_s in times_s:
            for height, wave in zip(heights, "PQRST", strict=True):
                centre, width = places[wave]
                row += height * np.exp(-0.5 * ((t - time_s - centre) / width) ** 2)
        eight[lead] = row
    return twelve(eight)


def tall_t(t_mv: float, bpm: float, form: str, qrs_s: float, t_s: float) -> np.ndarray:
    """Return triangular QRS complexes of 1 mV, each with a T wave as tall as that or taller."""
    rng = np.random.default_rng(5)
    t, rr_s = np.arange(5000) / 500, 60.0 / bpm
    qt_s = 0.38 * np.sqrt(rr_s) + 0.02
    weights = {"I": 0.6, "II": 1.0, "V1": -0.6, "V2": -0.7, "V3": 0.5, "V4": 1.1, "V5": 1.0, "V6": 0.8}
    qrs, wave = np.zeros(5000), np.zeros(5000)
    for time_s in np.arange(0.4, 10.5, rr_s):
        qrs += np.clip(1 - np.abs(t - time_s) / (qrs_s / 2), 0, None)
        phase = np.clip((t - (time_s - qrs_s / 2 + qt_s - t_s)) / t_s, 0, 1)
        shapes = {
            "dome": np.sin(np.pi * phase),
            "tent": 2 * np.minimum(phase, 1 - phase),
            "two": np.sin(2 * np.pi * phase),
        }
        wave += t_mv * shapes[form]
    return twelve({lead: w * qrs + abs(w) * wave + rng.normal(0, 0.004, 5000) for lead, w in weights.items()})
