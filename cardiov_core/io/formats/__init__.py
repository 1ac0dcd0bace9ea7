"""Formats that any software writes: WFDB, tables, arrays, archives; and which one a file is."""
