"""One drawing at a time: matplotlib's settings are global, they are changed and read back under this lock."""

import threading

DRAWING = threading.Lock()
"""Held by whoever changes matplotlib's settings."""
