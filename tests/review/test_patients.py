"""ECGs of one patient are found again among the cases, and the database does not know whose they are."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import CaseSource, EcgRecord, Quality, QualityVerdict
from cardiov_core.review import NewCase, Store
from cardiov_core.review.database.schema import cases

GOOD = Quality(QualityVerdict.ACCEPTABLE, ())
PATIENT = "PID-770-4711"


def _ecg(seed: int, patient_id: str | None = PATIENT) -> EcgRecord:
    record = generate("normal", seed=seed, duration_s=5.0)
    return replace(record, record_id=f"ecg-{seed}", patient_id=patient_id)


def _put(store: Store, record: EcgRecord, study: str = review.DEFAULT_STUDY) -> str:
    return review.put_case(store, NewCase(record, None, GOOD, CaseSource.FOLDER, study=study), "Ada")[0]


def test_other_ecgs_of_the_patient_are_found_the_newest_first(store: Store) -> None:
    first, second = _put(store, _ecg(1)), _put(store, _ecg(2))
    _put(store, _ecg(3, "somebody else"))
    _put(store, _ecg(4, None))
    open_one = _ecg(5)
    assert [known.case_id for known in review.ecgs_of_patient(store, open_one)] == [second, first]
    # Spaces around an id are a cart's, not the patient's.
    assert len(review.ecgs_of_patient(store, replace(open_one, patient_id=f" {PATIENT} "))) == 2
    assert review.ecgs_of_patient(store, replace(open_one, patient_id=None)) == ()
    assert review.ecgs_of_patient(store, replace(open_one, patient_id="nobody")) == ()


def test_the_same_recording_is_no_earlier_one_and_two_studies_are_one_ecg(store: Store) -> None:
    record = _ecg(1)
    _put(store, record)
    first = _put(store, _ecg(2))
    _put(store, _ecg(2), study="another study")
    (known,) = review.ecgs_of_patient(store, record)
    assert known.case_id == first
    assert review.waveform_of(store, known.case_id).n_samples == record.n_samples


def test_the_link_goes_with_the_waveform(store: Store) -> None:
    case_id = _put(store, _ecg(1))
    review.delete_waveform(store, case_id, "Ada", "the patient asked for it")
    assert review.ecgs_of_patient(store, _ecg(2)) == ()
    with store.reading() as connection:
        assert connection.execute(sa.select(cases.c.patient_key)).scalars().all() == [None]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_patient_id_stands_nowhere_in_the_database(store: Store, tmp_path: Path) -> None:
    _put(store, _ecg(1))
    store.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert len(content) > 1000
    assert PATIENT.encode() not in content


def test_two_installations_know_a_patient_by_different_checksums(store: Store, tmp_path: Path) -> None:
    other = review.open_store(f"sqlite:///{tmp_path / 'other.db'}")
    keys = []
    for each in (store, other):
        _put(each, _ecg(1))
        with each.reading() as connection:
            keys.append(connection.execute(sa.select(cases.c.patient_key)).scalar_one())
    other.close()
    assert keys[0] != keys[1]
    assert all(len(key) == 64 for key in keys)
