"""The JSON object of a record: what ``cardiov analyze --json`` prints and the pages offer for download."""

import math
from typing import Any

import numpy as np

from cardiov_core.domain import Analysis, EcgRecord, Explanation, FloatArray, Prediction, Quality
from cardiov_core.weights import ModelCard

# Attention is relative, 0..1: a ten-thousandth is far below what can be seen.
_ATTENTION_DECIMALS = 4


def analysis_to_dict(
    analysis: Analysis, explanation: Explanation | None = None, *, card: ModelCard | None = None
) -> dict[str, Any]:
    """Turn an analysis into JSON values.

    Parameters
    ----------
    analysis : Analysis
        What was found.
    explanation : Explanation, optional
        Where the network looked.
    card : ModelCard, optional
        The grader that was asked; names it where the level is withheld.

    Returns
    -------
    dict
        Keys ``record``, ``risk`` (None where withheld, and then ``withheld`` with its reasons), ``quality``,
        ``warnings``, ``model``, and ``explanation`` where one is given. No NaN: None instead.
    """
    prediction = analysis.prediction
    document: dict[str, Any] = {"record": _record(analysis.record), "risk": None}
    if prediction is None:
        document["withheld"] = {"reasons": list(analysis.withheld)}
    else:
        document["risk"] = _risk(prediction)
    warnings = list(analysis.warnings)
    document |= {"quality": _quality(analysis.quality), "warnings": warnings, "model": _model(prediction, card)}
    if explanation is not None:
        document["explanation"] = _explanation(explanation)
        if prediction is not None and prediction.out_of_fold:
            warnings.append(
                "The attention is that of the shipped network, which this record trained; the level is not its own."
            )
    return document


def _record(record: EcgRecord) -> dict[str, Any]:
    return {
        "id": record.record_id,
        "path": record.provenance.path,
        "format": record.provenance.format,
        "sampling_rate_hz": _number(record.sampling_rate),
        "duration_s": _number(record.duration_s),
        "leads": list(record.leads),
        "age": _number(record.age),
        "sex": record.sex,
        "recorded_at": None if record.recorded_at is None else record.recorded_at.isoformat(),
        "derived_leads": list(record.derived_leads),
    }


def _risk(prediction: Prediction) -> dict[str, Any]:
    return {
        "level": int(prediction.severity),
        "name": prediction.severity.title,
        "probabilities": list(prediction.probabilities),
        "exceedance": list(prediction.exceedance),
        "rank_violation": prediction.rank_violation,
        "out_of_fold": prediction.out_of_fold,
    }


def _quality(quality: Quality) -> dict[str, Any]:
    return {
        "verdict": str(quality.verdict),
        "leads": {item.lead: {"verdict": str(item.verdict), "reasons": list(item.reasons)} for item in quality.leads},
        "reasons": list(quality.reasons),
        "suggested_gain_factor": _number(quality.suggested_gain_factor),
    }


def _model(prediction: Prediction | None, card: ModelCard | None) -> dict[str, str] | None:
    if prediction is not None:
        return {"name": prediction.model_name, "sha256": prediction.model_sha256}
    return None if card is None else {"name": card.name, "sha256": card.sha256}


def _explanation(explanation: Explanation) -> dict[str, Any]:
    return {
        "model": explanation.model_name,
        "target": explanation.target,
        "stages": {str(stage): _attention(values) for stage, values in explanation.stages.items()},
    }


def _attention(values: FloatArray) -> list[float | None]:
    rounded = np.round(values.astype(np.float64), _ATTENTION_DECIMALS).tolist()
    return [None if math.isnan(value) else value for value in rounded]


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
