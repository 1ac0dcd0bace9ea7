"""Noticing a gain that cannot be right. Nothing is mended here: a reader confirms the factor."""

from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import EcgRecord, FloatArray, Reason, ReasonCode, once
from cardiov_core.order_statistics import median, row_percentiles

LOW_LIMIT_MV = 0.6
"""A whole ECG under this, peak to peak in every lead, is small (docs/clinical.md, 12): low voltage, or a wrong gain."""

IMPOSSIBLY_LOW_MV = 0.1
"""Under this no ECG of several leads is, whatever its gain: low voltage means 0.5 mV in limb, 1 mV in chest leads."""

FINEST_USUAL_GAIN_PER_MV = 2500.0
"""Carts store steps of 0.5 to 5 uV; a small ECG that states a finer scale states the wrong one."""

HIGH_LIMIT_MV = 10.0
"""A lead over this, peak to peak, deserves a warning; ordinary ECGs reach 16 mV."""

IMPOSSIBLE_MV = 50.0
"""Over this, peak to peak, no ECG is: more than fivefold off."""

_ROBUST_PERCENTILES = (0.1, 99.9)
_USUAL_GAINS_PER_MV = (1000.0, 200.0)
# A single tall or drifting lead is no sign of a wrong gain: the median lead of 434 PTB-XL records reaches 4.4 mV, that
# of HR00004, which states a fifth of the true gain, 13.6 mV.
_MEDIAN_LEAD_MV = 5.0
_LARGE_USUAL_GAIN_PER_MV = 1000.0
_UNIT_FACTORS = (1000.0, 100.0, 10.0)


@dataclass(frozen=True)
class GainFinding:
    """A suspicion that the stated gain is wrong."""

    reason: Reason  # what is suspected
    # ``signal * factor`` would have a usual amplitude; None where no usual gain does that, and in a warning about tall
    # leads unless a wrong gain is likely.
    factor: float | None
    withholds: bool  # True where the amplitude cannot be right, False for a warning


def amplitudes_mv(signal: FloatArray, *, robust: bool = True) -> FloatArray:
    """Return the peak-to-peak amplitude of each lead.

    `signal`: shape (n_leads, n_samples), in mV; NaN is ignored. `robust`: between the 0.1st and the 99.9th percentile,
    so that one spike hides nothing; otherwise between the extremes. Returns shape (n_leads,), in mV; 0 for a lead
    without a valid sample.
    """
    result = np.zeros(signal.shape[0], dtype=np.float32)
    if signal.size and np.isfinite(signal).all():
        low, high = (
            row_percentiles(signal, *_ROBUST_PERCENTILES) if robust else (signal.min(axis=1), signal.max(axis=1))
        )
        result[:] = high - low
        return result
    for index, row in enumerate(signal):
        valid = row[np.isfinite(row)]
        if valid.size:
            low, high = np.percentile(valid, _ROBUST_PERCENTILES) if robust else (valid.min(), valid.max())
            result[index] = high - low
    return result


def check_gain(record: EcgRecord) -> GainFinding | None:
    """Judge by the amplitudes whether the stated gain or unit can be right; of one record once."""
    return once(_checked, record)


def robust_amplitudes_mv(record: EcgRecord) -> FloatArray:
    """Return `amplitudes_mv` of a record's leads, computed once; not to be changed."""
    return once(_robust, record)


def _robust(record: EcgRecord) -> FloatArray:
    return amplitudes_mv(record.signal)


def _checked(record: EcgRecord) -> GainFinding | None:
    robust = robust_amplitudes_mv(record)
    largest_mv = float(robust.max(initial=0.0))
    if largest_mv <= 0.0:
        return None
    if _cannot_be(record, largest_mv):
        factor = _likely_factor(record, largest_mv)
        measured = f"This ECG measures {_plain(largest_mv)} mV from peak to peak"
        reason = Reason(ReasonCode.GAIN_IMPOSSIBLE, f"{measured}: {_suspicion(record, factor)}.")
        return GainFinding(reason, factor, withholds=True)
    extremes = amplitudes_mv(record.signal, robust=False)
    index = int(extremes.argmax())
    if extremes[index] <= HIGH_LIMIT_MV:
        return None
    lead = record.leads[index]
    measured = f"{lead} measures {_plain(float(extremes[index]))} mV from peak to peak"
    stated = _effective_gain(record)
    factor = None
    if stated is not None and stated < _LARGE_USUAL_GAIN_PER_MV and median(robust) > _MEDIAN_LEAD_MV:
        factor = stated / _LARGE_USUAL_GAIN_PER_MV
    if stated is None or factor is None:
        reason = Reason(ReasonCode.GAIN_DOUBTFUL, f"{measured}: the gain or the unit may be wrong.", (lead,))
        return GainFinding(reason, None, withholds=False)
    offer = f"{_plain(stated / factor)} instead of the stated {_plain(stated)} per mV"
    would = f"would make it {_plain(float(extremes[index]) * factor)} mV"
    reason = Reason(ReasonCode.GAIN_DOUBTFUL, f"{measured}: the gain may be wrong, {offer} {would}.", (lead,))
    return GainFinding(reason, factor, withholds=False)


def _cannot_be(record: EcgRecord, largest_mv: float) -> bool:
    """Tell whether the gain must be wrong. A true low-voltage ECG is as small as one whose gain is five times off.

    What tells them apart is the scale: Georgia's wrong headers state 0.2 uV a step, finer than any cart stores.
    """
    if largest_mv > IMPOSSIBLE_MV or largest_mv < IMPOSSIBLY_LOW_MV:
        return True
    stated = _effective_gain(record)
    too_fine = stated is not None and stated > FINEST_USUAL_GAIN_PER_MV
    return largest_mv < LOW_LIMIT_MV and too_fine


def _likely_factor(record: EcgRecord, largest_mv: float) -> float | None:
    """Return the first factor that makes the amplitude usual: a wrong unit first, then the usual gains."""
    too_small = largest_mv < LOW_LIMIT_MV
    stated = _effective_gain(record)
    units = [factor if too_small else 1.0 / factor for factor in _UNIT_FACTORS]
    gains = [stated / gain for gain in _USUAL_GAINS_PER_MV] if stated is not None else []
    # Thousandfold is a mistaken unit (uV for mV); a smaller power of ten is less likely than a usual gain.
    candidates = [units[0], *gains, *units[1:]]
    return next((factor for factor in candidates if _is_usual(largest_mv * factor)), None)


def _is_usual(amplitude_mv: float) -> bool:
    return LOW_LIMIT_MV <= amplitude_mv <= HIGH_LIMIT_MV


def _effective_gain(record: EcgRecord) -> float | None:
    """Return the stated gain per mV, with the confirmed factor in it, where all leads share one."""
    gains = set(record.provenance.gains_per_mv or ())
    return next(iter(gains)) / record.provenance.gain_factor if len(gains) == 1 else None


def _suspicion(record: EcgRecord, factor: float | None) -> str:
    stated = _effective_gain(record)
    if stated is None:
        return "the amplitudes are probably in another unit"
    owner = "the header's gain" if record.provenance.gain_factor == 1.0 else "the gain with the factor given"
    if factor is None:
        return f"{owner} of {_plain(stated)} per mV is probably wrong"
    return f"{owner} of {_plain(stated)} per mV is probably {_plain(stated / factor)}"


def _plain(number: float) -> str:
    """Write a number for a sentence: one significant digit below 1, none of the decimals from 10."""
    if number >= 10:
        return f"{number:.0f}"
    return f"{number:.2g}" if number >= 1 else np.format_float_positional(float(f"{number:.1g}"), trim="-")
