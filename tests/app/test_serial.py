"""Comparing with another ECG: whose it is and which came first is known or asked."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import CaseSource, EventKind, Quality, QualityVerdict
from cardiov_core.review import Store
from cardiov_core.ui.frame.review_session import ReviewState
from cardiov_core.ui.frame.session import Case, Key, Origin, Session


def files(name: str, condition: str = "normal", *, seed: int = 3, facts: tuple[str, ...] = (), start: str = ""):
    """WFDB header and signal file of a synthetic ECG, with comments and a time of recording."""
    record = generate(condition, seed=seed, sampling_rate_hz=500, duration_s=10.0)
    digital = np.round(record.signal.T * 1000.0).astype("<i2")
    lines = [f"{name} {len(record.leads)} 500 {len(digital)}{f' {start}' if start else ''}"]
    for index, lead in enumerate(record.leads):
        checksum = int(digital[:, index].sum(dtype=np.int64)) & 0xFFFF
        lines.append(f"{name}.dat 16 1000(0)/mV 16 0 {digital[0, index]} {checksum} 0 {lead}")
    lines += [f"# {fact}" for fact in facts]
    return {f"{name}.hea": "\n".join([*lines, ""]).encode(), f"{name}.dat": digital.tobytes()}


def shown(app: AppTest) -> str:
    html = [element.proto.body for element in app.get("html")]
    texts = (*app.markdown, *app.error, *app.warning, *app.caption)
    return "\n".join(html + [element.value for element in texts])


def upload(app: AppTest, content: dict[str, bytes], index: int = -1) -> AppTest:
    zone = app.file_uploader[index]
    for name, data in content.items():
        zone.upload(name, data)
    return app.run()


def open_compare(app: AppTest, content: dict[str, bytes]) -> AppTest:
    upload(app, content)
    app.session_state[Key.TABS] = "Compare"
    return app.run()


def row(app: AppTest, name: str) -> list[str]:
    found = re.search(rf'<th scope="row">{name}</th>(.*?)</tr>', shown(app))
    assert found, f"no {name} in the table"
    return re.findall(r"<td[^>]*>(.*?)</td>", found.group(1))


def test_an_earlier_ecg_is_put_first_and_the_differences_are_told(app: AppTest) -> None:
    open_compare(app, files("now", "sinus_bradycardia", facts=("Age: 61", "Sex: Female"), start="10:00:00 05/03/2023"))
    upload(app, files("before", facts=("Age: 58", "Sex: Female"), start="09:00:00 04/03/2020"))
    assert not app.exception
    app.button(key=Key.SAME_PATIENT).click().run()
    assert not app.exception
    assert not app.error
    text = shown(app)
    assert re.search(r"<b>Earlier:</b> before.hea.*<b>Later \(after 3.0 years\):</b> now.hea", text, re.DOTALL)
    earlier, later, difference, outcome = row(app, "Heart rate")
    numbers = [int(re.match(r"\d+", value).group()) for value in (earlier, later)]
    assert 64 <= numbers[0] <= 76
    assert 42 <= numbers[1] <= 50
    assert difference == f"\u2212{numbers[0] - numbers[1]}\u2009/min"
    assert outcome.startswith("Changed (a change from")
    assert "New: Bradycardia" in text
    assert "Changed:" in text
    charts = app.get("bidi_component")
    assert len(charts) == 3, "the open ECG, and both beside each other"
    assert "cv-shape" in text


def test_different_sexes_are_a_question_not_a_guess(app: AppTest) -> None:
    open_compare(app, files("now", facts=("Age: 61", "Sex: Female")))
    upload(app, files("before", seed=4, facts=("Age: 61", "Sex: Male")))
    assert not app.exception
    text = shown(app)
    assert "contradict each other" in text
    assert "The sexes differ: female and male." in text
    assert len(app.get("bidi_component")) == 1, "nothing is compared before the answer"


def test_missing_times_are_asked_for(app: AppTest) -> None:
    open_compare(app, files("now"))
    upload(app, files("before", seed=4))
    assert "cannot be checked" in shown(app)
    app.button(key=Key.SAME_PATIENT).click().run()
    radio = next(radio for radio in app.radio if radio.label == "Which is the earlier ECG?")
    assert len(app.get("bidi_component")) == 1
    radio.set_value(1).run()
    assert not app.exception
    assert "<b>Earlier:</b> now.hea" in shown(app)
    assert "on the reader&#x27;s word" in shown(app).replace("reader's", "reader&#x27;s")


def test_the_same_recording_twice_is_no_comparison(app: AppTest) -> None:
    open_compare(app, files("now"))
    upload(app, files("copy"))
    assert not app.exception
    assert "the same recording" in app.warning[0].value


def test_rubbish_gets_one_line_and_leaves_the_open_record(app: AppTest) -> None:
    open_compare(app, files("now"))
    upload(app, {"notes.hea": b"this is no header\n"})
    assert not app.exception
    assert len(app.error) == 1
    assert "notes.hea" in app.error[0].value.replace("\\", "")
    assert len(app.get("bidi_component")) == 1


def test_another_record_forgets_the_comparison(app: AppTest) -> None:
    open_compare(app, files("now"))
    upload(app, files("forgotten", seed=4))
    app.button(key=Key.CLOSE).click().run()
    upload(app, files("third", seed=5), index=0)
    app.session_state[Key.TABS] = "Compare"
    app.run()
    assert not app.exception
    assert "forgotten" not in shown(app)


def test_what_was_open_before_in_this_session_is_offered(app: AppTest) -> None:
    upload(app, files("before", seed=4, start="09:00:00 04/03/2020"))
    app.button(key=Key.CLOSE).click().run()
    upload(app, files("now", start="10:00:00 05/03/2023"), index=0)
    app.session_state[Key.TABS] = "Compare"
    app.run()
    options = app.selectbox(key=Key.EARLIER).options
    assert len(options) == 1
    assert options[0].startswith("before.hea")
    app.selectbox(key=Key.EARLIER).select_index(0).run()
    app.button(key=Key.SAME_PATIENT).click().run()
    assert not app.exception
    assert re.search(r"<b>Earlier:</b> before.hea", shown(app))
    assert "The level is" in shown(app)


def test_ecgs_of_the_patient_in_the_review_are_offered_first_and_need_no_question(app: AppTest, store: Store) -> None:
    """By the patient id of a file format that states one, for a reader who gave a name."""
    before, now = (
        replace(
            generate(condition, seed=seed, duration_s=10.0), patient_id="4711", recorded_at=when, age=60.0, sex="male"
        )
        for condition, seed, when in (
            ("normal", 4, None),
            ("inferior_st_elevation", 4, datetime.now(UTC) + timedelta(days=3)),
        )
    )
    quality = Quality(QualityVerdict.ACCEPTABLE, ())
    case_id, _ = review.put_case(store, review.NewCase(before, None, quality, CaseSource.ANALYZE), "Ada")
    session: Session = app.session_state["cardiov_session"]
    session.open(Case(now, Origin.UPLOAD, "now.dcm"))
    app.session_state[Key.TABS] = "Compare"
    app.run()
    assert "once you have given your name" in shown(app)
    app.session_state["cardiov_review"] = ReviewState(name="Ada")
    app.run()
    assert "1 other ECG of this patient found." in shown(app)
    picker = app.selectbox(key=Key.EARLIER)
    assert f"Review case {case_id}, same patient" in picker.options[0]
    picker.select_index(0).run()
    assert not app.exception
    assert not app.error
    text = shown(app)
    assert f"<b>Earlier:</b> Review case {case_id}" in text, "it came in before the open one was recorded"
    assert "New: ST elevation, inferior" in text
    assert "The level is higher" in text
    shown_to = [event for event in review.events_of(store) if event.kind is EventKind.GRADE_SHOWN]
    assert len(shown_to) >= 2, "both levels stand in the audit: a later read of that case is no blind one"


@pytest.mark.dataset
def test_ptb_xl_offers_the_other_ecgs_of_the_patient(app: AppTest, data_folder) -> None:
    picker = app.selectbox(key=Key.REAL_RECORD)
    chosen = next((i for i, option in enumerate(picker.options) if "PTB-XL 00298" in option), None)
    if chosen is None:
        pytest.skip("this copy of PTB-XL lacks record 298")
    picker.select_index(chosen).run()
    app.session_state[Key.TABS] = "Compare"
    app.run()
    app.selectbox(key=Key.EARLIER).select_index(0).run()
    assert not app.exception
    assert not app.error
    assert re.search(r"<b>Earlier:</b> PTB-XL 00273.*<b>Later \(after 5 days\):</b>", shown(app), re.DOTALL)
