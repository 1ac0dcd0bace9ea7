"""The Performance and Agreement pages."""
