"""Cases about which graders differ: a column to filter by, and part of the blind reader's queue.

Revision: 0002; after: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_QUEUE = ("study", "error", "shuffle", "status", "n_blind", "waveform_deleted_at", "id")


def upgrade() -> None:
    """Add the column; cases that came in before were graded by one grader alone."""
    op.add_column("cases", sa.Column("graders_disagree", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_cases_graders_disagree_id", "cases", ["graders_disagree", "id"])
    op.drop_index("ix_cases_queue", table_name="cases")
    op.create_index("ix_cases_queue", "cases", [*_QUEUE[:-1], "graders_disagree", _QUEUE[-1]])
