"""A moving heart dipole seen by twelve leads: what all synthetic ECGs are made of.

Every wave is a short excursion of one electrical dipole (x to the left, y to the feet, z to the back, in mV). The
dipole is projected on the lead vectors of Dower's transform (Dower, Machado and Osborne, Clin Cardiol 1980;3:87-95);
only I and II are projected among the limb leads, the other four follow from them, as they do on a patient: III = II - I
and aVR + aVL + aVF = 0 hold by construction. Noise is added to the electrodes, not to the leads, for the same reason.
"""

from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import Float64Array

Vector = tuple[float, float, float]

LEAD_VECTORS: Float64Array = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
"""Rows I, II, V1-V6 of Dower's matrix for a dipole (left, foot, back)."""

MARGIN_S = 2.0
"""Beats are laid out this far beyond both ends, so that no wave starts or stops at an edge."""


@dataclass(frozen=True)
class Lobe:
    """One excursion of the dipole: Gaussian flanks around a plateau; times in ms, `vector` in mV."""

    centre_ms: float
    rise_ms: float
    fall_ms: float
    vector: Vector
    plateau_ms: float = 0.0

    def at(self, times_ms: Float64Array) -> Float64Array:
        """Return the shape at some times, 1 on the plateau."""
        distance = times_ms - self.centre_ms
        width = np.where(distance < 0, self.rise_ms, self.fall_ms)
        shape: Float64Array = np.exp(-0.5 * (np.maximum(np.abs(distance) - self.plateau_ms / 2, 0) / width) ** 2)
        return shape


P_LOBES = (Lobe(-14, 17, 17, (0.035, 0.085, -0.075)), Lobe(16, 19, 18, (0.100, 0.065, 0.040)))
"""Right atrium to the front and down, then left atrium to the left and back; about 100 ms in all."""

QRS_NORMAL = (
    Lobe(-25, 8, 8, (-0.16, -0.06, -0.30)),
    Lobe(0, 9.5, 9.5, (1.20, 0.72, 0.02)),
    Lobe(13, 9, 10, (0.28, 0.10, 0.62)),
    Lobe(30, 8, 8, (-0.20, -0.10, 0.28)),
)
"""Septum to the right and front, free wall to the left and down, base to the back; about 90 ms."""

T_VECTOR: Vector = (0.34, 0.22, -0.20)
"""Of a normal beat; near the QRS in direction."""

QRS_LBBB = (
    Lobe(-44, 12, 13, (0.30, 0.16, 0.36)),
    Lobe(-20, 13, 14, (0.72, 0.34, 0.95)),
    Lobe(22, 16, 15, (0.92, 0.20, 1.10)),
    Lobe(50, 12, 12, (0.34, 0.02, 0.42)),
)
"""No septal activity to the right; slow spread to the left and back with a notch between two peaks; about 150 ms."""

QRS_PREMATURE = (
    Lobe(-40, 14, 15, (0.15, 0.50, 0.10)),
    Lobe(-4, 19, 19, (0.45, 1.45, 1.05)),
    Lobe(36, 17, 15, (0.20, 0.55, 0.75)),
)
"""From the outflow tract: down and to the back, so tall in the inferior leads and negative in V1-V3."""

QRS_RBBB = (
    Lobe(-30, 9, 9, (-0.16, -0.06, -0.30)),
    Lobe(-6, 10, 10, (1.10, 0.66, 0.02)),
    Lobe(12, 10, 11, (0.20, 0.10, 0.60)),
    Lobe(42, 15, 15, (-0.55, -0.05, -0.75)),
)
"""The left side first, as always; then late and slow to the right and front; about 140 ms."""


def sinus_times(duration_s: float, rate_bpm: float, arrhythmia: float, rng: np.random.Generator) -> list[float]:
    """Lay out a regular pacemaker whose interval breathes by the share `arrhythmia` and jitters by 1 %."""
    mean_s = 60.0 / (rate_bpm * rng.uniform(0.98, 1.02))
    phase = rng.uniform(0, 2 * np.pi)
    times = [-MARGIN_S - rng.uniform(0, mean_s)]
    while times[-1] < duration_s + MARGIN_S:
        breath = arrhythmia * np.sin(2 * np.pi * 0.22 * times[-1] + phase)
        times.append(times[-1] + mean_s * float(1 + breath + 0.01 * np.clip(rng.standard_normal(), -2, 2)))
    return times


