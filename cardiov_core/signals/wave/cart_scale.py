"""From the scale of the marks to the scale of the carts.

Networks and slopes were trained and tuned on LUDB, whose cardiologists marked the second earliest onset and the second
latest offset of twelve leads. Carts measure less: people compare with their numbers, and limits such as 120 ms are
meant for them. Each boundary is therefore moved by a constant. Constants keep what was measured well: the order of
records, and errors against the marks (docs/method/measurements.md, which has the bias before and after, names the
commands).
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from cardiov_core.domain import WaveBoundaries
from cardiov_core.signals.wave.delineation import Delineation

CARTS_MINUS_MARKS_MS: Mapping[str, float] = MappingProxyType(
    {"P onset": 6.0, "P offset": -8.0, "QRS onset": 6.0, "QRS offset": -10.0, "T offset": -4.0}
)
"""How far each boundary is moved, in ms.

QRS gets 16 ms shorter, QT 10 and P 14; PR stays. QRS and QT are what the carts' own numbers ask for; that a
limit of 120 ms then leaves 0.95 of the records without a block below it, and hardly a complete block, is what PTB-XL's
statements ask for.
"""

KNOWN_OFFSETS_MS: Mapping[str, float] = MappingProxyType(
    {
        **CARTS_MINUS_MARKS_MS,
        "QRS": CARTS_MINUS_MARKS_MS["QRS offset"] - CARTS_MINUS_MARKS_MS["QRS onset"],
        "PR": CARTS_MINUS_MARKS_MS["QRS onset"] - CARTS_MINUS_MARKS_MS["P onset"],
        "QT": CARTS_MINUS_MARKS_MS["T offset"] - CARTS_MINUS_MARKS_MS["QRS onset"],
        "P": CARTS_MINUS_MARKS_MS["P offset"] - CARTS_MINUS_MARKS_MS["P onset"],
    }
)
"""What the move adds to each boundary and interval, in ms: the known offset against the marks."""

_LEAST_LEFT = 0.5  # a wave keeps so much of its duration, however short it is


def to_carts_scale(delineation: Delineation) -> Delineation:
    """Move the boundaries over all leads from the scale of the marks to that of the carts.

    The boundaries of single leads stay on the scale of the marks: no number is taken from them.
    """
    return replace(
        delineation,
        p=_moved(delineation.p, "P onset", "P offset"),
        qrs=_moved(delineation.qrs, "QRS onset", "QRS offset"),
        t=_moved(delineation.t, "T onset", "T offset"),
    )


def _moved(wave: WaveBoundaries | None, onset: str, offset: str) -> WaveBoundaries | None:
    if wave is None:
        return None
    onset_ms, offset_ms = CARTS_MINUS_MARKS_MS.get(onset, 0.0), CARTS_MINUS_MARKS_MS[offset]
    share = min(1.0, (1.0 - _LEAST_LEFT) * wave.duration_ms / (onset_ms - offset_ms))
    return WaveBoundaries(wave.onset_s + share * onset_ms / 1000.0, wave.offset_s + share * offset_ms / 1000.0)
