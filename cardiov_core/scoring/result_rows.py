"""The row of a record in a table of results: its columns, and how an analysis or an error fills them."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cardiov_core.domain import Analysis, ReasonCode, first_of
from cardiov_core.errors import CardioVError
from cardiov_core.scoring.entries import Entry
from cardiov_core.weights import ModelCard

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, object]
"""A value per column of `COLUMNS`, as Parquet gives and takes it."""

RISK_COLUMNS = (
    "level", "graded_level", "p_no", "p_low", "p_medium", "p_high", "p_above_no", "p_above_low", "p_above_medium",
    "prediction_set",
)  # fmt: skip
"""The columns that say how urgent a record is."""

_MEASURED = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms", "qrs_axis_deg")

_TYPES: Mapping[str, str] = {
    "record": "string", "record_id": "string", "start_s": "double", "level": "int8", "graded_level": "int8",
    **dict.fromkeys(RISK_COLUMNS[2:9], "double"), "prediction_set": "list<int8>",
    "unsure": "bool", "unlike_training": "bool", "out_of_fold": "bool",
    "withheld": "list<string>", "quality": "string", "rhythm": "string",
    **dict.fromkeys(_MEASURED, "double"), "findings": "list<string>", "critical": "list<string>",
    "warnings": "list<string>",
    "graders_disagree": "bool", "other_graders": "list<string>", "other_levels": "list<int8>",
    "age_years": "double", "sex": "string", "recorded_at": "string", "sampling_rate_hz": "double",
    "duration_s": "double", "format": "string", "model": "string", "model_sha256": "string",
    "error_code": "string", "error_message": "string", "error_hint": "string",
}  # fmt: skip

COLUMNS = tuple(_TYPES)
"""All columns, in the order of the table; docs/use/score.md says what each holds."""


def schema_of_rows() -> "pa.Schema":
    """Return names and types of the columns."""
    import pyarrow as pa

    lists = {"list<string>": pa.list_(pa.string()), "list<int8>": pa.list_(pa.int8())}
    return pa.schema([(name, lists.get(kind) or pa.type_for_alias(kind)) for name, kind in _TYPES.items()])


def analysed_row(entry: Entry, analysis: Analysis, card: ModelCard) -> Row:
    """Return the row of a record that was analysed.

    `entry`: the line of the plan; the file's own name counts where that has none. Returns one value per column of
    `COLUMNS`; None where there is nothing to say.
    """
    ecg, prediction, measured = analysis.record, analysis.prediction, analysis.measurements
    others = [
        one for one in (analysis.panel.predictions if analysis.panel is not None else ()) if one.model_name != card.name
    ]
    return {
        **dict.fromkeys(COLUMNS),
        "record": entry.place.shown_as,
        "record_id": entry.record_id or ecg.record_id,
        "start_s": entry.start_s,
        **_risk(analysis),
        "withheld": [reason.code.value for reason in analysis.withheld],
        "quality": str(analysis.quality.verdict),
        "rhythm": None if analysis.rhythm is None else analysis.rhythm.code,
        **({name: getattr(measured, name) for name in _MEASURED} if measured is not None else {}),
        "findings": [finding.code for finding in analysis.findings if finding.state == "present"],
        "critical": [result.rule.code for result in analysis.critical],
        "warnings": [warning.code.value for warning in analysis.warnings],
        "graders_disagree": analysis.panel is not None and analysis.panel.gap > 0
        if others and prediction is not None
        else None,
        "other_graders": [one.model_name for one in others],
        "other_levels": [int(one.severity) for one in others],
        "age_years": ecg.age if ecg.age is not None and math.isfinite(ecg.age) else None,
        "sex": ecg.sex,
        "recorded_at": None if ecg.recorded_at is None else ecg.recorded_at.isoformat(),
        "sampling_rate_hz": float(ecg.sampling_rate),
        "duration_s": float(ecg.duration_s),
        "format": ecg.provenance.format,
        **_model(card),
    }


def error_row(entry: Entry, error: CardioVError, card: ModelCard) -> Row:
    """Return the row of a record that could not be read or analysed.

    `card`: of the grader that would have graded it.
    """
    return {
        **dict.fromkeys(COLUMNS),
        "record": entry.place.shown_as,
        "record_id": entry.record_id or None,
        "start_s": entry.start_s,
        **_model(card),
        "error_code": error.code,
        "error_message": error.message,
        "error_hint": error.hint,
    }


def _risk(analysis: Analysis) -> Row:
    prediction = analysis.prediction
    if prediction is None:
        return {}
    chosen = prediction.prediction_set
    return {
        "level": None if analysis.level is None else int(analysis.level),
        "graded_level": int(prediction.severity),
        **dict(zip(("p_no", "p_low", "p_medium", "p_high"), prediction.probabilities, strict=True)),
        **dict(zip(("p_above_no", "p_above_low", "p_above_medium"), prediction.exceedance, strict=True)),
        "prediction_set": None if chosen is None else [int(level) for level in chosen],
        "unsure": first_of(analysis.warnings, {ReasonCode.UNSURE}) is not None,
        "unlike_training": None if prediction.scope is None else prediction.scope.outside,
        "out_of_fold": prediction.out_of_fold,
    }


def _model(card: ModelCard) -> Row:
    return {"model": card.name, "model_sha256": card.sha256}
