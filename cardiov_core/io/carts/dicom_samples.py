"""The samples of a DICOM group where the parser would read them wrong: sign, padding, skew, labels, coding."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.io.leads import standard_lead

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Waveform Bits Allocated, Waveform Sample Interpretation -> signed integers of two's complement (PS3.3, C.10.9.1.5).
_SIGNED = {(8, "SB"): "i1", (16, "SS"): "i2", (32, "SL"): "i4"}
_UNSIGNED = {(8, "UB"): "u1", (16, "US"): "u2", (32, "UL"): "u4"}
_COMPANDED = {"MB": "mu-law", "AB": "A-law"}
# A run of a padding value that may be a sample as well is padding at an end, in all channels, from here on, and
# amid the recording where a channel stands still for as long as no heart does.
_END_S, _AMID_S = 0.04, 2.0


@dataclass(eq=False)
class Mended:
    """What was mended in a group, and what is still to be done with its samples."""

    changed: bool = False  # whether the group is no longer as the file has it
    notes: list[str] = field(default_factory=list)
    # Shape ``(n_samples, n_channels)``: samples that are padding, where the parser is not to look for them.
    gaps: BoolArray | None = None
    skew: tuple[float, ...] = ()  # samples by which each channel began later than the group


def mend_group(item: "Dataset", name: str, *, little: bool) -> Mended:
    """Bring a group into the form that the parser reads right; the group is changed in place.

    `little`: whether its samples have the low byte first.
    """
    interpretation = str(item.get("WaveformSampleInterpretation", "") or "").upper()
    if interpretation in _COMPANDED:
        raise RecordUnsupportedError(
            f"{name} holds its samples in 8 bits of {_COMPANDED[interpretation]} (coding {interpretation}), as "
            "telephones do, with steps too large for an ECG and a scale that the standard leaves open.",
            "Export the waveform with 16 bits a sample (sample interpretation SS).",
        )
    mended = Mended(skew=_skew(item))
    _name_by_label(item, mended)
    bits = int(item.get("WaveformBitsAllocated") or 0)
    code = (_SIGNED | _UNSIGNED).get((bits, interpretation))
    codes = _codes(item, code, little=little) if code is not None else None
    if codes is not None and code is not None:
        samples = _with_sign(item, codes, bits, mended) if code.startswith("i") else codes.astype(np.int64)
        _find_padding(item, samples, codes.dtype, mended)
    return mended


def delayed(samples: Float64Array, skew: float) -> Float64Array:
    """Return a channel on the time of its group: sample i of it was taken at i + skew.

    `samples`: counts, shape ``(n_samples,)``. `skew`: samples by which the channel began later; part of one for
    converters that take channels in turn. Returns whole counts, shape ``(n_samples,)``; NaN where the channel had not
    begun.
    """
    from scipy.interpolate import CubicSpline

    at = np.arange(samples.size, dtype=np.float64)
    wanted = at - skew
    if skew == round(skew) or not np.isfinite(samples).all() or samples.size < 4:
        values = samples[np.clip(np.round(wanted).astype(np.int64), 0, samples.size - 1)]
    else:
        values = np.round(CubicSpline(at, samples)(np.clip(wanted, 0, samples.size - 1)))
    return np.where((wanted > -0.5) & (wanted < samples.size - 0.5), values, np.nan)


Codes = npt.NDArray[np.integer]
"""Stored counts, shape ``(n_samples, n_channels)``."""


def _codes(item: "Dataset", code: str, *, little: bool) -> Codes | None:
    data = item.get("WaveformData")
    n_channels, n_samples = (
        int(item.get("NumberOfWaveformChannels") or 0),
        int(item.get("NumberOfWaveformSamples") or 0),
    )
    dtype = np.dtype(code).newbyteorder("<" if little else ">")
    if not isinstance(data, bytes) or n_channels < 1 or n_samples < 1:
        return None
    if len(data) < n_channels * n_samples * dtype.itemsize:
        # Fewer samples than announced: the parser refuses.
        return None
    return np.frombuffer(data, dtype, n_channels * n_samples).reshape(n_samples, n_channels)


def _with_sign(item: "Dataset", codes: Codes, bits: int, mended: Mended) -> IntArray:
    """Take the highest stored bit as the sign, where the bits above it are empty (PS3.3, C.10.9.1.5)."""
    out = codes.astype(np.int64)
    beyond = []
    for index, stored in enumerate(_bits_stored(item, codes.shape[1], bits)):
        column = out[:, index]
        half = 1 << (stored - 1)
        if stored >= bits or (column.min() >= -half and column.max() < half):
            continue
        if column.min() >= 0 and column.max() < 2 * half:
            out[:, index] = np.where(column >= half, column - 2 * half, column)
            mended.changed = True
        else:
            beyond.append(index + 1)
    if beyond:
        mended.notes.append(f"Channels {', '.join(map(str, beyond))} hold larger samples than their stated bits allow.")
    if mended.changed:
        item.WaveformData = out.astype(codes.dtype).tobytes()
        _sign_of_padding(item, codes.dtype, min(_bits_stored(item, codes.shape[1], bits)))
    return out


def _bits_stored(item: "Dataset", n_channels: int, bits: int) -> list[int]:
    channels: Sequence[Dataset] = list(item.get("ChannelDefinitionSequence") or [])
    stated = [int(channel.get("WaveformBitsStored") or bits) for channel in channels[:n_channels]]
    return [one if 1 < one <= bits else bits for one in stated] + [bits] * (n_channels - len(stated))


def _sign_of_padding(item: "Dataset", dtype: np.dtype[np.integer], stored: int) -> None:
    padding = item.get("WaveformPaddingValue")
    if isinstance(padding, bytes) and len(padding) >= dtype.itemsize:
        value = int(np.frombuffer(padding, dtype, 1)[0])
        if (1 << (stored - 1)) <= value < (1 << stored):
            item.WaveformPaddingValue = np.array([value - (1 << stored)], dtype).tobytes()


def _find_padding(item: "Dataset", codes: IntArray, dtype: np.dtype[np.integer], mended: Mended) -> None:
    """Look for runs of a padding value that samples may have as well; another value the parser finds by itself."""
    padding = item.get("WaveformPaddingValue")
    if not isinstance(padding, bytes) or len(padding) < dtype.itemsize:
        return
    value = int(np.frombuffer(padding, dtype, 1)[0])
    others = codes[codes != value]
    if not others.size or not others.min() < value < others.max():
        return
    del item.WaveformPaddingValue
    mended.changed = True
    same = codes == value
    rate_hz = float(item.get("SamplingFrequency") or 0.0)
    gaps = np.zeros(same.shape, dtype=bool)
    everywhere = same.all(axis=1)
    for slice_ in (_run_at_start(everywhere), _run_at_end(everywhere)):
        if slice_.stop - slice_.start >= _END_S * rate_hz:
            gaps[slice_], same[slice_] = True, False
    for channel in range(same.shape[1]):
        for start, stop in _runs(same[:, channel]):
            if stop - start >= _AMID_S * rate_hz:
                gaps[start:stop, channel] = True
    mended.gaps = gaps if gaps.any() else None


def _run_at_start(flags: BoolArray) -> slice:
    return slice(0, int(np.argmin(flags)) if not flags.all() else flags.size)


def _run_at_end(flags: BoolArray) -> slice:
    length = _run_at_start(flags[::-1]).stop
    return slice(flags.size - length, flags.size)


def _runs(flags: BoolArray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _skew(item: "Dataset") -> tuple[float, ...]:
    """Return by how many samples each channel began later than the group (PS3.3, C.10.9.1.4.3)."""
    rate_hz = float(item.get("SamplingFrequency") or 0.0)
    skews = []
    for channel in item.get("ChannelDefinitionSequence") or []:
        samples, seconds = channel.get("ChannelSampleSkew"), channel.get("ChannelTimeSkew")
        if samples is not None and str(samples).strip():
            skews.append(float(samples))
        else:
            skews.append(float(seconds) * rate_hz if seconds is not None and str(seconds).strip() else 0.0)
    return tuple(skews) if any(skews) else ()


def _name_by_label(item: "Dataset", mended: Mended) -> None:
    """Let a channel's label name its lead where its coded source names none."""
    for channel in item.get("ChannelDefinitionSequence") or []:
        label = str(channel.get("ChannelLabel", "") or "").strip()
        sources = channel.get("ChannelSourceSequence")
        if standard_lead(label) is None or not sources:
            continue
        source = sources[0]
        value, meaning = str(source.get("CodeValue", "") or ""), str(source.get("CodeMeaning", "") or "")
        if not _names_a_lead(value, meaning):
            source.CodeMeaning = label
            source.CodeValue = "label"
            mended.changed = True


def _names_a_lead(value: str, meaning: str) -> bool:
    number = value.rpartition(":")[2] if value.startswith("2:") else value.rpartition("-")[2]
    coded = value.startswith(("2:", "5.6.3-9-")) and number.isdecimal() and int(number) > 0
    by_name = value.upper().startswith("MDC_ECG_LEAD_") and standard_lead(value) is not None
    return coded or by_name or standard_lead(meaning.split(",")[0].split("(")[0]) is not None
