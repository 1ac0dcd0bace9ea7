"""A batch by processes gives the rows that one thread gives, in the same order, and keeps the same analyses."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cardiov_core.domain import Analysis
from cardiov_core.inference import BatchError, BatchRow, load_predictor, run_batch
from cardiov_core.io import collect
from cardiov_core.scoring import run_batch_in_processes
from cardiov_core.ui.batch import job as batch_job

Files = Callable[..., dict[str, bytes]]


@pytest.fixture
def records(tmp_path: Path, wfdb_files: Files) -> Path:
    root = tmp_path / "records"
    root.mkdir()
    for name, content in (wfdb_files("a") | wfdb_files("c", seconds=12.0)).items():
        (root / name).write_bytes(content)
    (root / "b.hea").write_bytes(wfdb_files("b")["b.hea"])
    return root


def _told(result: BatchRow | BatchError) -> object:
    return (result.name, str(result.error)) if isinstance(result, BatchError) else result


def test_rows_are_those_of_one_thread(records: Path, tiny_folder: Path) -> None:
    predictor, kept = load_predictor("tiny"), dict[str, Analysis]()
    with collect([records]) as found:
        alone = list(run_batch(found.sources, predictor))
        several = run_batch_in_processes(
            found.sources, predictor, keep=lambda row, one: kept.update({row.name: one}), n_processes=1
        )
        assert list(map(_told, several)) == list(map(_told, alone))
    assert set(kept) == {f"{records}/a.hea", f"{records}/c.hea"}
    assert kept[f"{records}/c.hea"].record.duration_s == 12.0


def test_the_page_uses_them_for_many_records(records: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cardiov_core.io import take_drop

    monkeypatch.setattr(batch_job, "default_processes", lambda: 2)
    drop = take_drop([(path.name, path.read_bytes()) for path in sorted(records.iterdir())])
    rows = []
    for pays in (1000, 2):
        monkeypatch.setattr(batch_job, "PROCESSES_PAY", pays)
        job = batch_job.BatchJob(drop, load_predictor("tiny"))
        job.start()
        job.wait(120)
        assert job.complete
        assert job.failure is None
        assert [error.name for error in job.errors] == ["b.hea"]
        assert job.kept_analysis("a.hea") is not None
        rows.append([replace(row) for row in job.rows])
    assert rows[0] == rows[1]
    assert not batch_job._processes_taken.locked()
