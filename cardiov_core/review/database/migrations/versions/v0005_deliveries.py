"""Results on their way to other systems.

Revision: 0005; after: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nothing of before is sent."""
    time = sa.DateTime(timezone=True)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("case_id", sa.String(16), nullable=False),
        sa.Column("destination", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary()),
        sa.Column("n_attempts", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(200), nullable=False),
        sa.Column("queued_at", time, nullable=False),
        sa.Column("next_at", time, nullable=False),
        sa.Column("sent_at", time),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_deliveries_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("case_id", "destination", name="uq_deliveries_case_id_destination"),
    )
    op.create_index("ix_deliveries_sent_at_next_at", "deliveries", ["sent_at", "next_at"])