def irregular_times(duration_s: float, mean_rr_s: float, rng: np.random.Generator) -> list[float]:
    """Lay out a fibrillating rhythm: independent intervals that vary by 22 %, none under 0.38 s."""
    times = [-MARGIN_S]
    while times[-1] < duration_s + MARGIN_S:
        times.append(times[-1] + max(0.38, float(rng.gamma(20.0, mean_rr_s / 20.0))))
    return times


def add_lobe(dipole: Float64Array, lobe: Lobe, time_s: float, size: float, sampling_rate_hz: float) -> None:
    """Add one lobe in place, out to five of its own widths."""
    centre_s, half_s = time_s + lobe.centre_ms / 1000, lobe.plateau_ms / 2000
    first = int(np.floor((centre_s - half_s - 5 * lobe.rise_ms / 1000) * sampling_rate_hz))
    last = int(np.ceil((centre_s + half_s + 5 * lobe.fall_ms / 1000) * sampling_rate_hz)) + 1
    first, last = max(first, 0), min(last, dipole.shape[1])
    if first >= last:
        return
    shape = lobe.at((np.arange(first, last) / sampling_rate_hz - time_s) * 1000)
    dipole[:, first:last] += np.multiply.outer(size * np.asarray(lobe.vector), shape)


def fibrillation(time_s: Float64Array, rng: np.random.Generator) -> Float64Array:
    """Return f waves at about 6 Hz of wandering rate and size, largest in V1 and inferiorly; ``(3, n_samples)``."""
    result = np.zeros((3, time_s.size))
    for rate, vector in ((5.8, (-0.015, 0.030, -0.055)), (6.9, (0.010, 0.030, -0.025))):
        slow = sum(np.sin(2 * np.pi * rng.uniform(0.15, 0.9) * time_s + rng.uniform(0, 2 * np.pi)) for _ in range(3))
        turn = 2 * np.pi * rate * time_s + 0.9 * slow + rng.uniform(0, 2 * np.pi)
        size = 1 + 0.35 * np.sin(2 * np.pi * rng.uniform(0.3, 0.6) * time_s + rng.uniform(0, 2 * np.pi))
        wave = size * (np.sin(turn) + 0.35 * np.sin(2 * turn + 0.6))
        result += np.multiply.outer(np.asarray(vector), wave)
    return result


def electrode_noise(time_s: Float64Array, *, noisy: bool, rng: np.random.Generator) -> Float64Array:
    """Noise of the nine electrodes seen by I, II, V1-V6; ``(8, n_samples)`` in mV.

    A chest lead is its electrode against the mean of the three limb electrodes (Wilson's terminal).
    """
    n_electrodes = 9
    electrodes = 0.005 * rng.standard_normal((n_electrodes, time_s.size))
    size = rng.uniform(0.4, 1.0, n_electrodes)
    drift_mv = 0.35 if noisy else 0.025
    for rate, share in ((0.07, 1.0), (0.22, 0.8), (0.41, 0.25)):
        phases = rng.uniform(0, 2 * np.pi, n_electrodes)[:, None]
        electrodes += drift_mv * share * size[:, None] * np.sin(2 * np.pi * rate * time_s + phases)
    if noisy:
        burst = 0.5 + 0.5 * np.sin(2 * np.pi * 0.13 * time_s + rng.uniform(0, 2 * np.pi)) ** 2
        electrodes += 0.045 * burst * rng.standard_normal((n_electrodes, time_s.size))
        hum = np.sin(2 * np.pi * 50.0 * time_s + rng.uniform(0, 2 * np.pi))
        electrodes += np.multiply.outer(0.07 * rng.uniform(-1, 1, n_electrodes), hum)
    right_arm, left_arm, left_leg = electrodes[:3]
    terminal = electrodes[:3].mean(axis=0)
    return np.vstack([left_arm - right_arm, left_leg - right_arm, electrodes[3:] - terminal])


def twelve_leads(eight: Float64Array) -> Float64Array:
    """Complete I, II, V1-V6 to the twelve leads by Einthoven's and Goldberger's equations."""
    one, two = eight[0], eight[1]
    return np.vstack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, eight[2:]])
