"""Records out: WFDB, DICOM and CSV, de-identified unless the caller keeps the identity."""

from cardiov_core.io.export.identity import deidentified, pseudonym
from cardiov_core.io.export.write import FORMATS, ExportFormat, write_record

__all__ = ["FORMATS", "ExportFormat", "deidentified", "pseudonym", "write_record"]
