"""Delineation of a median beat by the trained networks, and why a record that trained them gets only one of them.

The networks were trained on the marks of LUDB (docs/method/delineator.md). Each was trained without a fifth of the
records; new records are delineated by the mean of their distributions, a training record by the one network that never
saw it.
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiov_core.backends import ConvertedNetwork, chosen_backend
from cardiov_core.computing import n_threads
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Float64Array, FloatArray, MedianBeat, WaveBoundaries
from cardiov_core.signals.wave.delineation import Delineation, LeadBoundaries

if TYPE_CHECKING:
    import torch

    from cardiov_core.nets import DelineatorNet, DelineatorOutput
    from cardiov_core.weights import DelineatorWeights


_Waves = tuple[WaveBoundaries | None, WaveBoundaries | None, WaveBoundaries | None]

_PRESENT = 0.5
_SMOOTHING = (0.25, 0.5, 0.25)


def trained_delineator() -> "DelineatorWeights | None":
    """Return the trained networks, opened once.

    Returns
    -------
    DelineatorWeights or None
        None where the weights folder holds none; `delineate` works without.

    Raises
    ------
    ModelCardError, WeightsError
        If the files are damaged.
    """
    from cardiov_core.weights import weights_folder

    return _opened(weights_folder())


def delineate_by_network(
    beat: MedianBeat, record: EcgRecord, weights: "DelineatorWeights | None" = None, *, only_one: bool = False
) -> Delineation | None:
    """Find the waves of a median beat by the trained networks.

    Parameters
    ----------
    beat : MedianBeat
        At 500 Hz, from :func:`~cardiov_core.signals.beat.median_beat.average_beats`.
    record : EcgRecord
        Where the beat comes from: if it trained the networks, only the one that never saw it is asked.
    weights : DelineatorWeights, optional
        The shipped ones by default.
    only_one : bool
        Ask one network instead of all, which takes a fifth of the time.

    Returns
    -------
    Delineation or None
        Empty where no lead is usable; None where there are no weights.
    """
    chosen = trained_delineator() if weights is None else weights
    if chosen is None:
        return None
    if not beat.usable_leads:
        return Delineation()
    fold = chosen.fold_of.get(record.fingerprint)
    rows = [beat.leads.index(lead) for lead in beat.usable_leads]
    window = network_window(beat.signal[rows], beat.r_index, beat.sampling_rate)
    single = chosen.nets[0 if fold is None else fold] if only_one or fold is not None else None
    return _decoded(_asked(window, chosen, single), beat, held_out=fold is not None)


def network_window(signal: npt.NDArray[np.floating], r_index: int, sampling_rate_hz: float) -> FloatArray:
    """Cut beats as the networks want them.

    Parameters
    ----------
    signal : numpy.ndarray
        ``(..., samples)`` in mV, without NaN.
    r_index : int
        Sample of the R peak.
    sampling_rate_hz : float
        An even multiple of 250 Hz.

    Returns
    -------
    numpy.ndarray
        float32, ``(..., 320)`` at 250 Hz, R peak at sample 128; the ends are carried on as lines where the beat is
        shorter.
    """
    from cardiov_core.nets import RATE_HZ, SAMPLES, SAMPLES_BEFORE_R

    step = round(sampling_rate_hz / RATE_HZ)
    padding = [(0, 0)] * (signal.ndim - 1) + [(1, 1)]
    padded = np.pad(signal.astype(np.float32), padding, mode="edge")
    before, here, after = _SMOOTHING
    smooth = before * padded[..., :-2] + here * padded[..., 1:-1] + after * padded[..., 2:]
    columns = r_index + step * np.arange(-SAMPLES_BEFORE_R, SAMPLES - SAMPLES_BEFORE_R)
    return np.ascontiguousarray(smooth[..., np.clip(columns, 0, signal.shape[-1] - 1)], dtype=np.float32)


def boundary_seconds(logits: "torch.Tensor") -> Float64Array:
    """Return the median of each boundary's distribution.

    `logits`: ``(..., samples)``; or logarithms of probabilities. Returns ``(...)``, in seconds relative to the R peak,
    finer than a sample.
    """
    from cardiov_core.nets import RATE_HZ, SAMPLES_BEFORE_R

    share = logits.double().softmax(dim=-1)
    passed = share.cumsum(dim=-1)
    index = (passed < 0.5).sum(dim=-1, keepdim=True).clamp(max=share.shape[-1] - 1)
    inside = share.gather(-1, index)
    fraction = (0.5 - (passed.gather(-1, index) - inside)) / inside.clamp_min(1e-12)
    samples = (index + fraction - 0.5).squeeze(-1)
    seconds: Float64Array = ((samples - SAMPLES_BEFORE_R) / RATE_HZ).numpy()
    return seconds


@lru_cache(maxsize=2)
def _opened(folder: Path) -> "DelineatorWeights | None":
    from cardiov_core.weights import load_delineator

    return load_delineator(folder / "delineator")


def _asked(window: FloatArray, weights: "DelineatorWeights", single: "DelineatorNet | None") -> "DelineatorOutput":
    """Return the mean of the networks' distributions as logarithms, and of their presence probabilities."""
    import torch

    from cardiov_core.nets import DelineatorOutput, mean_of

    if single is None and window.shape[0] == len(STANDARD_LEADS) and weights.sha256:
        outputs = _converted(weights, chosen_backend(), n_threads()).outputs(window)
        if outputs is not None:
            return DelineatorOutput(*map(torch.from_numpy, outputs))
    with torch.inference_mode():
        beats = torch.from_numpy(window)[None]
        # One beat of all networks, or of one: the mean is over the first axis.
        if single is not None:
            return mean_of(single(beats))
        return mean_of(DelineatorOutput(*(part[:, 0] for part in weights.together(beats))))


