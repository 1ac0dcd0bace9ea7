"""``cardiov cases`` and ``cardiov review``: a list made, taken in, read elsewhere and written out."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cardiov_core import review
from cardiov_core.cli import main
from cardiov_core.domain import CaseSource, EventKind, Prediction, QualityVerdict, Role, Severity, Window
from cardiov_core.evaluation.study.case_file import CaseList, FoundCase, write_cases

SHA = "a" * 64


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new database of this test."""
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    return tmp_path / "review.db"


@pytest.fixture
def data(wfdb_files: Callable[..., dict[str, bytes]], tmp_path: Path) -> Path:
    """A data set of two records."""
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    for record in ("one", "two"):
        for name, content in wfdb_files(record).items():
            (folder / "sub" / name).write_bytes(content)
    return folder


def _case(name: str, path: str, *, label: int = 3, sha256: str = SHA) -> FoundCase:
    grade = Prediction(Severity(0), (0.7, 0.1, 0.1, 0.1), (0.3, 0.2, 0.1), 0.0, "m", sha256, Window(0.0, 10.0))
    return FoundCase(name, "mine", name, path, Severity(label), grade, QualityVerdict.ACCEPTABLE, (), "", ("far off",))


def _list(tmp_path: Path, *cases: FoundCase) -> str:
    path = tmp_path / "cases.json"
    write_cases(CaseList("m", SHA, (), len(cases), cases), path)
    return str(path)


def _run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["review", *arguments])
    assert result.exit_code == code, result.output
    return result


def test_a_list_becomes_cases_with_their_waveforms(tmp_path: Path, data: Path) -> None:
    listed = _list(tmp_path, _case("one", "sub/one"), _case("two", "sub/two"))
    assert "2 cases added, 0 known" in _run("import-cases", listed, "--data", str(data), "--by", "Owner").stdout
    store = review.open_store()
    page = review.list_cases(store)
    assert {case.reference.path for case in page.cases} == {"sub/one", "sub/two"}
    assert {case.source for case in page.cases} == {CaseSource.CASES}
    assert review.waveform_of(store, page.cases[0].id).n_samples == 5000
    assert review.events_of(store)[0].who == "Owner"
    assert "0 cases added, 2 known" in _run("import-cases", listed, "--data", str(data)).stdout
    # Other weights: the cases keep their grade, the new one is an event.
    again = _list(tmp_path, _case("one", "sub/one", sha256="b" * 64))
    _run("import-cases", again, "--data", str(data))
    assert [event.kind for event in review.events_of(store)].count(EventKind.CASE_REGRADED) == 1
    # All of them are misses: whoever reads them could know.
    assert "no rightly graded case to mix in" in _run("import-cases", again, "--data", str(data)).stderr
    right = _list(tmp_path, _case("two", "sub/two", label=0))
    result = _run("import-cases", right, "--data", str(data), "--study", "mixed")
    assert "mix in" not in result.stderr
    status = _run("status").stdout
    assert str(tmp_path / "review.db") in status
    assert "review: 2 cases, 2 blind reads each" in status


def test_a_row_that_cannot_be_taken_is_named_and_the_rest_is_taken(tmp_path: Path, data: Path) -> None:
    outside = tmp_path / "secret.hea"
    outside.write_text("no")
    listed = _list(tmp_path, _case("one", "sub/one"), _case("gone", "sub/gone"), _case("out", "../secret"))
    result = _run("import-cases", listed, "--data", str(data), code=1)
    assert "1 case added, 0 known already, 2 wrong" in result.stdout
    assert "gone: " in result.stderr
    assert "'../secret' leaves the data set" in result.stderr


def test_a_list_needs_its_data_set(tmp_path: Path) -> None:
    assert "--data DIR" in _run("import-cases", _list(tmp_path), code=2).stderr


