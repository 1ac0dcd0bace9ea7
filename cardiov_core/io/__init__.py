"""From files to records: one reader a format, chosen by content, errors in plain words."""

from cardiov_core.io.collection import Collection, Source, SourceError, collect
from cardiov_core.io.reader import read_record

__all__ = ["Collection", "Source", "SourceError", "collect", "read_record"]
