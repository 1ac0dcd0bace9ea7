"""The parts of a FHIR bundle that other documents are made of, as types: what `reporting.fhir_report` writes."""

from typing import TypedDict, cast

from cardiov_core.domain import JsonObject


class Coding(TypedDict, total=False):
    """A code of a system."""

    system: str
    code: str
    display: str


class Concept(TypedDict, total=False):
    """What something is, in codes and in words."""

    coding: list[Coding]
    text: str


class Quantity(TypedDict):
    """A number with its unit."""

    value: float
    code: str


class Noted(TypedDict):
    """A note."""

    text: str


class Named(TypedDict):
    """An identifier."""

    value: str


class Reference(TypedDict):
    """The full URL of another resource."""

    reference: str


class Value(TypedDict, total=False):
    """What an Observation or one of its components is about, and its value in one of four kinds."""

    code: Concept
    valueInteger: int
    valueQuantity: Quantity
    valueBoolean: bool
    valueCodeableConcept: Concept


class Resource(Value, total=False):
    """An Observation or a DiagnosticReport."""

    resourceType: str
    id: str
    status: str
    issued: str
    effectiveDateTime: str
    conclusion: str
    identifier: list[Named]
    result: list[Reference]
    component: list[Value]
    note: list[Noted]
    interpretation: list[Concept]
    dataAbsentReason: Concept


def resources_of(bundle: JsonObject) -> dict[str, Resource]:
    """Return the resources of a report's bundle by their full URL."""
    entries = cast("list[dict[str, Resource | str]]", bundle["entry"])
    return {cast("str", entry["fullUrl"]): cast("Resource", entry["resource"]) for entry in entries}


def report_in(resources: dict[str, Resource]) -> Resource:
    """Return the DiagnosticReport among resources."""
    return next(item for item in resources.values() if item["resourceType"] == "DiagnosticReport")
