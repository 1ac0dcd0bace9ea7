"""Batch through app.py, as a reader uses it, and the job behind it."""

import gc
import io
import re
import threading
import time
import weakref
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.domain import Analysis, EventKind, QualityVerdict, Reason, ReasonCode, Severity
from cardiov_core.errors import RecordFormatError, RecordUnsupportedError
from cardiov_core.inference import batch as batch_room
from cardiov_core.inference import load_predictor
from cardiov_core.inference.batch import BatchError, BatchRow
from cardiov_core.io.staging import take_drop
from cardiov_core.review import Store
from cardiov_core.ui.analyze import result
from cardiov_core.ui.batch import job as batch_job
from cardiov_core.ui.batch import kept_analyses, steps
from cardiov_core.ui.batch import table as batch_table
from cardiov_core.ui.batch.job import BatchJob
from cardiov_core.ui.batch.kept_analyses import Reading
from cardiov_core.ui.batch.state import BatchState, Key
from cardiov_core.ui.frame.page import BANNER

WAIT_S = 60.0
# What a window of 1280 px leaves for the columns of the list.
LIST_PX = 1223
Files = dict[str, bytes]


def shown(app: AppTest) -> str:
    """All HTML, Markdown and message text on the page."""
    html = [element.proto.body for element in app.get("html")]
    return "\n".join(html + [element.value for element in (*app.markdown, *app.error, *app.warning, *app.caption)])


def open_page(app: AppTest) -> AppTest:
    return app.switch_page("pages/batch.py").run()


def state_of(app: AppTest) -> BatchState:
    found: BatchState = app.session_state["cardiov_batch"]
    return found


def drop_unread(app: AppTest, files: Files, *, zone: int = 0) -> None:
    """Drop files."""
    for name, content in files.items():
        app.file_uploader[zone].upload(name, content)
    app.run()


def drop(app: AppTest, files: Files, *, zone: int = 0) -> AppTest:
    """Drop files and wait for the job behind the page."""
    drop_unread(app, files, zone=zone)
    job = state_of(app).job
    if job is not None:
        job.wait(WAIT_S)
        assert not job.running
    return app.run()


