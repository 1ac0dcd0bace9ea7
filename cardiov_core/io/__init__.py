"""From files to records: one reader a format, chosen by content, errors in plain words."""

from cardiov_core.io.collection import Collection, Source, SourceError, collect
from cardiov_core.io.export import write_record
from cardiov_core.io.formats.registry import titles
from cardiov_core.io.reader import read_record, read_source
from cardiov_core.io.staging import Upload, read_uploads

__all__ = [
    "Collection",
    "Source",
    "SourceError",
    "Upload",
    "collect",
    "read_record",
    "read_source",
    "read_uploads",
    "titles",
    "write_record",
]
