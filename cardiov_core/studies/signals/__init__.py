"""Checks of signal analysis: quality, findings, delineation."""
