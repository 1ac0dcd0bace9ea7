"""The flag that graders differ: from a case's reasons to the owner's filter and the blind reader's queue."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.domain import CaseSource, EcgRecord, Quality, QualityVerdict, Reason, Severity
from cardiov_core.inference.panel import disagreement
from cardiov_core.review import CaseFilter, Store
from cardiov_core.review.database.schema import metadata

DIFFER = disagreement([("network", Severity.LOW_RISK), ("measurements", Severity.HIGH_RISK)])
assert DIFFER is not None


@pytest.fixture
def send(store: Store, record: EcgRecord, prediction: Any) -> Any:
    """Add a case with reasons; returns its id and whether it is new."""

    def _send(
        name: str,
        *reasons: str,
        differ: Reason | None = None,
        label: int | None = None,
        source: CaseSource = CaseSource.ANALYZE,
    ) -> Any:
        return review.put_case(
            store,
            review.NewCase(
                replace(record, record_id=name),
                prediction=prediction(1),
                quality=Quality(QualityVerdict.ACCEPTABLE, ()),
                source=source,
                label=None if label is None else Severity(label),
                reasons=reasons,
                disagreement=differ,
            ),
            "Ada",
        )

    return _send


def test_a_sentence_alone_flags_nothing(store: Store, send: Any) -> None:
    told, _ = send("r1", DIFFER.text)
    assert not review.get_case(store, told).graders_disagree


def test_a_case_is_flagged_by_its_reason_and_found_by_the_flag(store: Store, send: Any) -> None:
    flagged, new = send("r1", "Sent by Ada.", differ=DIFFER)
    other, _ = send("r2", "Sent by Ada.")
    assert new
    assert review.get_case(store, flagged).graders_disagree
    assert not review.get_case(store, other).graders_disagree
    page = review.list_cases(store, CaseFilter(graders_disagree=True))
    assert [case.id for case in page.cases] == [flagged]
    assert page.total == 1
    assert DIFFER.text in page.cases[0].reasons


def test_a_case_that_is_there_already_is_flagged_once_and_keeps_its_grade(store: Store, send: Any) -> None:
    first, _ = send("r1", "Sent by Ada.", label=1)
    again, new = send("r1", "Sent by Ben.", differ=DIFFER, label=1)
    assert (again, new) == (first, False)
    assert review.get_case(store, first).reasons == ("Sent by Ada.", DIFFER.text)
    send("r1", differ=DIFFER, label=1)
    found = review.get_case(store, first)
    assert found.reasons == ("Sent by Ada.", DIFFER.text)
    assert found.graders_disagree
    assert found.level is Severity.LOW_RISK


def test_a_rightly_graded_case_about_which_graders_differ_is_read(store: Store, send: Any) -> None:
    right, _ = send("right", label=1, source=CaseSource.CASES)
    assert review.blind_queue(store, "Ben") is None
    differ, _ = send("differ", differ=DIFFER, label=1, source=CaseSource.CASES)
    following = review.blind_queue(store, "Ben")
    assert following is not None
    assert following.id == differ != right
    assert review.progress(store, "Ben").waiting == 1


def test_a_database_of_the_first_version_is_brought_up_to_date(store: Store, send: Any, database_url: str) -> None:
    kept, _ = send("r1", "Sent by Ada.", label=3)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_cases_graders_disagree_id")
        connection.exec_driver_sql("DROP INDEX ix_cases_queue")
        connection.exec_driver_sql("ALTER TABLE cases DROP COLUMN graders_disagree")
        columns = "study, error, shuffle, status, n_blind, waveform_deleted_at, id"
        connection.exec_driver_sql(f"CREATE INDEX ix_cases_queue ON cases ({columns})")
        connection.exec_driver_sql("DROP INDEX ix_cases_patient_key")
        connection.exec_driver_sql("ALTER TABLE cases DROP COLUMN patient_key")
        connection.exec_driver_sql("DROP TABLE alerts")
        connection.exec_driver_sql("DROP TABLE settings")
        connection.exec_driver_sql("DROP TABLE deliveries")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    store.close()
    later = review.open_store(database_url)
    assert not review.get_case(later, kept).graders_disagree
    inspector = sa.inspect(later.engine)
    expected = {index.name: [column.name for column in index.columns] for index in metadata.tables["cases"].indexes}
    there = {index["name"]: index["column_names"] for index in inspector.get_indexes("cases")}
    assert {name: there.get(str(name)) for name in expected} == expected
    later.close()
