"""The JSON object of a record: what ``cardiov analyze --json`` prints and the pages offer for download."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import lru_cache
from typing import SupportsFloat

import numpy as np
from pydantic import JsonValue

from cardiov_core.domain import (
    Analysis,
    BeatBoundaries,
    Contributions,
    CriticalResult,
    EcgRecord,
    Explanation,
    Finding,
    FloatArray,
    JsonObject,
    LikelyStatement,
    MachineReading,
    Measurements,
    MedianBeat,
    OperatingFigures,
    Panel,
    Prediction,
    Quality,
    Reason,
    ReasonCode,
    RhythmLine,
    WaveBoundaries,
    as_json_values,
    first_of,
    texts,
)
from cardiov_core.weights import ModelCard

# Attention is relative, 0..1: a ten-thousandth is far below what can be seen.
_ATTENTION_DECIMALS = 4
_ATTENTION_OF = "attention is that of the shipped network"
# A tenth of a millisecond, of a degree, of a beat; a tenth of a microvolt: finer than any boundary can be placed.
_DECIMALS = {"bpm": 1, "ms": 1, "deg": 1, "mv": 4, "s": 4}


def analysis_to_dict(
    analysis: Analysis, explanation: Explanation | Contributions | None = None, *, card: ModelCard | None = None
) -> JsonObject:
    """Turn an analysis into JSON values.

    Parameters
    ----------
    analysis : Analysis
        What was found.
    explanation : Explanation or Contributions, optional
        Where the network looked, or what the measurements speak for.
    card : ModelCard, optional
        The grader that was asked; names it where the level is withheld.

    Returns
    -------
    dict
        Keys ``record``, ``risk`` (None where withheld, and then ``withheld`` with its reasons), ``quality``,
        ``measurements`` (None only where the record cannot be measured at all), ``machine`` (what the cart itself
        measured and stated, None where the file holds nothing of it), ``rhythm`` (in one line), ``findings``,
        ``statements`` (which ECG statements are likely, the most probable first: code, description, level, probability
        and out_of_fold),
        ``warnings``, ``model``,
        ``other_graders`` (a list of {name, level, name_of_level, probabilities}: what the graders say that were asked
        beside the one on show), ``graders_disagree`` (whether any two of all differ by a level or more; None where
        fewer than two gave one), and ``explanation`` where one is given. No NaN: None instead.
    """
    prediction = analysis.prediction
    document: JsonObject = {"record": _record(analysis.record), "risk": None}
    if prediction is None:
        document["withheld"] = _reasons(analysis.withheld)
    else:
        document["risk"] = _risk(analysis, prediction)
    warnings = warnings_of(analysis, explanation)
    document |= {
        "quality": _quality(analysis.quality),
        "measurements": None if analysis.measurements is None else measurements_to_dict(analysis.measurements),
        "machine": None if analysis.record.machine is None else machine_to_dict(analysis.record.machine),
        "critical": _critical(analysis.critical),
        "rhythm": None if analysis.rhythm is None else rhythm_to_dict(analysis.rhythm),
        "findings": [finding_to_dict(finding) for finding in analysis.findings],
        "statements": [_statement(statement) for statement in analysis.statements],
        "warnings": list(texts(warnings)),
        "warning_codes": [warning.code.value for warning in warnings],
        "model": _model(prediction, card),
        **_panel(analysis.panel, prediction),
    }
    if explanation is not None:
        document["explanation"] = _explanation(explanation)
    return document


def warnings_of(analysis: Analysis, explanation: Explanation | Contributions | None = None) -> tuple[Reason, ...]:
    """Return the warnings of an analysis, and that its explanation is of other weights than its level where it is."""
    if explanation is None or analysis.prediction is None or not analysis.prediction.out_of_fold:
        return analysis.warnings
    return (*analysis.warnings, _explained_by_shipped(explanation))


def machine_to_dict(machine: MachineReading) -> JsonObject:
    """Turn the machine's own reading into JSON values.

    Returns keys ``source``, ``measurements`` (named as ours where they are the same thing), ``statements``,
    ``confirmed_statements`` and ``severity``.
    """
    return {
        "source": machine.source,
        "measurements": {name: _number(value) for name, value in machine.measurements.items()},
        "statements": list(machine.statements),
        "confirmed_statements": list(machine.confirmed_statements),
        "severity": machine.severity,
    }


def measurements_to_dict(measurements: Measurements) -> JsonObject:
    """Turn measurements into JSON values.

    Parameters
    ----------
    measurements : Measurements
        Of one record.

    Returns
    -------
    dict
        The fields of :class:`~cardiov_core.domain.Measurements` by name: a number or None, reasons under
        ``not_measurable``, numbers per lead as objects; ``boundaries`` of the median beat (``p``, ``qrs``, ``t``:
        {onset_ms, offset_ms} from the R peak, or None) and ``beats`` (``r_s``, ``dominant`` and each wave's
        {onset_s, offset_s} in seconds of the record). No NaN: None instead.
    """
    document = {
        item.name: _plain(item.name, getattr(measurements, item.name))
        for item in fields(measurements)
        if item.name not in {"beats", "median_beat"}
    }
    return {
        **document,
        "boundaries": None if measurements.median_beat is None else _median_boundaries(measurements.median_beat),
        "beats": [_beat(beat) for beat in measurements.beats],
    }


def finding_to_dict(finding: Finding) -> JsonObject:
    """Turn a finding into JSON values.

    Returns its fields by name; ``beats`` are indices into the beats of the measurements, ``j_mv`` the levels of the J
    point per lead, ``figures`` how it did on labelled records ({source, n_with, n_without, sensitivity, specificity,
    words}, or None).
    """
    figures = finding.figures
    return {
        "code": finding.code,
        "title": finding.title,
        "state": finding.state,
        "reason": finding.reason,
        "measured": {name: _plain(name, value) for name, value in finding.measured.items()},
        "critical": finding.critical,
        "group": finding.group,
        "limit": finding.limit,
        "source": finding.source,
        "confidence": _plain("confidence", finding.confidence),
        "against": list(finding.against),
        "leads": list(finding.leads),
        "beats": list(finding.beats),
        "j_mv": _plain("j_mv", finding.j_mv),
        "shown": finding.shown,
        "figures": None if figures is None else {**_figures_to_dict(figures)},
    }


@lru_cache(maxsize=128)
def _figures_to_dict(figures: OperatingFigures) -> JsonObject:
    """Return what a table holds of a finding: the same for every record."""
    return {**{item.name: getattr(figures, item.name) for item in fields(figures)}, "words": figures.words}


def rhythm_to_dict(rhythm: RhythmLine) -> JsonObject:
    """Turn the rhythm into JSON values: ``text``, ``code``, ``rate_bpm``, ``reason``."""
    return {
        "text": rhythm.text,
        "code": rhythm.code,
        "rate_bpm": _plain("rate_bpm", rhythm.rate_bpm),
        "reason": rhythm.reason,
    }


def _plain(name: str, value: object) -> JsonValue:
    """Bring a field to JSON; its unit, the end of its name, says how many decimals mean something."""
    if isinstance(value, float):  # most are, and what follows is slow to ask
        return _rounded(name, value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(name, item) for key, item in value.items()}
    if isinstance(value, tuple | list | np.ndarray):
        return [_plain(name, item) for item in value]
    if not isinstance(value, SupportsFloat):
        raise TypeError(f"{name} is {value!r}: no JSON value")
    return _rounded(name, float(value))


def _rounded(name: str, value: float) -> float | None:
    number = _number(value)
    return None if number is None else round(number, _DECIMALS.get(name.rpartition("_")[2], 4))


def _median_boundaries(beat: MedianBeat) -> JsonObject:
    def relative(wave: WaveBoundaries | None) -> JsonObject | None:
        if wave is None:
            return None
        return {"onset_ms": round(1000.0 * wave.onset_s, 1), "offset_ms": round(1000.0 * wave.offset_s, 1)}

    return {"p": relative(beat.p), "qrs": relative(beat.qrs), "t": relative(beat.t)}


def _beat(beat: BeatBoundaries) -> JsonObject:
    waves: JsonObject = {
        name: None if wave is None else {"onset_s": round(wave.onset_s, 4), "offset_s": round(wave.offset_s, 4)}
        for name, wave in (("p", beat.p), ("qrs", beat.qrs), ("t", beat.t))
    }
    return {"r_s": round(beat.r_s, 4), "dominant": beat.dominant, **waves}


def _record(record: EcgRecord) -> JsonObject:
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


def _critical(results: Sequence[CriticalResult]) -> list[JsonValue]:
    return [
        {
            "rule_set": result.rule_set,
            "rule": result.rule.code,
            "title": result.rule.title,
            "finding": result.finding,
            "measured": {name: _plain(name, value) for name, value in result.measured.items()},
            "addressee": result.rule.addressee,
            "within_minutes": result.rule.within_minutes,
            "source": result.rule.source,
        }
        for result in results
    ]


def _risk(analysis: Analysis, prediction: Prediction) -> JsonObject:
    level = prediction.severity if analysis.level is None else analysis.level
    risk: JsonObject = {
        "level": int(level),
        "name": level.title,
        "graded_level": int(prediction.severity),
        "raised_by": [result.rule.code for result in analysis.critical] if analysis.raised else [],
        "most_probable_level": int(prediction.most_probable),
        "raised_from": None if prediction.raised_from is None else int(prediction.raised_from),
        "probabilities": list(prediction.probabilities),
        "exceedance": list(prediction.exceedance),
        "rank_violation": prediction.rank_violation,
        "decided_by": prediction.decided_by,
        "doubt": prediction.doubt,
        "unsure": first_of(prediction.notes, {ReasonCode.UNSURE}) is not None,
        "out_of_fold": prediction.out_of_fold,
    }
    if prediction.prediction_set is not None:
        risk["prediction_set"] = [int(level) for level in prediction.prediction_set]
    if prediction.scope is not None:
        risk["scope"] = {**as_json_values(prediction.scope), "outside": prediction.scope.outside}
    return risk


def _statement(statement: LikelyStatement) -> JsonObject:
    return {
        "code": statement.code,
        "description": statement.description,
        "level": int(statement.level),
        "probability": statement.probability,
        "out_of_fold": statement.out_of_fold,
    }


def _quality(quality: Quality) -> JsonObject:
    return {
        "verdict": str(quality.verdict),
        "leads": {
            item.lead: {
                "verdict": str(item.verdict),
                **_reasons(item.reasons),
                "measured": {name: _plain(name, value) for name, value in item.measured.items()},
            }
            for item in quality.leads
        },
        **_reasons(quality.reasons),
        "suggested_gain_factor": _number(quality.suggested_gain_factor),
    }


def _reasons(reasons: Iterable[Reason]) -> JsonObject:
    """Return sentences for people and, in the same order, codes for programs."""
    listed = [*reasons]
    return {"reasons": [*texts(listed)], "reason_codes": [reason.code.value for reason in listed]}


def _explained_by_shipped(explanation: Explanation | Contributions) -> Reason:
    what = "reasons are those of the shipped forest" if isinstance(explanation, Contributions) else _ATTENTION_OF
    text = f"The {what}, which this record trained; the level is not its own."
    return Reason(ReasonCode.EXPLAINED_BY_SHIPPED, text)


def _panel(panel: Panel | None, shown: Prediction | None) -> JsonObject:
    predictions = () if panel is None else panel.predictions
    return {
        "other_graders": [
            {
                "name": other.model_name,
                "level": int(other.severity),
                "name_of_level": other.severity.title,
                "probabilities": list(other.probabilities),
            }
            for other in predictions
            if shown is None or other.model_name != shown.model_name
        ],
        "graders_disagree": panel.gap > 0 if panel is not None and len(predictions) > 1 else None,
    }


def _model(prediction: Prediction | None, card: ModelCard | None) -> JsonObject | None:
    if prediction is not None:
        return {"name": prediction.model_name, "sha256": prediction.model_sha256}
    return None if card is None else {"name": card.name, "sha256": card.sha256}


def _explanation(explanation: Explanation | Contributions) -> JsonObject:
    if isinstance(explanation, Contributions):
        return {
            "model": explanation.model_name,
            "target": explanation.target,
            "base": explanation.base,
            "reasons": [asdict(reason) for reason in explanation.reasons],
        }
    document: JsonObject = {
        "model": explanation.model_name,
        "target": explanation.target,
        "stages": {
            str(stage): [None] * len(values) if stage in explanation.withheld else _attention(values)
            for stage, values in explanation.stages.items()
        },
        "withheld": {str(stage): reason for stage, reason in explanation.withheld.items()},
        "leads": None if explanation.leads is None else {lead: _number(x) for lead, x in explanation.leads.items()},
        "leads_withheld": explanation.leads_withheld or None,
    }
    if explanation.reasons is not None:
        # A blend's other half: each half is told with the grader that it belongs to.
        document["measurements"] = _explanation(explanation.reasons)
    return document


def _attention(values: FloatArray) -> list[JsonValue]:
    rounded = np.round(values.astype(np.float64), _ATTENTION_DECIMALS).tolist()
    return [None if math.isnan(value) else value for value in rounded]


def _number(value: SupportsFloat | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
