"""XML of strangers: no entities, nothing loaded from outside, bounded in size and depth; and then one plain form.

Carts export XML with document types, namespaces and encodings of many kinds. It is parsed here once, guarded, and
handed on without any of them, so that no other parser sees what a stranger wrote.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, TreeBuilder, tostring
from xml.parsers import expat

from cardiov_core.errors import RecordFormatError, RecordUnsupportedError
from cardiov_core.limits import limits, mib

_MAX_DEPTH = 128
_MAX_ELEMENTS = 1_000_000
_DECLARATION = re.compile(r"\A<\?xml[^>]*?\?>\s*")
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._:-]+)[\"']")
_NAME = re.compile(r"<(?:[A-Za-z_][\w.\-]*:)?([A-Za-z_][\w.\-]*)")
_SUBSET_END = re.compile(r"\]\s*>")


def root_name(head: bytes) -> str | None:
    """Return the local name of an XML document's root element, or None.

    `head`: the document's beginning, in UTF-8, UTF-16 or any encoding that keeps ASCII.
    """
    text = _text_of(head)
    at = 0
    while True:
        at += len(text[at:]) - len(text[at:].lstrip("\ufeff \t\r\n\x00"))
        if text.startswith("<?", at):
            at = _after(text, "?>", at)
        elif text.startswith("<!--", at):
            at = _after(text, "-->", at)
        elif text[at : at + 9].upper() == "<!DOCTYPE":
            at = _after_doctype(text, at)
        else:
            break
        if at < 0:
            return None
    match = _NAME.match(text, at)
    return match[1] if match else None


def _text_of(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="replace")
    if head[:4] in {b"<\x00?\x00", b"<\x00!\x00"}:
        return head.decode("utf-16-le", errors="replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _after(text: str, end: str, at: int) -> int:
    place = text.find(end, at)
    return place + len(end) if place >= 0 else -1


def _after_doctype(text: str, at: int) -> int:
    close, subset = text.find(">", at), text.find("[", at)
    if 0 <= subset < close:
        end = _SUBSET_END.search(text, subset)
        return end.end() if end else -1
    return close + 1 if close >= 0 else -1


def parse_xml(content: bytes, name: str) -> Element:
    """Parse a stranger's XML.

    A document type is allowed and ignored (real MUSE exports name an external one); entities are not, and nothing is
    ever loaded from outside.
    """
    most = limits().xml_mib
    if len(content) > mib(most):
        raise RecordUnsupportedError(
            f"{name} has {len(content) / 1024**2:.0f} MiB; XML is opened up to {most:g} MiB.",
            "Export the 10-second ECG instead of the long recording.",
        )
    fault: expat.ExpatError | ValueError | LookupError | None = None
    for candidate, encoding in _candidates(content):
        try:
            return _Guarded(name).parse(candidate, encoding)
        # LookupError and ValueError: encodings that Python or expat do not know.
        except (expat.ExpatError, ValueError, LookupError) as error:
            fault = fault or error
    raise RecordFormatError(
        f"{name} is not well-formed XML: {fault}.", "The file is damaged or incomplete; export it again."
    ) from fault


def plain_xml(root: Element) -> bytes:
    """Write an element tree as plain UTF-8, without document type, namespaces and comments."""
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _candidates(content: bytes) -> Iterator[tuple[bytes, str | None]]:
    """Yield the document as it is, and decoded by Python where expat cannot (GB 2312, Shift JIS, wrong labels)."""
    yield content, None
    declared = _ENCODING.search(content[:512])
    names = ["utf-16" if content[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig"]
    if declared:
        names.insert(0, declared[1].decode("ascii"))
    # Latin-1 gives every byte a letter: the last resort keeps numbers and structure whole.
    for name in (*names, "latin-1"):
        try:
            text = content.decode(name)
        except (UnicodeError, LookupError):
            continue
        body = _DECLARATION.sub("", text.strip("\ufeff \t\r\n\x00"), count=1)
        yield body.encode("utf-8", errors="replace"), "utf-8"


class _Guarded:
    """One guarded parse: expat events into a tree, entity declarations into a refusal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._builder = TreeBuilder()
        self._depth = 0
        self._elements = 0

    def parse(self, content: bytes, encoding: str | None) -> Element:
        parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._builder.data
        parser.EntityDeclHandler = self._refuse_entity
        parser.UnparsedEntityDeclHandler = self._refuse_entity
        parser.ExternalEntityRefHandler = self._refuse_entity
        parser.Parse(content, True)
        root: Element = self._builder.close()
        return root

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > _MAX_DEPTH:
            raise RecordFormatError(
                f"{self._name} nests its elements deeper than {_MAX_DEPTH}.", "This is no ECG; do not trust the file."
            )
        if self._elements > _MAX_ELEMENTS:
            raise RecordUnsupportedError(
                f"{self._name} has more than {_MAX_ELEMENTS} elements.",
                "Export the 10-second ECG instead of the long recording.",
            )
        plain = {_local(key): value for key, value in attributes.items() if key.partition(":")[0] != "xmlns"}
        self._builder.start(_local(tag), plain)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(_local(tag))

    def _refuse_entity(self, *_: object) -> int:
        raise RecordFormatError(
            f"{self._name} declares XML entities, which can hide an attack and occur in no ECG.",
            "Do not trust this file; export the ECG again from the cart or the archive.",
        )


def _local(name: str) -> str:
    return name.rpartition(":")[2]
