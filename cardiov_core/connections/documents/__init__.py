"""A result as the documents that other systems take: FHIR transaction, HL7 message, DICOM object."""
