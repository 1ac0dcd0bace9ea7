"""What the command line prints: rows, tables and the findings of ``cardiov doctor``. Nothing here writes."""

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from cardiov_core.domain import Severity
from cardiov_core.errors import CardioVError

if TYPE_CHECKING:
    pass

_ROW = "{record:<24}  {level:<15}  {no:>5}  {low:>5}  {medium:>6}  {high:>5}  {quality}"

TABLE_HEAD = _ROW.format(
    record="RECORD", level="LEVEL", no="NO", low="LOW", medium="MEDIUM", high="HIGH", quality="QUALITY"
)
"""Head of the table that `table_row` fills: probabilities of the four levels and the verdict on the signal."""


def to_json(value: Any) -> str:
    """Return `value` as one line of JSON; NaN has no JSON and is refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def json_row(row: Mapping[str, Any]) -> str:
    """Return a record's row as one line of JSON."""
    return to_json(row)


def error_row(shown_as: str, error: CardioVError, mark: str = "") -> dict[str, Any]:
    """Return the row of a record that could not be analysed: ``record`` {id, path}, ``error`` {type, message, hint}."""
    stem = PurePath(shown_as).stem
    return {
        "record": {"id": f"{stem} ({mark})" if mark else stem, "path": shown_as},
        "error": {"type": type(error).__name__, "message": error.message, "hint": error.hint},
    }


def table_row(row: Mapping[str, Any]) -> str:
    """Return a record's row for people: one line, and one more for each thing to know about it."""
    record_id = str(row["record"]["id"])
    if "error" in row:
        error = row["error"]
        return f"{record_id:<24}  not analysed\n    {error['message']}\n    {error['hint']}"
    quality = str(row["quality"]["verdict"])
    risk = row.get("risk")
    if risk is None:
        cells = {"level": "withheld", "no": "-", "low": "-", "medium": "-", "high": "-"}
    else:
        shares = [f"{100 * share:.0f} %" for share in risk["probabilities"]]
        level = Severity(risk["level"])
        cells = {
            "level": f"{level.value} {level.title}",
            **dict(zip(("no", "low", "medium", "high"), shares, strict=True)),
        }
    lines = [_ROW.format(record=record_id, quality=quality, **cells)]
    lines += [f"    withheld: {reason}" for reason in (row.get("withheld") or {}).get("reasons", ())]
    lines += [f"    {warning}" for warning in row.get("warnings", ())]
    lines += _attention_lines(row)
    return "\n".join(lines)


def _attention_lines(row: Mapping[str, Any]) -> list[str]:
    explanation = row.get("explanation")
    if not explanation:
        return []
    if "stages" not in explanation:
        return _reason_lines(explanation)
    rate = float(row["record"]["sampling_rate_hz"])
    lines = [f"    looked most, for {explanation['target']}, at:"]
    for stage, attention in explanation["stages"].items():
        if stage in explanation["withheld"]:
            lines.append(f"      stage {stage}: {explanation['withheld'][stage]}")
            continue
        analysed = [(value, position) for position, value in enumerate(attention) if value is not None]
        peak, position = max(analysed, default=(0.0, 0))
        where = f"{position / rate:.2f} s" if peak > 0 else "nothing"
        lines.append(f"      stage {stage}: {where}")
    # A blend's other half.
    return [*lines, *(_reason_lines(explanation["measurements"]) if "measurements" in explanation else ())]


def _reason_lines(explanation: Mapping[str, Any]) -> list[str]:
    lines = [f"      {reason['contribution']:+.2f}  {reason['statement']}" for reason in explanation["reasons"]]
    return [f"    measured, for {explanation['target']}:", *(lines or ["      nothing weighs one per cent"])]
