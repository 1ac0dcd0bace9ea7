"""What a case keeps, what it leaves behind, and what the audit knows of grades."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.domain import (
    Analysis,
    CaseReference,
    CaseSource,
    EcgRecord,
    EventKind,
    MachineReading,
    Provenance,
    Quality,
    QualityVerdict,
    ReadKind,
    Severity,
)
from cardiov_core.errors import CaseNotFoundError, ReviewError
from cardiov_core.review import Store
from cardiov_core.review.database.schema import events, waveforms
from cardiov_core.review.database.waveforms import pack, unpack

GOOD = Quality(QualityVerdict.ACCEPTABLE, ())


def _personal(record: EcgRecord) -> EcgRecord:
    return replace(
        record,
        record_id="r1",
        age=94.0,
        sex="female",
        recorded_at=datetime(2026, 1, 2, tzinfo=UTC),
        patient_id="PID-77",
        device="CART-5",
        comments=("seen by Dr Quux",),
        warnings=("quux.xml says so",),
        machine=MachineReading("CART-5", statements=("Quux rhythm",)),
        provenance=Provenance("/home/quux/r1.hea", "WFDB", ("quux.dat",), "f" * 64),
    )


@pytest.mark.parametrize("step_mv", [0.001, 0.00488, 0.3])
def test_a_waveform_comes_back_sample_for_sample(record: EcgRecord, step_mv: float) -> None:
    signal = (np.round(record.signal.astype(np.float64) / step_mv) * step_mv).astype(np.float32)
    signal[2, 10:20] = np.nan
    signal[3, 0] = np.nan
    signal[4] = 32.767
    signal[4, ::2] = -32.767
    packed = pack(replace(record, signal=signal))
    back = unpack(packed, record_id="x", age=None, sex=None)
    np.testing.assert_array_equal(back.signal, signal)
    assert (back.leads, back.sampling_rate) == (record.leads, record.sampling_rate)
    assert packed.header.coding == ("float32_mv" if step_mv == 0.00488 else "int16_uv_differences")
    assert len(packed.samples) < signal.nbytes


def test_a_signal_beyond_16_bits_is_kept_too(record: EcgRecord) -> None:
    signal = np.full_like(record.signal, 40.0)
    np.testing.assert_array_equal(
        unpack(pack(replace(record, signal=signal)), record_id="x", age=None, sex=None).signal, signal
    )


def test_nothing_of_the_person_is_stored_with_the_waveform(store: Store, record: EcgRecord) -> None:
    case_id = review.put_case(
        store,
        review.NewCase(
            _personal(record),
            prediction=None,
            quality=GOOD,
            source=CaseSource.FOLDER,
        ),
        "Ada",
    )[0]
    back = review.waveform_of(store, case_id)
    assert (back.age, back.sex) == (300.0, "female")
    assert (back.patient_id, back.device, back.recorded_at, back.machine) == (None, None, None, None)
    everything = repr(review.get_case(store, case_id)) + repr(back) + repr(review.events_of(store))
    with store.reading() as connection:
        everything += repr(connection.execute(sa.select(waveforms.c.header)).all())
    for trace in ("PID-77", "CART-5", "uux", "2026-01-02"):
        assert trace not in everything


def test_equal_waveforms_are_stored_once(store: Store, add: Any) -> None:
    first, second = add("r1"), add("r2")
    assert first != second
    with store.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(waveforms)).scalar() == 1


def test_a_record_that_is_there_keeps_its_case_and_its_grade(store: Store, add: Any) -> None:
    case_id = add("r1", level=1)
    assert add("r1", level=1) == case_id
    assert [event.kind for event in review.events_of(store, case_id)] == [EventKind.CASE_ADDED]
    assert add("r1", level=2, sha256="b" * 64) == case_id
    case = review.get_case(store, case_id)
    assert (case.level, case.model_sha256) == (1, "a" * 64)
    regraded = review.events_of(store, case_id)[-1]
    assert regraded.kind is EventKind.CASE_REGRADED
    assert (regraded.before["level"], regraded.after["level"], regraded.model_sha256) == (1, 2, "b" * 64)


def test_a_deleted_waveform_is_gone_for_good_and_the_audit_says_so(store: Store, add: Any, database_url: str) -> None:
    first, second = add("r1"), add("r2")
    review.commit_read(store, first, "Ada", Severity(1), 1)
    with store.reading() as connection:
        samples = connection.execute(sa.select(waveforms.c.samples)).scalar_one()
    with pytest.raises(ReviewError, match="reason"):
        review.delete_waveform(store, first, "Dan", " ")
    assert review.delete_waveform(store, first, "Dan", "the patient asked") == 2
    for case_id in (first, second):
        assert review.get_case(store, case_id).waveform_deleted
        with pytest.raises(CaseNotFoundError, match="deleted"):
            review.waveform_of(store, case_id)
        event = review.events_of(store, case_id)[-1]
        assert (event.kind, event.who) == (EventKind.WAVEFORM_DELETED, "Dan")
        assert event.after["reason"] == "the patient asked"
    assert len(review.reads_of(store, first)) == 1
    assert review.blind_queue(store, "Ben") is None
    with pytest.raises(CaseNotFoundError, match="before"):
        review.delete_waveform(store, first, "Dan", "again")
    if store.dialect == "sqlite":
        path = Path(str(store.engine.url.database))
        for file in path.parent.glob(f"{path.name}*"):
            assert samples[100:200] not in file.read_bytes()


def test_waveforms_expire_when_all_their_cases_are_old(store: Store, add: Any, record: EcgRecord) -> None:
    add("r1")
    now = datetime.now(UTC)
    assert review.expire_waveforms(store, now - timedelta(days=1), "Dan") == 0
    between = datetime.now(UTC)
    add("r2")
    # The younger case uses the same waveform.
    assert review.expire_waveforms(store, between, "Dan") == 0
    assert review.expire_waveforms(store, datetime.now(UTC) + timedelta(seconds=1), "Dan") == 2
    assert review.events_of(store)[-1].kind is EventKind.WAVEFORM_EXPIRED
    with pytest.raises(ReviewError, match="time zone"):
        review.expire_waveforms(store, now.replace(tzinfo=None), "Dan")


def _analysis(record: EcgRecord, prediction: Any) -> Analysis:
    return Analysis(_personal(record), GOOD, prediction)


def test_every_grade_shown_is_an_event_and_ends_blindness(
    store: Store, record: EcgRecord, add: Any, prediction: Any
) -> None:
    assert review.ShownGrade.of(_analysis(record, None)) is None
    review.log_grades_shown(store, [], "Ada")
    assert review.events_of(store)[-1].kind is not EventKind.GRADE_SHOWN
    shown = review.ShownGrade.of(_analysis(record, prediction(2)))
    assert shown is not None
    review.log_grades_shown(store, [shown], "Ada")
    with store.reading() as connection:
        row = connection.execute(sa.select(events).order_by(events.c.id.desc()).limit(1)).one()
    assert (row.who, row.kind, row.record_sha256) == ("Ada", "grade shown", "f" * 64)
    assert (row.model, row.model_sha256, row.after["level"]) == ("cardiov", "a" * 64, 2)
    assert row.app_version
    case_id = review.put_case(
        store,
        review.NewCase(
            _personal(record),
            prediction=prediction(2),
            quality=GOOD,
            source=CaseSource.CASES,
        ),
        "Dan",
    )[0]
    assert review.commit_read(store, case_id, "Ada", Severity(1), 1).kind is ReadKind.UNBLINDED
    assert review.commit_read(store, case_id, "Ben", Severity(1), 1).kind is ReadKind.BLIND
    # The same trace under another name and checksum.
    assert review.commit_read(store, add("other"), "Ada", Severity(1), 1).kind is ReadKind.UNBLINDED


def test_an_opinion_is_logged_and_a_disagreement_has_a_reason(store: Store, record: EcgRecord, prediction: Any) -> None:
    shown = _analysis(record, prediction(2))
    review.log_opinion(store, shown, agree=True, by="Ada")
    with pytest.raises(ReviewError, match="reason"):
        review.log_opinion(store, shown, agree=False, by="Ada", level=Severity(1))
    review.log_opinion(store, shown, agree=False, by="Ada", level=Severity(1), reason="artefact")
    event = review.events_of(store)[-1]
    assert event.kind is EventKind.OPINION_GIVEN
    assert (event.after["agree"], event.after["own_level"], event.after["reason"]) == (False, 1, "artefact")
    with pytest.raises(ReviewError, match="no level"):
        review.log_opinion(store, _analysis(record, None), agree=True, by="Ada")


def test_who_sends_a_known_record_has_seen_its_grade(store: Store, add: Any) -> None:
    case_id = add("r1", by="Dan")
    assert add("r1", by="Ben", source=CaseSource.ANALYZE) == case_id
    assert review.commit_read(store, case_id, "Ben", Severity(1), 1).kind is ReadKind.UNBLINDED
    assert review.commit_read(store, case_id, "Dan", Severity(1), 1).kind is ReadKind.BLIND


def test_names_and_texts_that_no_database_holds_are_cut_to_what_one_does(store: Store, record: EcgRecord) -> None:
    odd = "x\x00\ud800" + "y" * 500
    case_id = review.put_case(
        store,
        review.NewCase(
            replace(record, record_id=odd),
            prediction=None,
            quality=GOOD,
            source=CaseSource.FOLDER,
            reference=CaseReference(odd, odd, odd),
        ),
        odd,
    )[0]
    case = review.get_case(store, case_id)
    assert case.record_id.startswith("x?yyy")
    assert len(case.record_id) == len(case.reference.ecg_id) == 200
    read = review.commit_read(store, case_id, "Ada", Severity(1), 1, (), odd)
    assert read.text == "x?" + "y" * 500
    for study in ("", "x" * 101):
        with pytest.raises(ReviewError, match="study"):
            review.put_case(
                store,
                review.NewCase(
                    record,
                    prediction=None,
                    quality=GOOD,
                    source=CaseSource.FOLDER,
                    study=study,
                ),
                "Ada",
            )[0]