class _Shared:
    """The networks on another backend, for one thread after the other: a request holds one beat at a time."""

    def __init__(self, weights: "DelineatorWeights") -> None:
        from cardiov_core.nets import SAMPLES, DelineatorMean

        net = DelineatorMean(weights.nets).eval()
        # In f32 whatever graders compute in: a boundary is finer than what bf16 tells apart.
        told_by = f"delineators {weights.sha256}"
        self._network = ConvertedNetwork(net, told_by, (len(STANDARD_LEADS), SAMPLES), precision="f32")
        self._lock = Lock()

    def outputs(self, window: FloatArray) -> tuple[FloatArray, ...] | None:
        with self._lock:
            return self._network.outputs(window)


@lru_cache(maxsize=4)
def _converted(weights: "DelineatorWeights", backend: str, threads: int) -> _Shared:
    del backend, threads  # The key: what was made ready for others is not what these want.
    return _Shared(weights)


def _decoded(output: "DelineatorOutput", beat: MedianBeat, *, held_out: bool) -> Delineation:
    p, qrs, t = _waves(boundary_seconds(output.boundaries), output.waves.numpy())
    seconds, present = boundary_seconds(output.lead_boundaries), output.lead_waves.numpy()
    leads = {lead: LeadBoundaries(*_waves(seconds[row], present[row])) for row, lead in enumerate(beat.usable_leads)}
    return Delineation(p=p, qrs=qrs, t=t, leads=leads, method="held-out network" if held_out else "networks")


def _waves(seconds: Float64Array, present: npt.NDArray[np.floating]) -> _Waves:
    """Return P, QRS and T; None where the wave is absent or its ends do not follow each other."""

    def wave(index: int) -> WaveBoundaries | None:
        onset_s, offset_s = float(seconds[2 * index]), float(seconds[2 * index + 1])
        there = bool(present[index] >= _PRESENT) and onset_s < offset_s
        return WaveBoundaries(onset_s, offset_s) if there else None

    return wave(0), wave(1), wave(2)
