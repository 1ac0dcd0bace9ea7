"""What the command line prints: rows, tables and the findings of ``cardiov doctor``. Nothing here writes."""

import json
from pathlib import PurePath
from typing import TYPE_CHECKING

from cardiov_core.errors import CardioVError

if TYPE_CHECKING:
    from cardiov_core.domain import Analysis, Contributions, Explanation, FloatArray, JsonObject

_ROW = "{record:<24}  {level:<15}  {no:>5}  {low:>5}  {medium:>6}  {high:>5}  {quality}"

TABLE_HEAD = _ROW.format(
    record="RECORD", level="LEVEL", no="NO", low="LOW", medium="MEDIUM", high="HIGH", quality="QUALITY"
)
"""Head of the table that `table_row` fills: probabilities of the four levels and the verdict on the signal."""


def to_json(value: object) -> str:
    """Return `value` as one line of JSON; NaN has no JSON and is refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def error_row(shown_as: str, error: CardioVError, mark: str = "") -> "JsonObject":
    """Return the row of a record that could not be analysed: ``record`` {id, path}, ``error`` {type, message, hint}."""
    return {
        "record": {"id": _name(shown_as, mark), "path": shown_as},
        "error": {"type": type(error).__name__, "message": error.message, "hint": error.hint},
    }


def error_json(shown_as: str, error: CardioVError, mark: str = "") -> str:
    """Return the same as one line of JSON."""
    return to_json(error_row(shown_as, error, mark))


def error_lines(shown_as: str, error: CardioVError, mark: str = "", *, what: str = "not analysed") -> str:
    """Return the same for people: the record and what was not done with it, the message and the hint."""
    return f"{_name(shown_as, mark):<24}  {what}\n    {error.message}\n    {error.hint}"


def _name(shown_as: str, mark: str) -> str:
    stem = PurePath(shown_as).stem
    return f"{stem} ({mark})" if mark else stem


def table_row(analysis: "Analysis", explanation: "Explanation | Contributions | None" = None) -> str:
    """Return a record's row for people: one line, and one more for each thing to know about it."""
    from cardiov_core.domain import Contributions, texts
    from cardiov_core.inference import warnings_of

    prediction = analysis.prediction
    if prediction is None:
        cells = {"level": "withheld", "no": "-", "low": "-", "medium": "-", "high": "-"}
        withheld = texts(analysis.withheld)
    else:
        shares = [f"{100 * share:.0f} %" for share in prediction.probabilities]
        level = prediction.severity if analysis.level is None else analysis.level
        cells = {
            "level": f"{level.value} {level.title}",
            **dict(zip(("no", "low", "medium", "high"), shares, strict=True)),
        }
        withheld = ()
    lines = [_ROW.format(record=analysis.record.record_id, quality=str(analysis.quality.verdict), **cells)]
    lines += [f"    withheld: {reason}" for reason in withheld]
    lines += [f"    {warning}" for warning in texts(warnings_of(analysis, explanation))]
    if isinstance(explanation, Contributions):
        lines += _reason_lines(explanation)
    elif explanation is not None:
        lines += _attention_lines(explanation, analysis.record.sampling_rate)
    return "\n".join(lines)


def _attention_lines(explanation: "Explanation", sampling_rate_hz: float) -> list[str]:
    lines = [f"    looked most, for {explanation.target}, at:"]
    for stage, attention in explanation.stages.items():
        where = explanation.withheld.get(stage) or _peak(attention, sampling_rate_hz)
        lines.append(f"      stage {stage}: {where}")
    # A blend's other half.
    return [*lines, *([] if explanation.reasons is None else _reason_lines(explanation.reasons))]


def _peak(attention: "FloatArray", sampling_rate_hz: float) -> str:
    """Return where the attention, as JSON rounds it, is highest: the last place of several."""
    import numpy as np

    rounded = np.nan_to_num(np.round(attention.astype(np.float64), 4))
    position = rounded.size - 1 - int(np.argmax(rounded[::-1])) if rounded.size else 0
    return f"{position / sampling_rate_hz:.2f} s" if rounded.max(initial=0.0) > 0 else "nothing"


def _reason_lines(explanation: "Contributions") -> list[str]:
    lines = [f"      {reason.contribution:+.2f}  {reason.statement}" for reason in explanation.reasons]
    return [f"    measured, for {explanation.target}:", *(lines or ["      nothing weighs one per cent"])]
