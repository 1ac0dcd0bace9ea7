"""Alembic's entry: brings the connection that `open_store` hands over to the newest tables, within its transaction."""

from alembic import context

from cardiov_core.review.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # The caller has opened the transaction and holds the lock: two processes may open a new file at once.
    transactional_ddl=True,
)
context.run_migrations()