def listed(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def zipped(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def csv_without_rate(wfdb_files: Callable[..., Files]) -> bytes:
    """A table of twelve leads that states neither rate nor units."""
    rows = "\n".join(",".join(str(round(0.1 * ((i + j) % 7), 2)) for j in range(12)) for i in range(5000))
    return f"I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n{rows}\n".encode()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The batch waits for this event before its second and every later record."""
    go = threading.Event()
    real = batch_job.run_batch

    def _waiting(*args: object, **options: object) -> Iterator[BatchRow | BatchError]:
        for number, each in enumerate(real(*args, **options)):  # type: ignore[arg-type]
            if number:
                assert go.wait(WAIT_S)
            yield each

    monkeypatch.setattr(batch_job, "run_batch", _waiting)
    yield go
    go.set()


def test_the_empty_page_offers_files_and_folders_and_says_how_it_sorts(app: AppTest) -> None:
    open_page(app)
    assert not app.exception
    assert BANNER in shown(app)
    assert len(app.file_uploader) == 2
    assert "withheld" in app.expander[0].markdown[0].value
    assert not app.dataframe


def test_a_zip_becomes_a_list_and_bad_files_stay_out_of_it(app: AppTest, wfdb_files: Callable[..., Files]) -> None:
    good = {f"ward/{name}": content for name, content in (wfdb_files("one") | wfdb_files("two")).items()}
    bad = {"ward/damaged.npy": b"not an array", "ward/lonely.hea": wfdb_files("lonely")["lonely.hea"]}
    notes = {"ward/notes.txt": b"nothing to see here, only words"}
    drop(open_page(app), {"all.zip": zipped(good | bad | notes)})
    assert not app.exception
    assert list(listed(app)["Record"]) == ["one.hea", "two.hea"]
    text = shown(app)
    assert "4 of 4 records: done" in app.get("progress")[0].proto.text
    assert "all.zip/ward/damaged.npy" in text
    assert "lonely.dat" in text, "what to add is said"
    assert [head.value for head in app.subheader] == ["2 files could not be read"]
    assert "1 file passed over" in app.expander[-1].label
    assert "A low level does not rule out disease." in text
    assert "May suggest need for prompt review by a cardiologist." in text


def test_the_list_says_level_in_number_word_and_shape(app: AppTest, wfdb_files: Callable[..., Files]) -> None:
    drop(open_page(app), wfdb_files("one"))
    row = listed(app).iloc[0]
    level = state_of(app).shown[0].level
    assert level is not None
    assert row["Level"] == f"{int(level)} {'●▲■◆'[level]} {level.title}"
    assert re.fullmatch(r" *[<>]?\d+\u2009%", row["Above low"])
    assert row["Age"].strip() == "61"
    assert row["Sex"] == "female"
    assert row["Quality"] == "Acceptable"
    assert str(int(level)) in row["Set"].split(" or ")


def test_the_levels_of_the_list_stand_in_the_audit_once(
    app: AppTest, store: Store, wfdb_files: Callable[..., Files]
) -> None:
    drop(open_page(app), wfdb_files("a") | wfdb_files("b"))
    app.run()
    noted = [event for event in review.events_of(store) if event.kind is EventKind.GRADE_SHOWN]
    assert len(noted) == 2, "each level once, however often the list is drawn"
    assert all(event.after["in"] == "batch" for event in noted)


def test_a_folder_keeps_records_of_one_name_apart(app: AppTest, wfdb_files: Callable[..., Files]) -> None:
    files = {f"{ward}/{name}": content for ward in ("east", "west") for name, content in wfdb_files("same").items()}
    drop(open_page(app), files, zone=1)
    assert list(listed(app)["Record"]) == ["east/same.hea", "west/same.hea"]


def test_a_withheld_level_is_a_row_and_no_bad_file(app: AppTest, wfdb_files: Callable[..., Files]) -> None:
    drop(open_page(app), wfdb_files("good") | wfdb_files("weak", gain_per_mv=4880.0))
    assert not app.subheader
    levels = dict(zip(listed(app)["Record"], listed(app)["Level"], strict=True))
    assert levels["weak.hea"] == "? Withheld"
    assert levels["good.hea"] != "? Withheld"
    app.get("button_group")[0].set_value([None]).run()
    assert not app.exception
    assert list(listed(app)["Record"]) == ["weak.hea"]
    app.get("button_group")[0].set_value([]).run()
    app.get("button_group")[1].set_value([QualityVerdict.ACCEPTABLE]).run()
    assert list(listed(app)["Record"]) == ["good.hea"]


def test_the_next_record_and_any_by_name_open_on_the_analyze_page(
    app: AppTest, wfdb_files: Callable[..., Files]
) -> None:
    files = wfdb_files("one") | wfdb_files("two", seconds=12) | wfdb_files("weak", gain_per_mv=4880.0)
    drop(open_page(app), {"all.zip": zipped({f"ward/{name}": content for name, content in files.items()})})
    first, *_ = listed(app)["Record"]
    assert first == "weak.hea", "the withheld one is looked at before levels 0 to 2"
    app.button(key=Key.NEXT).click().run()
    assert not app.exception
    assert not app.error
    assert ">weak.hea</b>" in shown(app)
    assert "Result withheld" in shown(app)
    open_page(app)
    assert dict(zip(listed(app)["Record"], listed(app)["Opened"], strict=True)) == {
        "weak.hea": "last", "one.hea": "", "two.hea": "",
    }  # fmt: skip
    level = next(row.level for row in state_of(app).shown if row.record_id == "two")
    app.selectbox(key=Key.PICK).select("two.hea").run()
    assert ">two.hea</b>" in shown(app)
    assert f"Level {int(level)} on a scale of 0 to 3" in shown(app), "the same level on both pages"


def test_next_and_back_lead_from_row_to_row_and_analyse_none_again(
    app: AppTest, wfdb_files: Callable[..., Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = wfdb_files("one") | wfdb_files("two") | wfdb_files("weak", gain_per_mv=4880.0)
    drop(open_page(app), files)
    rows = list(listed(app)["Record"])

    def _again(*_: object, **__: object) -> None:
        raise AssertionError("analysed again")

    monkeypatch.setattr(result, "analyze", _again)
    app.button(key=Key.NEXT).click().run()
    assert f">{rows[0]}</b>" in shown(app)
    assert "Case **1 of 3**" in shown(app)
    assert app.button(key=steps.PREVIOUS_KEY).disabled
    # The page that a script goes to is not the one that AppTest runs next.
    app.switch_page("pages/analyze.py").run()
    app.button(key=steps.NEXT_KEY).click().run()
    assert not app.exception
    assert f">{rows[1]}</b>" in shown(app)
    assert "Case **2 of 3**" in shown(app)
    app.button(key=steps.NEXT_KEY).click().run()
    assert app.button(key=steps.NEXT_KEY).disabled
    app.button(key=steps.BACK_KEY).click().run()
    assert dict(zip(listed(app)["Record"], listed(app)["Opened"], strict=True)) == {
        rows[0]: "yes", rows[1]: "yes", rows[2]: "last",
    }  # fmt: skip


def test_a_row_whose_analysis_is_not_held_is_prepared_ahead(
    wfdb_files: Callable[..., Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_analyses, "MAX_KEPT", 1)
    job = BatchJob(
        take_drop(list((wfdb_files("good") | wfdb_files("weak", gain_per_mv=4880.0)).items())), load_predictor()
    )
    job.start()
    job.wait(WAIT_S)
    rows = {row.record_id: row for row in job.rows}
    assert job.kept_analysis(rows["weak"].name) is not None, "the more urgent one is held"
    assert job.kept_analysis(rows["good"].name) is None
    job.prepare_row(rows["good"])
    analysis = job.kept_analysis(rows["good"].name)
    assert analysis is not None
    assert analysis.level is rows["good"].level


def test_the_counts_go_on_while_the_list_stands(
    app: AppTest, wfdb_files: Callable[..., Files], slow: threading.Event
) -> None:
    open_page(app)
    for name, content in (wfdb_files("one") | wfdb_files("two")).items():
        app.file_uploader[0].upload(name, content)
    app.run()
    job = state_of(app).job
    assert job is not None
    end = time.monotonic() + WAIT_S
    while not job.rows and time.monotonic() < end:
        time.sleep(0.02)
    app.run()
    assert not state_of(app).shown
    assert job.rows[0].level is not None
    assert f"{job.rows[0].level.title}&nbsp;<b>1</b>" in shown(app)


def test_nothing_is_counted_before_the_first_record(
    app: AppTest, wfdb_files: Callable[..., Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    go, real = threading.Event(), batch_job.run_batch

    def _waiting(*args: object, **options: object) -> Iterator[BatchRow | BatchError]:
        assert go.wait(WAIT_S)
        yield from real(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(batch_job, "run_batch", _waiting)
    try:
        drop_unread(open_page(app), wfdb_files("one"))
        job = state_of(app).job
        assert job is not None
        end = time.monotonic() + WAIT_S
        while job.progress.total is None and time.monotonic() < end:
            time.sleep(0.02)
        app.run()
        assert [bar.proto.text for bar in app.get("progress")] == ["0 of 1 record: the graders are being loaded ..."]
        assert 'class="cv-count"' not in shown(app)
    finally:
        go.set()


def test_filters_and_list_outlive_a_visit_to_another_page(app: AppTest, wfdb_files: Callable[..., Files]) -> None:
    drop(open_page(app), wfdb_files("good") | wfdb_files("weak", gain_per_mv=4880.0))
    app.get("button_group")[0].set_value([None]).run()
    app.switch_page("pages/about.py").run()
    open_page(app)
    assert not app.exception
    assert list(listed(app)["Record"]) == ["weak.hea"]


def test_graders_that_disagree_are_counted_shown_and_filtered(
    app: AppTest, wfdb_files: Callable[..., Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Reason(ReasonCode.GRADERS_DISAGREE, "The graders disagree: a No risk, b High risk.")
    plain_row = batch_room.row_of

    def _row(name: str, analysis: Analysis) -> BatchRow:
        found = plain_row(name, analysis)
        differ = "first" in name
        return replace(found, other_levels={"b": Severity.HIGH_RISK}, disagreement=said if differ else None)

    monkeypatch.setattr(batch_room, "row_of", _row)
    drop(open_page(app), {"all.zip": zipped({**wfdb_files("first"), **wfdb_files("second")})})
    assert not app.exception
    assert "<b>1</b>&nbsp;graders disagree" in shown(app)
    assert sorted(listed(app)["Graders"].tolist()) == ["", "differ"]
    app.checkbox(key=Key.DIFFER).check().run()
    assert listed(app)["Record"].tolist() == ["first.hea"]


def test_a_filter_without_records_says_so(app: AppTest, wfdb_files: Callable[..., Files]) -> None:
    drop(open_page(app), wfdb_files("good"))
    app.get("button_group")[0].set_value([None]).run()
    assert "No record is as you chose" in app.info[0].value
    assert not app.dataframe


def test_a_stopped_batch_keeps_what_is_done_and_goes_on(
    app: AppTest, wfdb_files: Callable[..., Files], slow: threading.Event
) -> None:
    open_page(app)
    for name, content in (wfdb_files("one") | wfdb_files("two") | wfdb_files("three")).items():
        app.file_uploader[0].upload(name, content)
    app.run()
    job = state_of(app).job
    assert job is not None
    end = time.monotonic() + WAIT_S
    while not job.rows and time.monotonic() < end:
        time.sleep(0.02)
    app.run()
    assert not app.exception
    assert "1 of 3 records" in app.get("progress")[0].proto.text
    app.button(key=Key.REFRESH).click().run()
    assert len(listed(app)) == 1, "the page can be used while the batch runs"
    app.button(key=Key.STOP).click().run()
    slow.set()
    job.wait(WAIT_S)
    app.run()
    n_done = len(listed(app))
    assert 1 <= n_done < 3
    assert f"Stopped at {n_done} of 3 records" in app.get("progress")[0].proto.text
    app.button(key=Key.GO_ON).click().run()
    job.wait(WAIT_S)
    app.run()
    assert len(listed(app)) == 3
    assert len(set(listed(app)["Record"])) == 3, "no record twice"


def test_another_batch_lets_everything_go(app: AppTest, wfdb_files: Callable[..., Files]) -> None:
    drop(open_page(app), wfdb_files("one"))
    app.button(key=Key.ANOTHER).click().run()
    assert not app.exception
    assert state_of(app).job is None
    assert len(app.file_uploader) == 2
    drop(app, wfdb_files("two"))
    assert list(listed(app)["Record"]) == ["two.hea"]


def test_what_files_do_not_say_is_asked_once_for_all(
    app: AppTest, wfdb_files: Callable[..., Files], csv_without_rate: bytes
) -> None:
    drop(open_page(app), wfdb_files("good") | {"plain.csv": csv_without_rate, "again.csv": csv_without_rate})
    assert [head.value for head in app.subheader] == ["2 files could not be read"]
    assert "plain.csv does not state" in shown(app)
    assert "such as mV or uV" in shown(app)
    assert "--units" not in shown(app), "no options of the command line"
    assert app.button(key=Key.READ_AGAIN).disabled
    app.number_input(key=Key.SAMPLING_RATE).set_value(500.0)
    app.selectbox(key=Key.UNITS).select("mV")
    app.run()
    app.button(key=Key.READ_AGAIN).click().run()
    job = state_of(app).job
    assert job is not None
    job.wait(WAIT_S)
    app.run()
    assert not app.exception
    assert not app.subheader
    assert set(listed(app)["Record"]) == {"good.hea", "plain.csv", "again.csv"}


def test_too_large_a_drop_is_refused_in_words(
    app: AppTest, wfdb_files: Callable[..., Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARDIOV_MAX_DROPPED_FILES", "1")
    drop(open_page(app), wfdb_files("one"))
    assert not app.exception
    assert "2 files were dropped; at most 1" in app.error[0].value
    assert len(app.file_uploader) == 2


def test_a_drop_without_any_ecg_says_so(app: AppTest) -> None:
    drop(open_page(app), {"notes.txt": b"nothing to see here, only words"})
    assert not app.exception
    assert "0 of 0 records: done" in app.get("progress")[0].proto.text
    assert "1 file passed over" in app.expander[-1].label


def test_the_job_dies_with_its_session(wfdb_files: Callable[..., Files], slow: threading.Event) -> None:
    job = BatchJob(take_drop(list((wfdb_files("one") | wfdb_files("two")).items())), load_predictor())
    job.start()
    thread = next(thread for thread in threading.enumerate() if thread.name == "cardiov-batch")
    gone = weakref.ref(job)
    del job
    gc.collect()
    assert gone() is None
    slow.set()
    thread.join(WAIT_S)
    assert not thread.is_alive()


def test_an_unforeseen_error_ends_the_batch_with_a_sentence(
    wfdb_files: Callable[..., Files], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def _break(*_: object, **__: object) -> Iterator[BatchRow]:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(batch_job, "run_batch", _break)
    job = BatchJob(take_drop(list(wfdb_files("one").items())), load_predictor())
    job.start()
    job.wait(WAIT_S)
    assert job.failure is not None
    assert "did not foresee" in job.failure.message
    assert "secret" not in job.failure.message
    assert "ZeroDivisionError" in caplog.text
    # The line of the program is logged, the message of the error is not: it may quote a file.
    assert "ZeroDivisionError: " not in caplog.text
    assert not job.complete


def test_reading_again_touches_only_what_lacked_something(
    wfdb_files: Callable[..., Files], csv_without_rate: bytes
) -> None:
    files = wfdb_files("good") | {"plain.csv": csv_without_rate, "damaged.npy": b"not an array"}
    job = BatchJob(take_drop(list(files.items())), load_predictor())
    job.start()
    job.wait(WAIT_S)
    good = job.rows[0]
    assert job.lacking == {"sampling_rate", "units"}
    job.read_again(Reading(500.0, "mV"))
    job.wait(WAIT_S)
    assert job.rows[0] is good
    assert {row.name for row in job.rows} == {"good.hea", "plain.csv"}
    assert [error.name for error in job.errors] == ["damaged.npy"]
    assert not job.lacking
    assert job.complete


def test_no_cell_of_the_csv_is_a_formula() -> None:
    table = pd.DataFrame({"record": ["=cmd|' /C calc'!A0", "plain", None], "n": [-1, 2, 3]}).astype(
        {"record": "string"}
    )
    lines = batch_table.csv_bytes(table).decode().splitlines()
    assert lines == ["record,n", "'=cmd|' /C calc'!A0,-1", "plain,2", ",3"]


def test_bad_files_have_a_table_of_their_own() -> None:
    errors = [
        BatchError("a.npy", RecordFormatError("a.npy is damaged.", "Export it again.")),
        BatchError("b.npy", RecordUnsupportedError("b.npy lasts 2 s.", "Record 10 s (--windows).")),
    ]
    table = batch_table.error_table(errors)
    assert list(table.columns) == ["file", "type", "message", "hint"]
    assert list(table["type"]) == ["RecordFormatError", "RecordUnsupportedError"]
    assert list(table["hint"]) == ["Export it again.", "Record 10 s."], "no options of the command line"


def test_all_columns_fit_on_a_screen_of_1280_px() -> None:
    columns = batch_table.column_settings("open").values()
    widths = [int(str(getattr(column, "config", column)["width"])) for column in columns]
    assert len(widths) == 13
    assert sum(widths) <= LIST_PX


def _row() -> BatchRow:
    return BatchRow(
        "a", "a", ("a",), Severity.LOW_RISK, (0.5, 0.5, 0.0, 0.0), (0.5, 0.0, 0.0), None, False,
        QualityVerdict.ACCEPTABLE, (), None, None, (), None, None, (),
    )  # fmt: skip


def test_words_of_the_list_sort_as_their_numbers() -> None:
    row = _row()
    shares = [0.001, 0.012, 0.09, 0.1, 0.5, 0.99, 0.999]
    ages = [4.0, 18.0, 89.0, 300.0]
    rates = [38.2, 60.0, 99.9, 151.0, None]
    assert _column([replace(row, exceedance=(1.0, share, 0.0)) for share in shares], "Above low") == [
        "<1\u2009%", "1\u2009%", "9\u2009%", "10\u2009%", "50\u2009%", "99\u2009%", ">99\u2009%",
    ]  # fmt: skip
    assert _column([replace(row, age=age) for age in ages], "Age") == ["4", "18", "89", "90 or over"]
    assert _column([replace(row, heart_rate_bpm=rate) for rate in rates], "HR")[-1] == "none"
    levels = [*Severity, None]
    assert _column([replace(row, level=level) for level in levels], "Level")[-1] == "? Withheld"


def test_names_are_told_apart_by_few_letters() -> None:
    row = _row()
    same = [replace(row, name=f"ward.zip/{folder}/ecg-unnamed.hea") for folder in ("inferior_st_elevation", "normal")]
    assert list(batch_table.names_apart(same).values()) == [
        "inferior_st_elevation/ecg-unnamed.hea",
        "normal/ecg-unnamed.hea",
    ]
    assert list(batch_table.short_names(same).values()) == [
        "inferior_s\u2026ecg-unnamed.hea",
        "normal/ecg-unnamed.hea",
    ]
    assert list(batch_table.short_names([replace(row, name="a/b/one.hea")]).values()) == ["one.hea"]
    alike = [replace(row, name=f"{'1.2.840.113619.2' if k else '1.2.840.113619.3'}{'.77' * 20}.dcm") for k in range(2)]
    assert len(set(batch_table.short_names(alike).values())) == 2, "what would read alike stays whole"


def _column(rows: list[BatchRow], name: str) -> list[str]:
    """The column in the order in which a browser sorts its words; it must be the order that was given."""
    named = [replace(row, name=str(number)) for number, row in enumerate(rows)]
    words = [str(word) for word in batch_table.display_table(named, batch_table.short_names(named), ()).data[name]]
    assert words == sorted(words)
    return [word.strip() for word in words]
