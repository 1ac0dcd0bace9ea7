"""Training of the finding detectors."""
