"""The rhythm of an ECG in one line."""

from cardiov_core.domain import Analysis


def rhythm_words(analysis: Analysis) -> str:
    """Return the rhythm in one line; empty where none was read."""
    rhythm = analysis.rhythm
    if rhythm is None:
        return ""
    return rhythm.text if rhythm.code is not None else f"Rhythm {rhythm.text}"
