"""The Analyse page."""
