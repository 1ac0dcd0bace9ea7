"""A keyed checksum of the patient id, by which earlier ECGs of a patient are found.

Revision: 0004; after: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of cases that came in before nobody knows the patient."""
    op.add_column("cases", sa.Column("patient_key", sa.String(64)))
    op.create_index("ix_cases_patient_key", "cases", ["patient_key"])
