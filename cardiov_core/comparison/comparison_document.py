"""The JSON object of a serial comparison."""

from cardiov_core.comparison.patient import IdentityCheck
from cardiov_core.comparison.serial import ComparedItem, SerialComparison
from cardiov_core.domain import Analysis, JsonObject, as_json_values

_DIGITS = 4


def comparison_to_dict(comparison: SerialComparison, identity: IdentityCheck) -> JsonObject:
    """Turn a serial comparison into JSON values.

    Parameters
    ----------
    comparison : SerialComparison
        Of two ECGs.
    identity : IdentityCheck
        What the two state of their patient.

    Returns
    -------
    dict
        Keys ``patient`` ({identity, reasons}), ``earlier`` and ``later`` ({id, recorded_at, level}), and ``items``: a
        list of {kind, code, lead, state, earlier, later, change, limit, why}, where ``why`` is {code, side, detail} or
        None. States are 'new', 'gone', 'changed', 'unchanged' and 'not compared'.
    """
    return {
        "patient": {"identity": identity.identity, "reasons": [*identity.reasons]},
        "earlier": _side(comparison.earlier),
        "later": _side(comparison.later),
        "items": [_item(item) for item in comparison.items],
    }


def _side(analysis: Analysis) -> JsonObject:
    record = analysis.record
    return {
        "id": record.record_id,
        "recorded_at": None if record.recorded_at is None else record.recorded_at.isoformat(),
        "level": None if analysis.level is None else int(analysis.level),
    }


def _item(item: ComparedItem) -> JsonObject:
    return {
        "kind": item.kind,
        "code": item.code,
        "lead": item.lead or None,
        "state": item.state,
        "earlier": _plain(item.earlier),
        "later": _plain(item.later),
        "change": _plain(item.change),
        "limit": _plain(item.limit),
        "why": None if item.why is None else as_json_values(item.why),
    }


def _plain(value: float | str | None) -> float | str | None:
    return round(value, _DIGITS) if isinstance(value, float) else value
