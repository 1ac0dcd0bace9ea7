"""Analyse through app.py, as a reader uses it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cardiov_core.datasets.synthetic import CONDITIONS
from cardiov_core.domain import Analysis
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.signals import Examination
from cardiov_core.ui.analyze import result
from cardiov_core.ui.frame.page import BANNER
from cardiov_core.ui.frame.session import Key, Session
from cardiov_core.ui.trace.controls import OPACITY, SWITCH


def shown(app: AppTest) -> str:
    """All HTML, Markdown and message text on the page."""
    html = [element.proto.body for element in app.get("html")]
    return "\n".join(html + [element.value for element in (*app.markdown, *app.error, *app.warning, *app.caption)])


def figures(app: AppTest) -> list[dict[str, object]]:
    return [json.loads(paper.proto.json) for paper in app.get("bidi_component")]


def upload(app: AppTest, files: dict[str, bytes]) -> AppTest:
    zone = app.file_uploader[0]
    for name, content in files.items():
        zone.upload(name, content)
    return app.run()


def open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state[Key.TABS] = name
    return app.run()


def level_of(app: AppTest) -> int:
    found = re.search(r'aria-label="Level (\d) on a scale of 0 to 3: (\w+) risk', shown(app))
    assert found, "no level on the page"
    assert found.group(2) == ("No", "Low", "Medium", "High")[int(found.group(1))]
    return int(found.group(1))


def test_the_empty_page_offers_a_drop_zone_and_eight_labelled_samples(app: AppTest) -> None:
    assert not app.exception
    assert BANNER in shown(app)
    assert len(app.file_uploader) == 1
    assert ".zip" in app.file_uploader[0].label
    tiles = [button.label for button in app.button if button.key.startswith(Key.SAMPLE)]
    assert len(tiles) == len(CONDITIONS) == 8
    assert all("synthetic" in label and " y, " in label for label in tiles)
    assert not app.get("bidi_component")


@pytest.mark.parametrize("condition", ["normal", "atrial_fibrillation", "inferior_st_elevation"])
def test_a_sample_shows_its_level_and_its_trace(app: AppTest, condition: str) -> None:
    app.button(key=f"{Key.SAMPLE}_{condition}").click().run()
    assert not app.exception
    assert not app.error
    level = level_of(app)
    text = shown(app)
    sentence = "A low level does not rule out disease." if level < 2 else "May suggest need for prompt review"
    assert sentence in text
    assert "Synthetic" in text
    bars = [float(width) for width in re.findall(r'cv-fill" style="width:([\d.]+)%', text)]
    assert len(bars) == 3
    assert bars == sorted(bars, reverse=True)
    assert len(figures(app)) == 1, "attention is not drawn before it is asked for"


def test_a_file_that_cannot_be_read_takes_no_open_ecg_away(
    app: AppTest, wfdb_files, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.button(key=f"{Key.SAMPLE}_inferior_st_elevation").click().run()
    with monkeypatch.context() as patch:
        patch.setattr("cardiov_core.ui.analyze.result.analyze", lambda *_, **__: pytest.fail("graded again"))
        upload(app, {"letter.pdf": b"%PDF-1.7"})
    assert not app.exception
    assert app.error[0].value.startswith("letter.pdf")
    assert level_of(app) == 3
    assert "Inferior ST elevation" in shown(app)
    upload(app, wfdb_files("generated"))
    assert not app.error, "and one that can takes its place"
    assert "Inferior ST elevation" not in shown(app)


def test_the_ecg_stands_there_before_its_level(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def _break(*_: object, **__: object) -> None:
        raise RecordUnsupportedError("This ECG cannot be graded.", "Open another.")

    monkeypatch.setattr("cardiov_core.ui.analyze.result.analyze", _break)
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    assert not app.exception
    assert len(figures(app)) == 1
    assert "Analysing the ECG" in shown(app)
    assert "cannot be graded" in app.error[0].value


def test_the_head_is_that_of_a_carts_print(app: AppTest) -> None:
    app.button(key=f"{Key.SAMPLE}_inferior_st_elevation").click().run()
    text = shown(app)
    head = text[text.index('class="cv-cart"') :].split("</section>")[0]
    for words in ("59 y, male", "Sinus rhythm", "HR", "PR", "QRS", "QTc", "Axis", "Level 3 <small>high risk</small>"):
        assert words in head
    assert "ST elevation, inferior" in head, "one plain reason"
    assert head.index("Critical: ST elevation") < head.index("Synthetic record"), "the gravest first"


def test_graders_are_named_for_researchers_alone(app: AppTest) -> None:
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    assert not [radio for radio in app.radio if radio.key == Key.GRADER]
    app.toggle(key=Key.RESEARCHER).set_value(True).run()
    assert app.radio(key=Key.GRADER).value
    app.button(key=Key.CLOSE).click().run()
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    assert app.toggle(key=Key.RESEARCHER).value, "kept"


def test_an_explanation_names_its_grader_to_researchers_alone(app: AppTest) -> None:
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    open_tab(app, "Explanation")
    assert "Grad-CAM of all stages of the network" in shown(app)
    assert "Grader: " not in shown(app)
    app.toggle(key=Key.RESEARCHER).set_value(True).run()
    assert re.search(r"leads alike\. Grader: \w+\.", shown(app))


def test_what_is_folded_away_opens_with_what_it_says_now(app: AppTest) -> None:
    """A fresh page opened the opacity with 20 %, and a key pressed was undone by the control behind 'More'."""
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    app.run()
    assert app.selectbox(key=f"{Key.OPACITY}_0").proto.default == OPACITY.options.index(OPACITY.first)
    app.session_state[Key.TRACE] = {"chosen": {"count": 7, "words": {Key.WAVES: "on"}}}
    app.run()
    assert not [control for control in app.selectbox if control.key == f"{Key.WAVES}_0"]
    assert app.selectbox(key=f"{Key.WAVES}_7").proto.default == SWITCH.index("on")
    assert figures(app)[0]["chosen"]["waves"] == "on"


def test_the_trace_weighs_less_than_a_megabyte(app: AppTest) -> None:
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    trace = app.get("bidi_component")[0].proto.json
    assert 50_000 < len(trace.encode()) < 450_000


def test_display_controls_never_rerun_the_network(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    app.selectbox(key=Key.OVERLAY).select("on").run()
    before = figures(app)[0]["chosen"]
    monkeypatch.setattr("cardiov_core.ui.analyze.result.analyze", lambda *_, **__: pytest.fail("the network ran again"))
    monkeypatch.setattr(
        "cardiov_core.inference.NetworkGrader.explain", lambda *_, **__: pytest.fail("the explanation ran again")
    )
    app.selectbox(key=Key.LAYOUT).select("12x1")
    app.selectbox(key=Key.STAGE).select(3)
    app.selectbox(key=Key.FILTER).select("monitor")
    app.selectbox(key=f"{Key.OPACITY}_0").select(0.8).run()
    assert not app.exception
    assert not app.error
    assert figures(app)[0]["chosen"] != before


def test_how_the_paper_is_drawn_outlives_a_visit_to_another_page(app: AppTest) -> None:
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    app.selectbox(key=Key.GAIN).select(20.0).run()
    assert figures(app)[0]["chosen"]["gain"] == "20"
    app.switch_page("pages/about.py").run()
    app.switch_page("pages/analyze.py").run()
    assert app.selectbox(key=Key.GAIN).value == 20.0
    kept = figures(app)[0]["kept"]
    assert (kept["cookie"], kept["words"]["gain"]) == ("cardiov_display", "20")


def test_why_above_asks_for_another_explanation(app: AppTest) -> None:
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    app.selectbox(key=Key.TARGET).select("above low risk?").run()
    open_tab(app, "Explanation")
    assert not app.exception
    assert not app.error
    assert "for above low" in shown(app)


def test_an_uploaded_pair_is_one_record_with_its_facts(app: AppTest, wfdb_files) -> None:
    upload(app, wfdb_files("case7"))
    assert not app.exception
    assert not app.error
    level_of(app)
    text = shown(open_tab(app, "Record"))
    for fact in ("case7", "WFDB", "500 Hz", "61 y, female", "case7.hea, case7.dat"):
        assert fact in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.hea", b"this is no header\n"),
        ("table.csv", b"\x00\x01\x02 not a table"),
        ("array.npy", b"not an array"),
        ("matrix.mat", b"\x89PNG"),
        ("archive.zip", b"PK not really"),
    ],
)
def test_rubbish_with_a_legal_extension_gets_one_line(app: AppTest, name: str, content: bytes) -> None:
    upload(app, {name: content})
    assert not app.exception
    assert len(app.error) == 1
    assert name in app.error[0].value.replace("\\", "")
    assert "did not foresee" not in app.error[0].value
    assert not app.get("bidi_component")


def test_a_file_dropped_before_the_first_run_ended_is_opened(repository: Path, wfdb_files) -> None:
    early = Session()
    early.receive(list(wfdb_files("early").items()))
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60)
    app.session_state["cardiov_session"] = early
    app.run()
    assert not app.exception
    assert early.case is not None
    assert early.case.record.record_id == "early"


def test_a_sample_pressed_before_the_first_run_ended_is_opened(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that was just started takes seconds for it: what the tiles opened meanwhile was closed again."""
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60)
    with monkeypatch.context() as patch:
        patch.setattr("cardiov_core.ui.opening.page.show_page", lambda _: st.stop())
        app.run()
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    assert not app.exception
    assert level_of(app) == 0


