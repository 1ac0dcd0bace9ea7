"""A record, or the reason why there is none, as bytes between two processes: JSON and samples, never pickle.

What a hostile file did to the process that read it must not be able to run code in the one that asked.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, TypedDict

import numpy as np

from cardiov_core import errors
from cardiov_core.domain import EcgRecord, MachineReading, Provenance
from cardiov_core.errors import CardioVError, RecordFormatError

_LENGTH_BYTES = 8


def pack_record(record: EcgRecord) -> bytes:
    """Return a record as bytes."""
    fields = asdict(replace(record, signal=np.zeros((len(record.leads), 0), np.float32)))
    del fields["signal"]
    fields["recorded_at"] = None if record.recorded_at is None else record.recorded_at.isoformat()
    return _packed({"record": fields}, record.signal.astype("<f4").tobytes())


def pack_error(error: CardioVError) -> bytes:
    """Return an error as bytes."""
    fields = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
    return _packed({"error": {**fields, "fields": getattr(error, "fields", None)}})


def unpack(answer: bytes) -> EcgRecord | CardioVError:
    """Return what `pack_record` or `pack_error` packed."""
    length = int.from_bytes(answer[:_LENGTH_BYTES], "big")
    fields = json.loads(answer[_LENGTH_BYTES : _LENGTH_BYTES + length])
    if "error" in fields:
        return _error(fields["error"])
    return _record(fields["record"], answer[_LENGTH_BYTES + length :])


def _packed(fields: Mapping[str, object], samples: bytes = b"") -> bytes:
    text = json.dumps(fields).encode()
    return len(text).to_bytes(_LENGTH_BYTES, "big") + text + samples


class _ErrorFields(TypedDict):
    kind: str
    message: str
    hint: str
    fields: list[str] | None


def _error(fields: _ErrorFields) -> CardioVError:
    kind = getattr(errors, fields["kind"], None)
    if not (isinstance(kind, type) and issubclass(kind, CardioVError)):
        kind = RecordFormatError
    if fields["fields"] is not None:
        return errors.MissingMetadataError(fields["message"], fields["hint"], tuple(fields["fields"]))
    return kind(fields["message"], fields["hint"])


# Any: JSON, whose fields become those of frozen dataclasses, which keep no check of types of their own.
def _record(fields: dict[str, Any], samples: bytes) -> EcgRecord:
    leads = tuple(fields.pop("leads"))
    signal = np.frombuffer(samples, "<f4").astype(np.float32).reshape(len(leads), -1)
    provenance, machine, recorded_at = fields.pop("provenance"), fields.pop("machine"), fields.pop("recorded_at")
    return EcgRecord(
        signal=signal,
        leads=leads,
        provenance=Provenance(**_tuples(provenance)),
        machine=None if machine is None else MachineReading(**_tuples(machine)),
        recorded_at=None if recorded_at is None else datetime.fromisoformat(recorded_at),
        **_tuples(fields),
    )


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
