"""Onset and offset of P, QRS and T on the paper: light bands, distinguished by letter and edge as well as by colour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import plotly.graph_objects as go

from cardiov_core.domain import Measurements, WaveBoundaries

Wave = Literal["P", "QRS", "T"]

_FILL_OPACITY = 0.11
_OTHER_SHAPE = "\u2032"


@dataclass(frozen=True)
class WaveStyle:
    """How the band of one wave is drawn."""

    # Its edge, for the drawing and in words.
    dash: Literal["2px,2px", "solid", "6px,3px"]
    edge: str
    # One colour a theme, dark enough or light enough for thin lines.
    light: str
    dark: str
    # How far below the upper edge its letter stands: in two lines, since the letters of P and QRS would touch in one.
    letter_mm: float


WAVE_STYLES: Mapping[Wave, WaveStyle] = MappingProxyType(
    {
        "P": WaveStyle("2px,2px", "dotted", "#00735A", "#35C79B", 2.0),
        "QRS": WaveStyle("solid", "solid", "#8A3F6E", "#E09CC4", 4.2),
        "T": WaveStyle("6px,3px", "dashed", "#8A5A00", "#F0B73E", 2.0),
    }
)
"""Green, purple and ochre: three hues that colour-blind readers keep apart, none of them a level's colour."""


@dataclass(frozen=True)
class Span:
    """One wave."""

    wave: Wave
    # Onset and offset: in s from the window's start on the trace, in mm from the left edge on a median beat.
    start: float
    end: float
    dominant: bool = True  # False for a beat of another shape than the median beat

    @property
    def letters(self) -> str:
        """The wave's name, with a prime for a beat of another shape."""
        return self.wave + ("" if self.dominant else _OTHER_SHAPE)


def record_spans(measurements: Measurements, start_s: float, shown_s: float) -> list[Span]:
    """Return the waves of all beats in s from the window's start, cut at its edges.

    A beat without QRS boundaries, such as a premature one, gets a span of no width at its R peak: no beat goes unseen.
    """
    spans = []
    for beat in measurements.beats:
        waves: tuple[tuple[Wave, WaveBoundaries | None], ...] = (("P", beat.p), ("QRS", beat.qrs), ("T", beat.t))
        for wave, boundaries in waves:
            if boundaries is None:
                continue
            onset_s = max(0.0, boundaries.onset_s - start_s)
            offset_s = min(shown_s, boundaries.offset_s - start_s)
            if onset_s < offset_s:
                spans.append(Span(wave, onset_s, offset_s, beat.dominant))
        if beat.qrs is None and 0 <= beat.r_s - start_s <= shown_s:
            spans.append(Span("QRS", beat.r_s - start_s, beat.r_s - start_s, beat.dominant))
    return spans


def record_spikes(measurements: Measurements, start_s: float, shown_s: float) -> list[float]:
    """Return the pacemaker spikes in s from the window's start."""
    return [time_s - start_s for time_s in measurements.pacing_spikes_s if 0 <= time_s - start_s <= shown_s]


def band_traces(spans: Sequence[Span], height_mm: float, *, dark: bool) -> list[go.Scatter]:
    """Draw spans over the whole height, one trace per wave, with a letter above each."""
    traces = [
        _band(wave, [span for span in spans if span.wave == wave], height_mm, dark=dark)
        for wave in WAVE_STYLES
        if any(span.wave == wave for span in spans)
    ]
    if spans:
        traces.append(_letters(spans, height_mm, dark=dark))
    return traces


def boundaries_caption(measurements: Measurements) -> str:
    """Say what the bands are, what was not found, and that they belong to all leads alike.

    Parameters
    ----------
    measurements : Measurements
        As drawn.
    """
    beats = measurements.beats
    if not beats:
        return "No beat was measured: there are no boundaries to draw."
    edges = ", ".join(f"{wave} {style.edge}" for wave, style in WAVE_STYLES.items())
    sentences = [
        f"Onset to offset of each wave, measured over all leads together and drawn the same in each (edges: {edges})."
    ]
    if not all(beat.dominant for beat in beats):
        sentences.append(f"{_OTHER_SHAPE} marks beats of another shape than the median beat.")
    alike = [beat for beat in beats if beat.dominant]
    missing = [
        f"{wave} in {count} of {len(alike)} beats"
        for wave, count in (
            ("P", sum(beat.p is None for beat in alike)),
            ("QRS", sum(beat.qrs is None for beat in alike)),
            ("T", sum(beat.t is None for beat in alike)),
        )
        if count
    ]
    if any(beat.qrs is None for beat in beats):
        sentences.append("A single line stands at the R peak of a beat whose QRS has no boundaries.")
    if missing:
        sentences.append(f"Not found: {', '.join(missing)}.")
    if measurements.pacing_spikes_s:
        sentences.append("Triangles at the lower edge: pacing spikes.")
    return " ".join(sentences)


def _band(wave: Wave, spans: Iterable[Span], height_mm: float, *, dark: bool) -> go.Scatter:
    style = WAVE_STYLES[wave]
    colour = style.dark if dark else style.light
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    x: list[float | None] = []
    y: list[float | None] = []
    for span in spans:
        x += [span.start, span.start, span.end, span.end, None]
        y += [0.0, height_mm, height_mm, 0.0, None]
    return go.Scatter(
        {
            "x": x,
            "y": y,
            "name": f"{wave} wave" if wave != "QRS" else "QRS complex",
            "mode": "lines",
            "line": {"color": colour, "width": 0.9, "dash": style.dash},
            "fill": "toself",
            "fillcolor": f"rgba({red}, {green}, {blue}, {_FILL_OPACITY})",
            "connectgaps": False,
            "hoverinfo": "skip",
        }
    )


def _letters(spans: Sequence[Span], height_mm: float, *, dark: bool) -> go.Scatter:
    return go.Scatter(
        {
            "x": [(span.start + span.end) / 2 for span in spans],
            "y": [height_mm - WAVE_STYLES[span.wave].letter_mm for span in spans],
            "text": [span.letters for span in spans],
            "name": "names of the waves",
            "mode": "text",
            "textfont": {
                "size": 10,
                "color": [WAVE_STYLES[span.wave].dark if dark else WAVE_STYLES[span.wave].light for span in spans],
            },
            "hoverinfo": "skip",
        }
    )
