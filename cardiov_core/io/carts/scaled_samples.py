"""The samples of a cart's file: scale and unit as the file states them, one rate, one time axis."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.domain import Float64Array
from cardiov_core.errors import RecordFormatError
from cardiov_core.io.assembly import ReadOptions, missing, scale_to_mv
from cardiov_core.io.carts.ecgdatakit_file import Parsed
from cardiov_core.io.leads import standard_leads

if TYPE_CHECKING:
    from ecgdatakit.models import ECGRecord, Lead

# ISHNE marks a lead fault by the lowest count.
_ISHNE_FAULT = -32768.0
# Leads recorded one after another, one at a time, take twelve times as long as one; no file needs more.
_MAX_SPREAD = 16


@dataclass(frozen=True, eq=False)
class Row:
    """One channel in mV."""

    name: str  # as the file spells it
    values_mv: Float64Array  # shape ``(n_samples,)``, in mV; NaN where the file holds no valid sample
    start: int  # sample of the file's time axis at which the channel begins
    rate_hz: float  # in Hz
    gain_per_mv: float | None  # counts per mV; None where the samples are no counts


def channel_rows(parsed: Parsed, name: str, options: ReadOptions) -> tuple[list[Row], list[str]]:
    """Return the channels that share the standard leads' rate.

    Returns the rows; channels that are no standard lead are empty (they may have any unit), those of another rate are
    left out, and a sentence tells so.
    """
    record, leads = parsed.record, parsed.leads
    exact = _exact_rates(record)
    by_name = standard_leads([lead.label for lead in leads])
    standards = standard_leads([lead.label for lead in leads], [_unit(lead) for lead in leads])
    rates = Counter(
        exact.get(lead.label, exact.get("", float(lead.sampling_rate)))
        for lead, standard in zip(leads, standards, strict=True)
        if standard is not None
    )
    common = rates.most_common(1)[0][0] if rates else float(leads[0].sampling_rate)
    fault = _ISHNE_FAULT if record.source_format == "ishne_holter" else None
    rows: list[Row] = []
    notes: list[str] = []
    for lead, standard, named in zip(leads, standards, by_name, strict=True):
        rate_hz = exact.get(lead.label, exact.get("", float(lead.sampling_rate)))
        if rate_hz != common:
            notes.append(f"Channel '{lead.label[:30]}' has another rate ({rate_hz:g} Hz) and was left out.")
        elif standard is None and named is not None:
            unit = _unit(lead)[:30]
            notes.append(f"Channel '{lead.label[:30]}' has the unit {unit}, which is no voltage, and was left out.")
        elif standard is None:
            rows.append(Row(lead.label, np.full(1, np.nan), 0, rate_hz, None))
        else:
            rows.append(_in_mv(lead, name, rate_hz, options, fault))
    notes += _shorter([row for row in rows if row.gain_per_mv is not None or row.values_mv.size > 1])
    return rows, notes


def _unit(lead: "Lead") -> str:
    return str((lead.resolution_unit if lead.is_raw else lead.units) or lead.adc_resolution_unit or "")


def _shorter(rows: Sequence[Row]) -> list[str]:
    """Tell which leads hold fewer samples than the others."""
    longest = max((row.values_mv.size for row in rows), default=0)
    short = [f"{row.name} {row.values_mv.size}" for row in rows if row.values_mv.size < longest]
    if not short:
        return []
    return [f"Leads hold fewer samples than the others, of {longest}: {', '.join(short)}; the rest is missing."]


def _in_mv(lead: "Lead", name: str, rate_hz: float, options: ReadOptions, fault: float | None) -> Row:
    """Apply the scale and the unit that the file states; where it states no unit, the reader must."""
    samples = np.array(lead.samples, dtype=np.float64)
    if fault is not None:
        samples[samples == fault] = np.nan
    unit = lead.resolution_unit if lead.is_raw else lead.units
    scale, offset = (lead.resolution, lead.offset) if lead.is_raw else (1.0, 0.0)
    if not unit:
        unit = lead.adc_resolution_unit or options.units or ""
        if not unit:
            raise missing(name, ("units",))
        # Without a unit the library leaves scale and offset as the file states them.
        scale = lead.adc_resolution if lead.adc_resolution > 0 else 1.0
        scale *= float(lead.annotations.get("sensitivity_correction_factor", 1.0))
        offset = float(lead.annotations.get("channel_baseline", lead.offset))
    if scale == 0 or not math.isfinite(scale) or not math.isfinite(offset):
        raise RecordFormatError(
            f"{name} states a scale of {scale:g} and an offset of {offset:g} for lead {lead.label}.",
            "Export the file again; if that does not help, ask the maker.",
        )
    factor = scale_to_mv(f"{name}, lead {lead.label},", unit)
    step_mv = abs(scale * factor)
    # Text formats may hold fractions; then the scale is no step of the samples.
    whole = bool(np.array_equal(samples, np.round(samples), equal_nan=True))
    start = lead.annotations.get("start_sample", "1")
    return Row(
        name=lead.label,
        values_mv=(samples * scale + offset) * factor,
        start=max(0, int(start) - 1) if start.isdecimal() else 0,
        rate_hz=rate_hz,
        gain_per_mv=1.0 / step_mv if step_mv > 0 and whole else None,
    )


def _exact_rates(record: "ECGRecord") -> dict[str, float]:
    """Return rates that are no whole number of Hz, which ecgdatakit rounds: by lead, or under '' for all."""
    meta = record.raw_metadata
    by_lead = {str(label): float(rate) for label, rate in meta.get("exact_sampling_rates", {}).items()}
    groups = meta.get("multiplex_groups")
    interval_us = meta.get("rhythm_sample_interval_us")
    if groups:
        rhythm = [group["sampling_frequency"] for group in groups if group["samples"] == len(record.leads[0].samples)]
        by_lead[""] = float(rhythm[0] if rhythm else record.leads[0].sampling_rate)
    elif interval_us:
        by_lead[""] = 1e6 / float(interval_us)
    elif rate := meta.get("rhythm_time", {}).get("sampling_rate_exact"):
        # 0.002 s in binary is not quite a five-hundredth.
        by_lead[""] = round(float(rate), 6)
    return by_lead


def on_one_axis(rows: Sequence[Row], name: str) -> Float64Array:
    """Stack channels that may begin and end at different samples; what is not there is NaN.

    Returns float64, shape ``(n_channels, n_samples)``, in mV.
    """
    first = min(row.start for row in rows)
    length = max(row.start - first + row.values_mv.size for row in rows)
    if length > _MAX_SPREAD * max(row.values_mv.size for row in rows):
        raise RecordFormatError(
            f"{name} places its leads {length / rows[0].rate_hz:.0f} s apart.", "The file is damaged; export it again."
        )
    signal = np.full((len(rows), length), np.nan)
    for index, row in enumerate(rows):
        signal[index, row.start - first : row.start - first + row.values_mv.size] = row.values_mv
    return signal
