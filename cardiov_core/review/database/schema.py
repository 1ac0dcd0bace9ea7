"""The tables of the review, and a type for times that are UTC on every database.

What the tables are is decided by the migrations; a test compares the two.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

APPEND_ONLY = ("events", "adjudications", "sign_offs")
"""Tables whose rows the database lets nobody change or delete (triggers of the first migration)."""

_NAME, _CODE, _SHA = sa.String(200), sa.String(16), sa.String(64)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware times in, UTC stored, UTC-aware times out.

    SQLite has no zones and gives naive times back, PostgreSQL aware ones in the server's zone.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring a time to UTC; a naive one is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        stored = value.astimezone(UTC)
        return stored.replace(tzinfo=None) if dialect.name == "sqlite" else stored

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time, in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _level(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=nullable)


def _within(column: str, low: int, high: int) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=f"{column}_in_range")


studies = sa.Table(
    "studies",
    metadata,
    sa.Column("name", _NAME, primary_key=True),
    sa.Column("correct_share", sa.Float, nullable=False),
    sa.Column("reads_wanted", sa.SmallInteger, nullable=False),
    sa.Column("with_verdict", sa.Boolean, nullable=False),
    sa.Column("seed", sa.String(32), nullable=False),
    sa.CheckConstraint("correct_share >= 0 AND correct_share < 1", name="share_in_range"),
    sa.CheckConstraint("reads_wanted >= 1", name="reads_in_range"),
)

readers = sa.Table(
    "readers",
    metadata,
    sa.Column("name", _NAME, primary_key=True),
    sa.Column("identity", sa.String(400), unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

roles = sa.Table(
    "roles",
    metadata,
    sa.Column("reader", _NAME, sa.ForeignKey("readers.name"), primary_key=True),
    sa.Column("role", sa.String(20), primary_key=True),
)

waveforms = sa.Table(
    "waveforms",
    metadata,
    sa.Column("sha256", _SHA, primary_key=True),
    sa.Column("header", sa.JSON, nullable=False),
    sa.Column("samples", sa.LargeBinary, nullable=False),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", _CODE, primary_key=True),
    sa.Column("study", _NAME, sa.ForeignKey("studies.name"), nullable=False),
    sa.Column("record_id", _NAME, nullable=False),
    sa.Column("source", sa.String(20), nullable=False),
    sa.Column("dataset", _NAME, nullable=False),
    sa.Column("ecg_id", _NAME, nullable=False),
    sa.Column("path", sa.String(1000), nullable=False),
    _level("label"),
    _level("level"),
    # -1: not known, and below every other when sorted on any database.
    sa.Column("error", sa.SmallInteger, nullable=False),
    sa.Column("probabilities", sa.JSON(none_as_null=True)),
    sa.Column("exceedance", sa.JSON(none_as_null=True)),
    sa.Column("prediction_set", sa.JSON(none_as_null=True)),
    sa.Column("rank_violation", sa.Float, nullable=False),
    sa.Column("model_name", _NAME, nullable=False),
    sa.Column("model_sha256", _SHA, nullable=False),
    sa.Column("out_of_fold", sa.Boolean, nullable=False),
    sa.Column("quality_verdict", sa.String(20), nullable=False),
    sa.Column("quality_reasons", sa.JSON, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("age", sa.Float),
    sa.Column("sex", sa.String(6)),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("record_sha256", _SHA, nullable=False),
    # No foreign key: the checksum stays when the waveform is deleted.
    sa.Column("waveform_sha256", _SHA, nullable=False),
    sa.Column("waveform_deleted_at", UtcDateTime),
    sa.Column("n_reads", sa.Integer, nullable=False),
    sa.Column("n_blind", sa.Integer, nullable=False),
    # Largest gap between blind reads; -1 with fewer than two.
    sa.Column("gap", sa.SmallInteger, nullable=False),
    _level("decision"),
    sa.Column("indeterminate", sa.Boolean, nullable=False),
    # One of the reasons says that graders differ by a level or more.
    sa.Column("graders_disagree", sa.Boolean, nullable=False, server_default=sa.false()),
    # A keyed checksum of the patient id (review/patients.py); goes with the waveform.
    sa.Column("patient_key", _SHA),
    # Random: what the order of a blind reader is made of.
    sa.Column("shuffle", sa.Integer, nullable=False),
    sa.UniqueConstraint("study", "record_id", "waveform_sha256"),
    _within("label", 0, 3),
    _within("level", 0, 3),
    _within("decision", 0, 3),
    sa.Index(None, "study", "priority", "id"),
    sa.Index(None, "priority", "id"),
    sa.Index(None, "error", "priority", "id"),
    sa.Index(None, "status", "priority", "id"),
    sa.Index(None, "level", "priority", "id"),
    sa.Index(None, "gap", "priority", "id"),
    sa.Index(None, "record_id", "id"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "waveform_sha256"),
    sa.Index(None, "graders_disagree", "id"),
    sa.Index(None, "patient_key"),
    # All that the worklist counts and filters by: counting does not touch the wide rows.
    sa.Index(
        "ix_cases_counts",
        "status",
        "error",
        "study",
        "level",
        "label",
        "quality_verdict",
        "source",
        "gap",
        "priority",
        "id",
    ),
    # All that the order of a blind reader needs.
    sa.Index(
        "ix_cases_queue",
        "study",
        "error",
        "shuffle",
        "status",
        "n_blind",
        "waveform_deleted_at",
        "graders_disagree",
        "id",
    ),
)

assignments = sa.Table(
    "assignments",
    metadata,
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("reader", _NAME, sa.ForeignKey("readers.name"), primary_key=True),
)

reads = sa.Table(
    "reads",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("reader", _NAME, sa.ForeignKey("readers.name"), nullable=False),
    _level("level", nullable=False),
    sa.Column("confidence", sa.SmallInteger, nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("committed_at", UtcDateTime, nullable=False),
    sa.Column("candidates_at", UtcDateTime),
    sa.Column("revealed_at", UtcDateTime),
    _level("revised_level"),
    sa.Column("verdict", sa.String(10)),
    _level("verdict_level"),
    sa.Column("undone_at", UtcDateTime),
    _within("level", 0, 3),
    _within("confidence", 1, 3),
    _within("revised_level", 0, 3),
    _within("verdict_level", 0, 3),
    # One read a reader and case; those that were undone stay.
    sa.Index(
        "uq_reads_case_id_reader",
        "case_id",
        "reader",
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    ),
    sa.Index(None, "reader", "id"),
    sqlite_autoincrement=True,
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("reader", _NAME, sa.ForeignKey("readers.name"), primary_key=True),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("saved_at", UtcDateTime, nullable=False),
)

skips = sa.Table(
    "skips",
    metadata,
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("reader", _NAME, sa.ForeignKey("readers.name"), primary_key=True),
)

adjudications = sa.Table(
    "adjudications",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id"), nullable=False, unique=True),
    sa.Column("by", _NAME, sa.ForeignKey("readers.name"), nullable=False),
    _level("level"),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    _within("level", 0, 3),
    sqlite_autoincrement=True,
)

sign_offs = sa.Table(
    "sign_offs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("by", _NAME, sa.ForeignKey("readers.name"), nullable=False),
    _level("level", nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("amends", sa.Boolean, nullable=False),
    _within("level", 0, 3),
    sa.Index(None, "case_id", "id"),
    sqlite_autoincrement=True,
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("who", _NAME, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id")),
    sa.Column("record_sha256", _SHA),
    sa.Column("waveform_sha256", _SHA),
    sa.Column("before", sa.JSON, nullable=False),
    sa.Column("after", sa.JSON, nullable=False),
    sa.Column("model", _NAME, nullable=False),
    sa.Column("model_sha256", _SHA, nullable=False),
    sa.Column("app_version", sa.String(40), nullable=False),
    sa.Index(None, "case_id", "id"),
    sa.Index(None, "who", "record_sha256"),
    sa.Index(None, "who", "waveform_sha256"),
    sqlite_autoincrement=True,
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", _CODE, primary_key=True),
    # One per case: the same ECG opened twice is told once.
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id"), nullable=False, unique=True),
    sa.Column("rule_set", sa.String(100), nullable=False),
    sa.Column("reasons", sa.JSON, nullable=False),
    _level("level"),
    _level("graded_level"),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("opened_by", _NAME, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("escalated_at", UtcDateTime),
    sa.Column("acknowledged_at", UtcDateTime),
    sa.Column("acknowledged_by", _NAME),
    _within("level", 0, 3),
    _within("graded_level", 0, 3),
    sa.Index(None, "status", "due_at"),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", _CODE, primary_key=True),
    sa.Column("case_id", _CODE, sa.ForeignKey("cases.id"), nullable=False),
    # Kind and address, without user, password and query.
    sa.Column("destination", _NAME, nullable=False),
    # What is sent, byte by byte the same at every attempt; gone once it was taken.
    sa.Column("content", sa.LargeBinary),
    sa.Column("n_attempts", sa.Integer, nullable=False),
    sa.Column("fault", _NAME, nullable=False),
    sa.Column("queued_at", UtcDateTime, nullable=False),
    sa.Column("next_at", UtcDateTime, nullable=False),
    sa.Column("sent_at", UtcDateTime),
    # A result goes to each destination once.
    sa.UniqueConstraint("case_id", "destination"),
    sa.Index(None, "sent_at", "next_at"),
)

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("changed_by", _NAME, nullable=False),
)
"""What an installation decided for itself, a row each; who changed what is in the audit."""
