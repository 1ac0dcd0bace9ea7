"""The history of the review's tables, applied when a store is opened (Alembic)."""
