"""SCP-ECG (EN 1064, ISO 11073-91064) where the library refuses what writers do in spite of the standard."""

from cardiov_core.io.carts.scp.parse import parse_scp

__all__ = ["parse_scp"]
