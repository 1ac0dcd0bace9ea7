"""Long recordings: windows over all of their time, the worst first, their minutes cut out."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.io import Place, read_record
from cardiov_core.scoring import Entry, Grading, score, worst_windows
from cardiov_core.scoring.plan import windows_of
from cardiov_core.scoring.worst import clock

Files = Callable[..., dict[str, bytes]]


@pytest.fixture
def recording(tmp_path: Path, wfdb_files: Files) -> Path:
    """A recording of 47 s in a folder with a short record."""
    root = tmp_path / "records"
    root.mkdir()
    for name, content in (wfdb_files("long", seconds=47.0) | wfdb_files("short")).items():
        (root / name).write_bytes(content)
    return root / "long.hea"


def test_windows_cover_all_of_a_recording(recording: Path) -> None:
    found = list(windows_of(Entry(Place("long.hea", str(recording))), 10.0))
    assert [(one.start_s, one.length_s) for one in found] == [(at, 10.0) for at in (0.0, 10.0, 20.0, 30.0, 37.0)]
    short = Entry(Place("short.hea", str(recording.with_name("short.hea"))))
    assert list(windows_of(short, 10.0)) == [short]
    lost = Entry(Place("lost.hea", str(recording.with_name("lost.hea"))))
    assert list(windows_of(lost, 10.0)) == [lost]


def test_each_window_is_graded_as_a_record_of_its_own(recording: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = score(str(recording.parent), out, Grading("tiny"), window_s=10.0, n_processes=0)
    rows = pq.read_table(out).to_pylist()
    assert summary.n_records == 6
    assert [row["start_s"] for row in rows] == [0.0, 10.0, 20.0, 30.0, 37.0, None]
    assert {row["duration_s"] for row in rows} == {10.0}
    assert all(row["level"] is not None for row in rows)
    probabilities = {row["start_s"]: row["p_above_low"] for row in rows}
    assert len(set(probabilities.values())) > 3
    worst = worst_windows(out, 2)
    assert len(worst) == 2
    assert worst[0]["p_above_low"] >= worst[1]["p_above_low"]


def test_the_most_urgent_windows_come_first(tmp_path: Path) -> None:
    rows = [
        ("a", 0.0, 1, 0.2, []), ("a", 10.0, 2, 0.6, []), ("a", 20.0, None, None, []), ("a", 30.0, 1, 0.3, ["pause"]),
        ("a", 40.0, 3, 0.9, []), ("a", 50.0, 2, 0.7, []), ("b", None, 3, 1.0, []),
    ]  # fmt: skip
    names = ("record", "start_s", "level", "p_above_low", "critical")
    table = [dict(zip(names, row, strict=True)) for row in rows]
    others = dict.fromkeys(("record_id", "quality", "rhythm"), "") | {"findings": ["x"]}
    pq.write_table(pa.Table.from_pylist([row | others for row in table]), tmp_path / "r.parquet")
    worst = worst_windows(tmp_path / "r.parquet", 5)
    assert [row["start_s"] for row in worst] == [40.0, 30.0, 50.0, 10.0, 0.0]


def test_the_command_prints_them_and_cuts_their_minutes_out(
    recording: Path, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    out = tmp_path / "levels.parquet"
    done = CliRunner().invoke(
        main,
        [
            "score",
            str(recording),
            "--out",
            str(out),
            "--model",
            "tiny",
            "--windows",
            "20",
            "--worst",
            "2",
            "--processes",
            "0",
        ],
    )
    assert done.exit_code == 0, done.output
    name, *lines = done.stdout.splitlines()
    assert name == str(out)
    assert len(lines) == 2
    starts = [line.split()[0] for line in lines]
    assert set(starts) <= {"00:00:00", "00:00:20", "00:00:27"}
    headers = sorted((tmp_path / "levels-worst").glob("*.hea"))
    assert sorted(path.stem for path in headers) == sorted(f"long_{start.replace(':', '-')}" for start in starts)
    excerpt, whole = read_record(headers[0]), read_record(recording)
    first = round(500 * sum(60**at * int(part) for at, part in enumerate(reversed(headers[0].stem[5:].split("-")))))
    cut = whole.signal[:, first : first + excerpt.n_samples]
    assert abs(excerpt.signal - cut).max() < 0.002
    assert excerpt.recorded_at is None


def test_times_in_a_recording() -> None:
    assert [clock(seconds) for seconds in (0.0, 59.9, 11_560.0, 86_399.0)] == [
        "00:00:00",
        "00:00:59",
        "03:12:40",
        "23:59:59",
    ]
