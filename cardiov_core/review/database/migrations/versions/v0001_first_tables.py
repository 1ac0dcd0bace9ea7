"""The first tables of the review, and the triggers that keep its audit.

Revision: 0001; after: none
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("events", "adjudications", "sign_offs")

_POSTGRESQL_FUNCTION = """
CREATE FUNCTION cardiov_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""


def upgrade() -> None:
    """Make the tables and their triggers."""
    _readers()
    _studies()
    _waveforms()
    _cases()
    _roles()
    _adjudications()
    _assignments()
    _drafts()
    _events()
    _reads()
    _sign_offs()
    _skips()
    for table in _APPEND_ONLY:
        if op.get_bind().dialect.name == "sqlite":
            _forbid_on_sqlite(table)
        else:
            _forbid_on_postgresql(table)


def _forbid_on_sqlite(table: str) -> None:
    """Refuse UPDATE and DELETE, and INSERT OR REPLACE, which deletes without asking a delete trigger."""
    refusal = f"SELECT RAISE(ABORT, '{table} is append-only')"
    op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {refusal}; END")
    op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {refusal}; END")
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608 - names of this module
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) BEGIN {refusal}; END"
    )


def _forbid_on_postgresql(table: str) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE."""
    if table == _APPEND_ONLY[0]:
        op.execute(_POSTGRESQL_FUNCTION)
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION cardiov_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION cardiov_append_only()"
    )


def _readers() -> None:
    op.create_table(
        "readers",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("identity", sa.String(length=400), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_readers")),
        sa.UniqueConstraint("identity", name=op.f("uq_readers_identity")),
    )


def _studies() -> None:
    op.create_table(
        "studies",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("correct_share", sa.Float(), nullable=False),
        sa.Column("reads_wanted", sa.SmallInteger(), nullable=False),
        sa.Column("with_verdict", sa.Boolean(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.CheckConstraint("correct_share >= 0 AND correct_share < 1", name=op.f("ck_studies_share_in_range")),
        sa.CheckConstraint("reads_wanted >= 1", name=op.f("ck_studies_reads_in_range")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_studies")),
    )


def _waveforms() -> None:
    op.create_table(
        "waveforms",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("samples", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_waveforms")),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("study", sa.String(length=200), nullable=False),
        sa.Column("record_id", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("dataset", sa.String(length=200), nullable=False),
        sa.Column("ecg_id", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("label", sa.SmallInteger(), nullable=True),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.SmallInteger(), nullable=False),
        sa.Column("probabilities", sa.JSON(), nullable=True),
        sa.Column("exceedance", sa.JSON(), nullable=True),
        sa.Column("prediction_set", sa.JSON(), nullable=True),
        sa.Column("rank_violation", sa.Float(), nullable=False),
        sa.Column("model_name", sa.String(length=200), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("out_of_fold", sa.Boolean(), nullable=False),
        sa.Column("quality_verdict", sa.String(length=20), nullable=False),
        sa.Column("quality_reasons", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("age", sa.Float(), nullable=True),
        sa.Column("sex", sa.String(length=6), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_sha256", sa.String(length=64), nullable=False),
        sa.Column("waveform_sha256", sa.String(length=64), nullable=False),
        sa.Column("waveform_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("n_reads", sa.Integer(), nullable=False),
        sa.Column("n_blind", sa.Integer(), nullable=False),
        sa.Column("gap", sa.SmallInteger(), nullable=False),
        sa.Column("decision", sa.SmallInteger(), nullable=True),
        sa.Column("indeterminate", sa.Boolean(), nullable=False),
        sa.Column("shuffle", sa.Integer(), nullable=False),
        sa.CheckConstraint("decision BETWEEN 0 AND 3", name=op.f("ck_cases_decision_in_range")),
        sa.CheckConstraint("label BETWEEN 0 AND 3", name=op.f("ck_cases_label_in_range")),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_cases_level_in_range")),
        sa.ForeignKeyConstraint(["study"], ["studies.name"], name=op.f("fk_cases_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint(
            "study", "record_id", "waveform_sha256", name=op.f("uq_cases_study_record_id_waveform_sha256")
        ),
    )
    op.create_index(
        "ix_cases_counts",
        "cases",
        ["status", "error", "study", "level", "label", "quality_verdict", "source", "gap", "priority", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_cases_created_at_id"), "cases", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_cases_error_priority_id"), "cases", ["error", "priority", "id"], unique=False)
    op.create_index(op.f("ix_cases_gap_priority_id"), "cases", ["gap", "priority", "id"], unique=False)
    op.create_index(op.f("ix_cases_level_priority_id"), "cases", ["level", "priority", "id"], unique=False)
    op.create_index(op.f("ix_cases_priority_id"), "cases", ["priority", "id"], unique=False)
    op.create_index(
        "ix_cases_queue",
        "cases",
        ["study", "error", "shuffle", "status", "n_blind", "waveform_deleted_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_cases_record_id_id"), "cases", ["record_id", "id"], unique=False)
    op.create_index(op.f("ix_cases_status_priority_id"), "cases", ["status", "priority", "id"], unique=False)
    op.create_index(op.f("ix_cases_study_priority_id"), "cases", ["study", "priority", "id"], unique=False)
    op.create_index(op.f("ix_cases_waveform_sha256"), "cases", ["waveform_sha256"], unique=False)


def _roles() -> None:
    op.create_table(
        "roles",
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["reader"], ["readers.name"], name=op.f("fk_roles_reader")),
        sa.PrimaryKeyConstraint("reader", "role", name=op.f("pk_roles")),
    )


def _adjudications() -> None:
    op.create_table(
        "adjudications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_adjudications_level_in_range")),
        sa.ForeignKeyConstraint(["by"], ["readers.name"], name=op.f("fk_adjudications_by")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_adjudications_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjudications")),
        sa.UniqueConstraint("case_id", name=op.f("uq_adjudications_case_id")),
        sqlite_autoincrement=True,
    )


def _assignments() -> None:
    op.create_table(
        "assignments",
        sa.Column("case_id", sa.String(length=16), nullable=False),
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_assignments_case_id")),
        sa.ForeignKeyConstraint(["reader"], ["readers.name"], name=op.f("fk_assignments_reader")),
        sa.PrimaryKeyConstraint("case_id", "reader", name=op.f("pk_assignments")),
    )


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("case_id", sa.String(length=16), nullable=False),
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_drafts_case_id")),
        sa.ForeignKeyConstraint(["reader"], ["readers.name"], name=op.f("fk_drafts_reader")),
        sa.PrimaryKeyConstraint("case_id", "reader", name=op.f("pk_drafts")),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.String(length=16), nullable=True),
        sa.Column("record_sha256", sa.String(length=64), nullable=True),
        sa.Column("waveform_sha256", sa.String(length=64), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("app_version", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_events_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_case_id_id"), "events", ["case_id", "id"], unique=False)
    op.create_index(op.f("ix_events_who_record_sha256"), "events", ["who", "record_sha256"], unique=False)
    op.create_index(op.f("ix_events_who_waveform_sha256"), "events", ["who", "waveform_sha256"], unique=False)


def _reads() -> None:
    op.create_table(
        "reads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=16), nullable=False),
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("confidence", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("candidates_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revised_level", sa.SmallInteger(), nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("verdict_level", sa.SmallInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("confidence BETWEEN 1 AND 3", name=op.f("ck_reads_confidence_in_range")),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_reads_level_in_range")),
        sa.CheckConstraint("revised_level BETWEEN 0 AND 3", name=op.f("ck_reads_revised_level_in_range")),
        sa.CheckConstraint("verdict_level BETWEEN 0 AND 3", name=op.f("ck_reads_verdict_level_in_range")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_reads_case_id")),
        sa.ForeignKeyConstraint(["reader"], ["readers.name"], name=op.f("fk_reads_reader")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reads")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reads_reader_id"), "reads", ["reader", "id"], unique=False)
    op.create_index(
        "uq_reads_case_id_reader",
        "reads",
        ["case_id", "reader"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )


def _sign_offs() -> None:
    op.create_table(
        "sign_offs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amends", sa.Boolean(), nullable=False),
        sa.CheckConstraint("level BETWEEN 0 AND 3", name=op.f("ck_sign_offs_level_in_range")),
        sa.ForeignKeyConstraint(["by"], ["readers.name"], name=op.f("fk_sign_offs_by")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_sign_offs_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_offs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sign_offs_case_id_id"), "sign_offs", ["case_id", "id"], unique=False)


def _skips() -> None:
    op.create_table(
        "skips",
        sa.Column("case_id", sa.String(length=16), nullable=False),
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_skips_case_id")),
        sa.ForeignKeyConstraint(["reader"], ["readers.name"], name=op.f("fk_skips_reader")),
        sa.PrimaryKeyConstraint("case_id", "reader", name=op.f("pk_skips")),
    )
