"""Other systems: arrivals from a watched folder or by DICOM, results out by DICOM, FHIR and HL7 version 2."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
