"""What a file without a header may need to be asked for: its sampling rate and its units."""

from collections.abc import Container

import streamlit as st

_UNITS = ("mV", "uV", "nV", "V")
_RATE_LIMITS_HZ = (80.0, 2000.0)


def ask_reading(missing: Container[str], *, rate_key: str, units_key: str) -> tuple[float | None, str | None, bool]:
    """Ask for what files do not state; return rate in Hz, unit and whether all that was asked is answered."""
    rate: float | None = None
    units: str | None = None
    if "sampling_rate" in missing:
        rate = st.number_input(
            "Sampling rate in Hz",
            min_value=_RATE_LIMITS_HZ[0],
            max_value=_RATE_LIMITS_HZ[1],
            value=None,
            key=rate_key,
            placeholder="500",
            width=200,
        )
    if "units" in missing:
        units = st.selectbox("Units of the samples", _UNITS, index=None, key=units_key, width=200)
    complete = ("sampling_rate" not in missing or bool(rate)) and ("units" not in missing or bool(units))
    return rate, units, complete
