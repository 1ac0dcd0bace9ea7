"""The Worklist page."""
