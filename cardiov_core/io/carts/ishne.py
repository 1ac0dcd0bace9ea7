"""ISHNE: whether a file holds as many samples as its header announces."""

import struct
from dataclasses import replace
from pathlib import Path

from cardiov_core.io.carts.ecgdatakit_file import Parsed, parse_as

_PARSE = parse_as("ISHNE", ".ecg")
_SAMPLES_AT = 14


def parse_ishne(name: str, content: bytes, folder: Path) -> Parsed:
    """Parse an ISHNE file.

    The format announces samples per lead (Badilini 1998, 10.1111/j.1542-474X.1998.tb00353.x); some writers announce
    those of all leads together, or their bytes.
    """
    parsed = _PARSE(name, content, folder)
    announced = struct.unpack_from("<i", content, _SAMPLES_AT)[0] if len(content) >= _SAMPLES_AT + 4 else 0
    n_stored, n_leads = parsed.leads[0].samples.size, len(parsed.leads)
    if announced in {n_stored, n_stored * n_leads, 2 * n_stored, 2 * n_stored * n_leads}:
        return parsed
    rate_hz = parsed.leads[0].sampling_rate
    message = f"The file announces {announced} samples per lead and holds {n_stored} ({n_stored / rate_hz:.4g} s)"
    why = "it was cut short, or its writer counts in another way" if announced > n_stored else "its header is wrong"
    return replace(parsed, notes=(f"{message}: {why}.", *parsed.notes))