def test_a_header_without_its_signal_file_names_the_file_to_add(app: AppTest, wfdb_files) -> None:
    files = wfdb_files("lonely")
    upload(app, {"lonely.hea": files["lonely.hea"]})
    assert not app.exception
    message = app.error[0].value.replace("\\", "")
    assert "lonely.hea" in message
    assert "lonely.dat" in message


def test_a_wrong_gain_is_withheld_until_the_reader_confirms_a_factor(app: AppTest, wfdb_files) -> None:
    upload(app, wfdb_files("wronggain", gain_per_mv=4880.0))
    assert not app.exception
    text = shown(app)
    assert "Result withheld" in text
    assert "peak to peak" in text
    assert "on a scale of 0 to 3" not in text
    assert len(figures(app)) == 1, "the trace is shown, an explanation is not"
    app.button(key=Key.CONFIRM_GAIN).click().run()
    assert not app.exception
    level_of(app)
    assert "multiplied by 4.88" in shown(app)


def test_analyse_anyway_is_stamped_on_the_result(app: AppTest, wfdb_files) -> None:
    upload(app, wfdb_files("wronggain", gain_per_mv=4880.0))
    app.button(key=Key.ANYWAY).click().run()
    assert not app.exception
    level_of(app)
    assert "Analysed anyway" in shown(app)


