"""The trace and its tools."""
