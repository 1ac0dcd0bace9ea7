"""Delineation of a median beat by the trained networks, and why a record that trained them gets only one of them.

The networks were trained on the marks of LUDB (docs/method/delineator.md). Each was trained without a fifth of the
records; new records are delineated by the mean of their distributions, a training record by the one network that never
saw it.
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from cardiov_core.backends import ConvertedNetwork, chosen_backend
from cardiov_core.computing import n_threads
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Float64Array, FloatArray, MedianBeat, WaveBoundaries
from cardiov_core.nets import RATE_HZ, SAMPLES, SAMPLES_BEFORE_R
from cardiov_core.signals.wave.delineation import Delineation, LeadBoundaries

if TYPE_CHECKING:
    from cardiov_core.nets import DelineatorStack
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


def make_delineator_ready(*, every: bool = False) -> None:
    """Load what the first record would wait for: PyTorch or another backend with the trained networks.

    Parameters
    ----------
    every : bool
        Also the network that delineates beats of another shape than most, which few records have.

    Raises
    ------
    ModelCardError, WeightsError
        If the files are damaged.
    ConfigurationError
        If the backend that was chosen cannot be had.
    """
    weights = trained_delineator()
    if weights is None:
        return
    for only_one in (False, True) if every else (False,):
        if not _converted(weights, chosen_backend(), n_threads(), only_one=only_one).ready():
            _ = weights.together


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
    outputs = None if fold is not None else _elsewhere(window, chosen, only_one=only_one)
    if outputs is None:
        outputs = _by_torch(window, chosen, 0 if only_one and fold is None else fold)
    return _decoded(outputs, beat, held_out=fold is not None)


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
    step = round(sampling_rate_hz / RATE_HZ)
    padding = [(0, 0)] * (signal.ndim - 1) + [(1, 1)]
    padded = np.pad(signal.astype(np.float32), padding, mode="edge")
    before, here, after = _SMOOTHING
    smooth = before * padded[..., :-2] + here * padded[..., 1:-1] + after * padded[..., 2:]
    columns = r_index + step * np.arange(-SAMPLES_BEFORE_R, SAMPLES - SAMPLES_BEFORE_R)
    return np.ascontiguousarray(smooth[..., np.clip(columns, 0, signal.shape[-1] - 1)], dtype=np.float32)


def boundary_seconds(logits: npt.NDArray[np.floating]) -> Float64Array:
    """Return the median of each boundary's distribution.

    `logits`: ``(..., samples)``; or logarithms of probabilities. Returns ``(...)``, in seconds relative to the R peak,
    finer than a sample.
    """
    share: Float64Array = softmax(logits.astype(np.float64), axis=-1)
    passed = np.cumsum(share, axis=-1)
    index = np.minimum((passed < 0.5).sum(axis=-1, keepdims=True), share.shape[-1] - 1)
    inside = np.take_along_axis(share, index, axis=-1)
    fraction = (0.5 - (np.take_along_axis(passed, index, axis=-1) - inside)) / np.maximum(inside, 1e-12)
    samples = (index + fraction - 0.5)[..., 0]
    seconds: Float64Array = (samples - SAMPLES_BEFORE_R) / RATE_HZ
    return seconds


@lru_cache(maxsize=2)
def _opened(folder: Path) -> "DelineatorWeights | None":
    from cardiov_core.weights import load_delineator

    return load_delineator(folder / "delineator")


class _Outputs(NamedTuple):
    """What the networks say together of one beat: logarithms of distributions, and probabilities of waves."""

    lead_boundaries: FloatArray
    lead_waves: FloatArray
    boundaries: FloatArray
    waves: FloatArray


def _elsewhere(window: FloatArray, weights: "DelineatorWeights", *, only_one: bool) -> _Outputs | None:
    """Ask all networks, or the first, on another backend; None where PyTorch is to be asked."""
    if window.shape[0] != len(STANDARD_LEADS) or not weights.sha256:
        return None
    outputs = _converted(weights, chosen_backend(), n_threads(), only_one=only_one).outputs(window)
    return None if outputs is None else _Outputs(*outputs)


def _by_torch(window: FloatArray, weights: "DelineatorWeights", fold: int | None) -> _Outputs:
    """Ask one network, or all where `fold` is None."""
    # Only here: where another backend answers, nothing waits for PyTorch.
    import torch

    from cardiov_core.nets import DelineatorOutput, mean_of

    with torch.inference_mode():
        beats = torch.from_numpy(window)[None]
        # One beat of all networks, or of one: the mean is over the first axis.
        if fold is not None:
            outputs = weights.nets[fold](beats)
        else:
            outputs = DelineatorOutput(*(part[:, 0] for part in weights.together(beats)))
        return _Outputs(*(part.numpy() for part in mean_of(outputs)))


class _Shared:
    """The networks on another backend, for one thread after the other: a request holds one beat at a time."""

    def __init__(self, weights: "DelineatorWeights", *, only_one: bool) -> None:
        def build() -> "DelineatorStack":
            from cardiov_core.nets import DelineatorStack

            return DelineatorStack(weights.nets[:1] if only_one else weights.nets).eval()

        # In f32 whatever graders compute in: a boundary is finer than what bf16 tells apart.
        told_by = f"{'first delineator' if only_one else 'delineators'} {weights.sha256} {weights.form}"
        self._network = ConvertedNetwork(build, told_by, (len(STANDARD_LEADS), SAMPLES), precision="f32")
        self._lock = Lock()

    def ready(self) -> bool:
        with self._lock:
            return self._network.ready()

    def outputs(self, window: FloatArray) -> tuple[FloatArray, ...] | None:
        with self._lock:
            return self._network.outputs(window)


@lru_cache(maxsize=8)
def _converted(weights: "DelineatorWeights", backend: str, threads: int, *, only_one: bool) -> _Shared:
    del backend, threads  # The key: what was made ready for others is not what these want.
    return _Shared(weights, only_one=only_one)


def _decoded(outputs: _Outputs, beat: MedianBeat, *, held_out: bool) -> Delineation:
    p, qrs, t = _waves(boundary_seconds(outputs.boundaries), outputs.waves)
    seconds, present = boundary_seconds(outputs.lead_boundaries), outputs.lead_waves
    leads = {lead: LeadBoundaries(*_waves(seconds[row], present[row])) for row, lead in enumerate(beat.usable_leads)}
    return Delineation(p=p, qrs=qrs, t=t, leads=leads, method="held-out network" if held_out else "networks")


def _waves(seconds: Float64Array, present: npt.NDArray[np.floating]) -> _Waves:
    """Return P, QRS and T; None where the wave is absent or its ends do not follow each other."""

    def wave(index: int) -> WaveBoundaries | None:
        onset_s, offset_s = float(seconds[2 * index]), float(seconds[2 * index + 1])
        there = bool(present[index] >= _PRESENT) and onset_s < offset_s
        return WaveBoundaries(onset_s, offset_s) if there else None

    return wave(0), wave(1), wave(2)