def test_two_records_in_one_upload_are_a_question_not_a_guess(app: AppTest, wfdb_files) -> None:
    upload(app, {**wfdb_files("first"), **wfdb_files("second")})
    assert not app.exception
    assert "2 records" in app.warning[0].value
    assert not app.get("bidi_component")
    app.radio(key=Key.QUESTION).set_value(1).run()
    app.button(key=Key.OPEN_CHOSEN).click().run()
    assert not app.exception
    level_of(app)
    assert ">second.hea</b>" in shown(app)


def test_one_bad_file_does_not_stop_the_good_one(app: AppTest, wfdb_files) -> None:
    upload(app, {**wfdb_files("good"), "table.npy": b"not an array"})
    assert not app.exception
    assert len(app.error) == 1
    level_of(app)


def test_what_a_file_does_not_say_is_asked(app: AppTest) -> None:
    rows = "\n".join(",".join(str(round(0.1 * ((i + j) % 7), 2)) for j in range(12)) for i in range(5000))
    upload(app, {"plain.csv": f"I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n{rows}\n".encode()})
    assert not app.exception
    assert len(app.error) == 1
    assert app.button(key=Key.RETRY).disabled
    app.number_input(key=Key.SAMPLING_RATE).set_value(500.0)
    if any(box.key == Key.UNITS for box in app.selectbox):
        app.selectbox(key=Key.UNITS).select("mV")
    app.run()
    app.button(key=Key.RETRY).click().run()
    assert not app.exception
    assert "500 Hz" in shown(open_tab(app, "Record"))