def test_a_folder_is_graded_and_comes_without_labels(
    data: Path, weights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    assert "2 cases added" in _run("import-cases", str(data)).stdout
    for case in review.list_cases(review.open_store()).cases:
        assert (case.source, case.label) == (CaseSource.FOLDER, None)
        assert case.reference.path.startswith("sub")
        assert (case.age, case.sex) == (61.0, "female")


def test_reads_come_in_and_reads_labels_and_audit_go_out(tmp_path: Path, data: Path) -> None:
    _run("import-cases", _list(tmp_path, _case("1", "sub/one")), "--data", str(data))
    rows = ["ecg_id,reader,level,confidence,kind,time"]
    rows += [f"1,{reader},2,3,blind,2026-01-02T10:00:00+01:00" for reader in ("Ada", "Ben")]
    (tmp_path / "in.csv").write_text("\n".join([*rows, "9,Ada,2,3,blind,2026-01-02T10:00Z", ""]))
    result = _run("import-reads", str(tmp_path / "in.csv"), code=1)
    assert "2 reads added, 0 known already, 1 wrong" in result.stdout
    assert "Row 3: there is no such case" in result.stderr
    for what, name in (("reads", "r.csv"), ("reads", "r.json"), ("labels", "l.csv"), ("audit", "a.json")):
        assert name in _run("export", what, "--out", str(tmp_path / "out" / name)).stdout
    reads = list(csv.DictReader((tmp_path / "out" / "r.csv").read_text().splitlines()))
    assert [read["reader"] for read in reads] == ["Ada", "Ben"]
    assert [read["time"] for read in json.loads((tmp_path / "out" / "r.json").read_text())] == [
        "2026-01-02T09:00:00+00:00",
        "2026-01-02T09:00:00+00:00",
    ]
    assert (tmp_path / "out" / "l.csv").read_text() == (
        "ecg_id,level,reader,time\n1,2,Ada + Ben,2026-01-02T09:00:00+00:00\n"
    )
    assert json.loads((tmp_path / "out" / "a.json").read_text())[-1]["kind"] == "case settled"
    _run("export", "labels", "--out", str(tmp_path / "l.json"), code=2)


def test_waveforms_expire_after_their_days(tmp_path: Path, data: Path) -> None:
    _run("import-cases", _list(tmp_path, _case("1", "sub/one")), "--data", str(data))
    assert "0 cases lost the waveform" in _run("expire", "--days", "1", "--yes").stdout
    _run("expire", "--days", "1", code=1)


def test_roles_are_set_at_the_machine() -> None:
    review.ensure_reader(review.open_store(), "Eve", identity="issuer|1")
    assert _run("grant", "Eve", "reader", "administrator").stdout == "Eve: administrator, reader\n"
    assert review.roles_of(review.open_store(), "Eve") == {Role.READER, Role.ADMINISTRATOR}
    assert "no reader of that name" in _run("grant", "Nobody", "reader", code=1).stderr


def test_an_unusable_database_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "file" / "review.db"))
    result = _run("status", code=1)
    assert "cannot be used" in result.stderr
    assert "Traceback" not in result.output


def test_cases_wants_json_or_csv(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["cases", "--data", str(tmp_path), "--folds", "1", "--out", str(tmp_path / "cases.xlsx")]
    )
    assert result.exit_code == 2
    assert "choose .json or .csv" in result.stderr


@pytest.mark.dataset
def test_cases_of_the_real_subset_are_taken_in(data_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "cases.csv"
    result = CliRunner().invoke(main, ["cases", "--data", str(data_folder), "--folds", "9", "--out", str(out)])
    assert result.exit_code == 0, result.output
    n_cases = len(list(csv.DictReader(out.read_text().splitlines())))
    assert f"{n_cases} of them wrongly" in result.stdout
    assert f"{n_cases} cases added" in _run("import-cases", str(out), "--data", str(data_folder)).stdout
    case = review.list_cases(review.open_store()).cases[0]
    assert case.error is not None
    assert case.error > 0
    # Age and sex come from the data set's table: the files of PTB-XL do not state them.
    assert case.sex is not None


def test_doctor_says_where_the_review_is_and_makes_none(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "review       not begun" in CliRunner().invoke(main, ["doctor"]).stdout
    assert not database.exists()
    _run("status")
    assert f"review       {database}, 0 cases" in CliRunner().invoke(main, ["doctor"]).stdout
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(database.parent))
    result = CliRunner().invoke(main, ["doctor"])
    assert "not begun" in result.stdout
    database.write_text("no database" * 100)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(database))
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "the file is no database" in result.stdout
