"""XML of carts on its way to ecgdatakit: guarded, made plain, and freed of what the library would read wrong."""

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

from cardiov_core.io.carts.ecgdatakit_file import Parse, Parsed, run
from cardiov_core.io.carts.xml.guard import parse_xml, plain_xml

Prepare = Callable[[Element, str], tuple[str, ...]]
"""Changes a document in place, given the file's name, and returns what is to be said of that."""


def parse_xml_as(format_name: str, prepare: Prepare | None = None) -> Parse:
    """Return a function that guards and prepares a document and lets ecgdatakit parse it."""

    def parse(name: str, content: bytes, folder: Path) -> Parsed:
        root = parse_xml(content, name)
        notes = prepare(root, name) if prepare is not None else ()
        return parse_tree(root, name, folder, format_name, notes)

    return parse


def parse_tree(root: Element, name: str, folder: Path, format_name: str, remarks: tuple[str, ...] = ()) -> Parsed:
    """Let ecgdatakit parse a document."""
    file = folder / "ecg.xml"
    file.write_bytes(plain_xml(root))
    record, notes = run(file, name, format_name)
    return Parsed(record, tuple(record.leads), (*remarks, *notes))
