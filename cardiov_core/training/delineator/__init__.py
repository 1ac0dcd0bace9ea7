"""Training of the delineator."""
