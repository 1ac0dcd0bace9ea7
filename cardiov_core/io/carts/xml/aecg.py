"""HL7 aECG: which of a document's blocks are the rhythm ECG, and leads that lie in several blocks of one time.

The parser reads the first sequence set of the first series. Here the blocks are looked at first: those that begin at
one time, run in one step and have one length are one recording; of several recordings the fullest is taken, and of
equally full ones the longest. What is left out is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import Element

from cardiov_core.io.carts.ecgdatakit_file import Parsed, clean, no_rhythm
from cardiov_core.io.carts.xml.guard import parse_xml
from cardiov_core.io.carts.xml.parse import parse_tree
from cardiov_core.io.leads import standard_lead

_FORMAT = "HL7 aECG"
_BEAT = "REPRESENTATIVE_BEAT"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6}
_RHYTHM_S = 5.0
_LENGTHS_APART = 0.02
_STANDARD_LEADS = 12


@dataclass(frozen=True, eq=False)
class _Block:
    """One sequence set: where it hangs, its time axis, its leads."""

    series: Element
    component: Element
    head: str
    step_s: float
    length: int
    leads: frozenset[str]

    def simultaneous(self, other: "_Block") -> bool:
        """Whether two blocks are of one recording: they begin together, run in one step and are about as long."""
        alike = abs(self.length - other.length) <= _LENGTHS_APART * max(self.length, other.length)
        return alike and (self.head, self.step_s) == (other.head, other.step_s)

    @property
    def duration_s(self) -> float:
        return self.length * self.step_s


def parse_aecg(name: str, content: bytes, folder: Path) -> Parsed:
    """Parse a document."""
    root = parse_xml(content, name)
    notes = _choose_blocks(root, name)
    age, patient_id = _outside_the_schema(root)
    return replace(parse_tree(root, name, folder, _FORMAT, notes), age=age, patient_id=patient_id)


def _choose_blocks(root: Element, name: str) -> tuple[str, ...]:
    """Leave one series with one sequence set, that of the rhythm; return what was left out, in words."""
    series = [one for one in root.findall("component/series") if _code(one) != _BEAT]
    if not series and root.findall("component/series"):
        raise no_rhythm(name, _FORMAT, only_median=True)
    blocks = [block for one in series for component in one.findall("component") if (block := _block(one, component))]
    if len(blocks) < 2:
        return ()
    recordings: list[list[_Block]] = []
    for block in blocks:
        together = next((one for one in recordings if one[0].simultaneous(block)), None)
        if together is None:
            recordings.append([block])
        elif not any(block.leads & other.leads for other in together):
            together.append(block)
    chosen = max(recordings, key=_worth)
    _join(root, chosen, blocks)
    left = [block for block in blocks if block not in chosen]
    if not left:
        return ()
    listed = ", ".join(f"{len(block.leads)} leads of {block.duration_s:.1f} s" for block in left)
    return (f"The file holds other rhythm blocks, which were left out: {listed}.",)


def _worth(recording: Sequence[_Block]) -> tuple[bool, int, float]:
    leads = len(frozenset().union(*(block.leads for block in recording)))
    duration_s = recording[0].duration_s
    return duration_s >= _RHYTHM_S, min(leads, _STANDARD_LEADS), duration_s


def _join(root: Element, chosen: Sequence[_Block], blocks: Sequence[_Block]) -> None:
    """Move the leads of the chosen blocks into the first one, and take all others out of the document."""
    first = chosen[0]
    into = first.component.find("sequenceSet")
    for block in chosen[1:]:
        for component in block.component.findall("sequenceSet/component"):
            if into is not None and not _code(component.find("sequence")).startswith("TIME_"):
                into.append(component)
    for block in blocks:
        if block is not first:
            block.series.remove(block.component)
    for component in root.findall("component"):
        one = component.find("series")
        if one is not None and one is not first.series and _code(one) != _BEAT:
            root.remove(component)


def _block(series: Element, component: Element) -> _Block | None:
    sequences = component.find("sequenceSet")
    if sequences is None:
        return None
    head, step_s, length = "", 0.0, 0
    leads: set[str] = set()
    for sequence in sequences.findall("component/sequence"):
        code, value = _code(sequence), sequence.find("value")
        if value is None:
            continue
        if code.startswith("TIME_"):
            head, step_s = _head(value.find("head")), _step_s(value.find("increment"))
        else:
            digits = value.findtext("digits") or ""
            length = max(length, len(digits.split()))
            leads.add(standard_lead(code) or code)
    return _Block(series, component, head, step_s, length, frozenset(leads)) if leads else None


def _head(head: Element | None) -> str:
    """Return when a block begins, the same for '10', '10.0' and '10.000'."""
    stated = _attribute(head, "value")
    return stated.rstrip("0").rstrip(".") if "." in stated else stated


def _step_s(increment: Element | None) -> float:
    try:
        return float(_attribute(increment, "value")) * _SECONDS.get(_attribute(increment, "unit"), 0.0)
    except ValueError:
        return 0.0


def _code(element: Element | None) -> str:
    return _attribute(element.find("code"), "code").upper() if element is not None else ""


def _attribute(element: Element | None, name: str) -> str:
    return (element.get(name) or "").strip() if element is not None else ""


def _outside_the_schema(root: Element) -> tuple[float | None, str | None]:
    """Read age and patient where makers write them beside the aECG schema (Mindray: <Age>, <PatientID>)."""
    person = next(root.iter("subjectDemographicPerson"), None)
    if person is None:
        return None, None
    years = clean(person.findtext("Age") or "").rstrip("YyAa ")
    return float(years) if years.isdecimal() else None, clean(person.findtext("PatientID") or "") or None
