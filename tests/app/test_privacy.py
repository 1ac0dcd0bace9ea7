"""Names, ids and dates of a patient are planted in a file, and looked for wherever they have no business."""

import io
import logging
import sys
import tempfile
import time
import weakref
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pydicom
import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.errors import log_unforeseen
from cardiov_core.ui.analyze import upload
from cardiov_core.ui.frame import remembered
from tests.app.test_analyze import upload as drop
from tests.io.carts import cart_files

NAME, PATIENT, BORN, DAY = "Plantagenet^Eleanor", "PLANTED-4711", "19371122", "20190504"
PLANTED = ("plantagenet", "eleanor", "planted", "4711", BORN, "1937-11-22", DAY, "2019-05-04")
_made: list[str] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"tempfile.mkdtemp", "tempfile.mkstemp"}:
        _made.append(str(arguments[0]))


sys.addaudithook(_note)


@pytest.fixture
def made() -> list[str]:
    """Every temporary name that is made meanwhile."""
    _made.clear()
    return _made


def planted() -> bytes:
    """A DICOM file of a patient with a name, an id, a date of birth and a date of recording."""
    record = generate("normal", seed=2, sampling_rate_hz=500, duration_s=10)
    record = replace(record, age=81.0, sex="female", recorded_at=datetime(2019, 5, 4, 10, 20, 30), patient_id=PATIENT)
    dataset = pydicom.dcmread(io.BytesIO(cart_files.dicom(record)))
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = NAME, PATIENT, BORN
    dataset.AcquisitionDateTime, dataset.StudyDate = f"{DAY}102030", DAY
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def found_in(text: str) -> list[str]:
    return [word for word in PLANTED if word in text.lower()]


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """What CardioV and the server log; what a test's own tools log is theirs."""
    return "\n".join(
        f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records if "hypothesis" not in record.name
    )


@pytest.mark.parametrize("damage", [None, "cut", "no leads", "archive"])
def test_nothing_of_a_patient_is_in_logs_addresses_temporary_names_and_error_texts(
    app: AppTest,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    made: list[str],
    damage: str | None,
) -> None:
    content = planted()
    if damage == "cut":
        content = content[: len(content) * 2 // 3]
    elif damage == "no leads":
        content = content.replace(b"Lead ", b"Plug ").replace(b"MDC_ECG", b"MDC_XXX").replace(b"2:1", b"9:9")
    elif damage == "archive":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("a.dcm", content)
            archive.writestr("../Plantagenet.dcm", content)
        content = stream.getvalue()
    with caplog.at_level(logging.DEBUG):
        drop(app, {"ecg.zip" if damage == "archive" else "ecg.dcm": content})
    assert not app.exception
    if damage is None:
        assert app.session_state["cardiov_session"].case is not None
    said = capfd.readouterr()
    assert found_in(logged(caplog)) == []
    assert found_in(said.out + said.err) == []
    assert found_in("&".join(f"{key}={value}" for key, value in app.query_params.items())) == []
    assert made
    assert found_in(" ".join(name.removeprefix(tempfile.gettempdir()) for name in made)) == []
    if damage in {"cut", "no leads"}:
        assert found_in(" ".join(error.value for error in app.error)) == []


def test_keys_of_caches_and_of_the_session_hold_nothing_of_a_patient(app: AppTest) -> None:
    drop(app, {"ecg.dcm": planted()})
    current = app.session_state["cardiov_session"]
    assert current.case.record.patient_id == PATIENT
    keys = [*current.analyses, *current.explanations, *app.session_state._state.filtered_state]
    assert keys
    assert found_in(" ".join(map(str, keys))) == []


def test_a_bug_is_logged_without_what_it_quotes(
    app: AppTest, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _break(*_: object, **__: object) -> None:
        try:
            raise KeyError(NAME)
        except KeyError as error:
            raise ValueError(f"no room for {PATIENT}") from error

    monkeypatch.setattr(upload, "read_uploads", _break)
    drop(app, {"ecg.dcm": planted()})
    assert "ValueError" in caplog.text
    assert "KeyError" in caplog.text
    assert "test_privacy.py" in caplog.text
    assert found_in(caplog.text.replace("test_privacy.py", "").replace(str(Path(__file__).parent), "")) == []


def test_the_whole_chain_is_logged_by_places(caplog: pytest.LogCaptureFixture) -> None:
    try:
        {}["x"]
    except KeyError as error:
        log_unforeseen(logging.getLogger("t"), "Unforeseen.", error)
    assert "Unforeseen. KeyError" in caplog.text
    assert ", line " in caplog.text


def test_what_was_kept_for_a_reload_is_let_go_although_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_MAX_KEPT_S", "0.2")
    memory = remembered._Memory()
    gone = memory.browser("a").tabs.setdefault("tab", {})
    gone["case"] = Case()
    watched = weakref.ref(gone["case"])
    del gone
    deadline = time.monotonic() + 10
    while watched() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Case:
    """Stands for an open ECG, whose end can be seen."""
