"""Words and tables for values: levels, records, measurements, model cards, numbers."""