def test_a_long_record_offers_its_window(app: AppTest, wfdb_files) -> None:
    upload(app, wfdb_files("long", seconds=20.0))
    assert not app.exception
    assert re.search(r"\b0(\.0)?-10(\.0)? s were analysed", shown(app))
    field = next(field for field in app.number_input if field.key.startswith(Key.WINDOW))
    field.set_value(5.0).run()
    assert not app.exception
    assert re.search(r"\b5(\.0)?-15(\.0)? s were analysed", shown(app))


def test_open_another_brings_the_empty_page_back(app: AppTest) -> None:
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    app.button(key=Key.CLOSE).click().run()
    assert not app.exception
    assert len(app.file_uploader) == 1
    assert not app.get("bidi_component")


def test_an_unforeseen_error_is_a_plain_sentence(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def _break(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("cardiov_core.ui.analyze.result.analyze", _break)
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    assert not app.exception
    assert "did not foresee" in app.error[0].value
    assert "secret detail" not in shown(app)


@pytest.mark.dataset
def test_a_real_record_shows_the_cardiologists_level(app: AppTest, data_folder) -> None:
    picker = app.selectbox(key=Key.REAL_RECORD)
    picker.select_index(4).run()
    assert not app.exception
    level_of(app)
    assert "Cardiologist's level" in shown(app).replace("&#x27;", "'")


def test_the_open_ecg_has_an_address_that_opens_it_again(app: AppTest, repository: Path) -> None:
    app.button(key=f"{Key.SAMPLE}_normal").click().run()
    assert app.query_params["ecg"] in ("sample-normal", ["sample-normal"])
    again = AppTest.from_file(str(repository / "app.py"), default_timeout=60)
    again.query_params["ecg"] = "sample-normal"
    again.run()
    assert not again.exception
    assert "(synthetic)" in shown(again)
    again.button(key=Key.CLOSE).click().run()
    assert "ecg" not in again.query_params
    assert again.file_uploader


def test_an_address_of_an_ecg_that_is_gone_is_a_sentence(repository: Path) -> None:
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60)
    app.query_params["ecg"] = "0123456789abcdef"
    app.run()
    assert not app.exception
    assert any("not open here any more" in error.value for error in app.error)
    assert app.file_uploader


def test_age_and_sex_are_asked_for_where_the_file_lacks_them(app: AppTest, wfdb_files) -> None:
    files = wfdb_files("nobody")
    files["nobody.hea"] = b"\n".join(line for line in files["nobody.hea"].splitlines() if not line.startswith(b"#"))
    upload(app, files)
    assert "age unknown" in shown(app)
    app.number_input(key="person_age").set_value(71)
    app.radio(key="person_sex").set_value("male")
    app.button(key="person_set").click().run()
    assert not app.exception
    assert "71 y, male" in shown(app)
    assert "entered by the reader" in shown(app)
    assert "Age is not stated" not in shown(app)
    assert not [radio for radio in app.radio if radio.key == "person_sex"]


def test_no_sentence_names_an_option_of_the_command_line(app: AppTest) -> None:
    rows = "\n".join(",".join("0.1" for _ in range(12)) for _ in range(5000))
    upload(app, {"plain.csv": f"I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n{rows}\n".encode()})
    assert len(app.error) == 1
    assert "--" not in app.error[0].value


def test_nobody_can_insist_on_a_level_where_no_heart_beats(app: AppTest, wfdb_files) -> None:
    files = wfdb_files("dead")
    noise = np.random.default_rng(1).normal(0, 60, len(files["dead.dat"]) // 2).astype("<i2")
    upload(app, {**files, "dead.dat": noise.tobytes()})
    assert not app.exception
    assert "No level" in shown(app)
    assert not [button for button in app.button if button.key == Key.ANYWAY]


def test_of_a_long_record_the_window_alone_is_measured(
    app: AppTest, wfdb_files, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = []
    plain = result.analyze

    def _watched(examined: Examination, *arguments: object, **options: object) -> Analysis:
        lengths.append(examined.record.duration_s)
        return plain(examined, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("cardiov_core.ui.analyze.result.analyze", _watched)
    upload(app, wfdb_files("hour", seconds=90.0))
    assert "of these" in shown(app)
    field = next(field for field in app.number_input if field.key.startswith(Key.WINDOW))
    field.set_value(40.0).run()
    assert not app.exception
    assert lengths == [10.0, 10.0]
    assert "40.00 to 50.00 s" in shown(open_tab(app, "Record"))
