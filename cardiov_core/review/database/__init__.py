"""The review's database: schema, rows, connection and migrations."""
