"""Alerts for critical results, and what an installation sets.

Revision: 0003; after: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables; nothing of before changes."""
    time = sa.DateTime(timezone=True)
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("case_id", sa.String(16), nullable=False),
        sa.Column("rule_set", sa.String(100), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("level", sa.SmallInteger()),
        sa.Column("graded_level", sa.SmallInteger()),
        sa.Column("opened_at", time, nullable=False),
        sa.Column("opened_by", sa.String(200), nullable=False),
        sa.Column("due_at", time, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("escalated_at", time),
        sa.Column("acknowledged_at", time),
        sa.Column("acknowledged_by", sa.String(200)),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name="ck_alerts_level_in_range"),
        sa.CheckConstraint("graded_level BETWEEN 0 AND 3", name="ck_alerts_graded_level_in_range"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_alerts_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("case_id", name="uq_alerts_case_id"),
    )
    op.create_index("ix_alerts_status_due_at", "alerts", ["status", "due_at"])
    op.create_table(
        "settings",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", time, nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_settings"),
    )
