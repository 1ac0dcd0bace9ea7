"""What each of PTB-XL's 71 statements is: diagnostic, form or rhythm, with subclass and superclass.

The table beside this module is that of ``scp_statements.csv`` (PTB-XL, doi:10.1038/s41597-020-0495-6, CC BY 4.0): 44
diagnostic, 19 form and 12 rhythm statements, four of them both diagnostic and form, 23 subclasses, five superclasses.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("statement_classes.csv")


@dataclass(frozen=True)
class StatementClass:
    """What a statement is."""

    code: str
    # Its categories; a statement may have two.
    diagnostic: bool
    form: bool
    rhythm: bool
    # Of a diagnostic statement; empty otherwise.
    subclass: str
    superclass: str


@cache
def statement_classes() -> Mapping[str, StatementClass]:
    """Return all 71 statements by code, in alphabetical order."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: StatementClass(
                code=row["code"],
                diagnostic=row["diagnostic"] == "1",
                form=row["form"] == "1",
                rhythm=row["rhythm"] == "1",
                subclass=row["subclass"],
                superclass=row["superclass"],
            )
            for row in csv.DictReader(file)
        }
