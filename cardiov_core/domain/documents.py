"""JSON documents of a known form: read into typed values, what is wrong with one in a sentence; cells of CSV files."""

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue, ValidationError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_LONGEST = 120

JsonObject = dict[str, JsonValue]
"""An object of a JSON document."""


class Document(BaseModel):
    """A JSON object of a known form; fields that it does not name are passed over.

    Numbers must be numbers and texts texts: nothing is converted but whole numbers to floating-point ones.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    @classmethod
    def of(cls, value: object) -> Self:
        """Return the document that some JSON value is.

        Raises
        ------
        pydantic.ValidationError
            If it is another one; `fault_of` tells what is wrong.
        """
        return cls.model_validate_json(json.dumps(value))

    def as_json(self) -> JsonObject:
        """Return what was given to it, as JSON values and in the order of its fields."""
        values: JsonObject = self.model_dump(mode="json", exclude_unset=True)
        return values


def as_json_values(value: "DataclassInstance") -> JsonObject:
    """Return a dataclass as JSON values: tuples become lists."""
    values: JsonObject = json.loads(json.dumps(asdict(value)))
    return values


@dataclass(frozen=True)
class Fault:
    """What is wrong with a document."""

    field: str  # dotted name of the field; empty for the document itself
    value: object  # what stands there; None where nothing does
    wanted: str  # what was expected

    def words(self, within: str = "") -> str:
        """Return it as the end of a sentence: 'input.units is 'uV'; expected 'mV''."""
        name = ".".join(part for part in (within, self.field) if part)
        if self.value is None:
            return f"{name} is missing; {self.wanted}"
        shown = repr(self.value)
        return f"{name} is {shown if len(shown) <= _LONGEST else shown[:_LONGEST] + '...'}; {self.wanted}"


def fault_of(error: ValidationError) -> Fault:
    """Return the first thing that is wrong with a document."""
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"] if part != "[key]")
    if first["type"] == "missing":
        return Fault(field, None, "it is needed")
    words = first["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    return Fault(field, first["input"], words[:1].lower() + words[1:])


def _matching(pattern: str, wanted: str) -> AfterValidator:
    """Return what refuses a text of another form, in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"expected {wanted}")
        return value

    return AfterValidator(check)


def _rising(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError("expected the lower end first")
    return value


Sha256 = Annotated[str, _matching(r"[0-9a-f]{64}", "64 hexadecimal digits")]
"""A checksum."""

FileName = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9._-]*", "the name of a file beside the card")]
"""Name of a file that lies beside the document: it leads to no other folder."""

Ends = Annotated[tuple[float, float], AfterValidator(_rising)]
"""Lower and upper end of an interval."""

Counts = dict[str, int]
"""How many of what: level, kind, ..."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula; an apostrophe before it says that it is text."""


def spreadsheet_text(value: str) -> str:
    """Return a text as a cell of a CSV file that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA_SIGNS) else value
