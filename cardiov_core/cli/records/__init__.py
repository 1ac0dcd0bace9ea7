"""Commands on records: analyze, report, convert, measure."""
