"""The noise floor of a made data set, and the file that ships."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.comparison import EXPECTED_LEVEL, PLACES, TRAINED, load_noise_floor, save_noise_floor
from cardiov_core.domain import STANDARD_LEADS, EcgRecord
from cardiov_core.errors import ConfigurationError, DatasetError
from cardiov_core.inference import load_predictor
from cardiov_core.studies.signals.noise_floor import measure_noise_floor
from tests.comparison.hearts import heart
from tests.wfdb_files import PTBXL_HEAD, write_wfdb

THEN = datetime(1990, 1, 2, 9, 0)


def _write(root: Path, record: EcgRecord, ecg_id: int) -> None:
    samples = np.round(record.signal.T * 1000.0).astype("<i2")
    write_wfdb(root / "records500", f"{ecg_id:05d}_hr", samples, leads=[lead.upper() for lead in STANDARD_LEADS])


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[[list[tuple[EcgRecord, int, timedelta]]], Path]:
    """Write PTB-XL of records, each with its patient and the time after the first."""

    def _make(rows: list[tuple[EcgRecord, int, timedelta]]) -> Path:
        table = PTBXL_HEAD + "\n"
        for ecg_id, (record, patient, after) in enumerate(rows, start=1):
            _write(tmp_path, record, ecg_id)
            at = f"{THEN + after:%Y-%m-%d %H:%M:%S}"
            name = f"{ecg_id:05d}"
            table += f"{ecg_id},{patient}.0,60.0,0,X,{at},\"{{'NORM': 100.0}}\",1,r/{name}_lr,records500/{name}_hr\n"
        (tmp_path / "ptbxl_database.csv").write_text(table, encoding="utf-8")
        return tmp_path

    return _make


@pytest.mark.slow
def test_halves_and_repeats_of_made_hearts(make_tree: Callable[..., Path], tmp_path: Path) -> None:
    day = timedelta(days=1)
    folder = make_tree(
        [
            (heart(1), 7, 0 * day),
            # T comes 40 ms later: QT differs by that between the two, and in neither between its halves.
            (heart(2, t_later_s=0.04), 7, 0.2 * day),
            # The same file under another number is no second ECG.
            (heart(3), 8, 0 * day),
            (heart(3), 8, 0 * day),
            # Too long after.
            (heart(4), 9, 0 * day),
            (heart(5), 9, 40 * day),
        ]
    )
    noise = measure_noise_floor(folder, [], load_predictor(), [1])
    assert noise.source.n_halved == 6
    assert (noise.source.n_repeats, noise.source.n_same_day) == (1, 1)
    qtc = noise.numbers["qtc_fridericia_ms", ""]
    assert (qtc.halves.n, qtc.repeats.n) == (6, 1)
    assert qtc.halves.p95 < 8.0
    assert qtc.repeats.median == pytest.approx(41.0, abs=12.0)
    assert qtc.limit == pytest.approx(max(qtc.halves.p95, 2.906 * qtc.repeats.median), rel=0.01)
    # Of the rate the halves alone count.
    rate = noise.numbers["heart_rate_bpm", ""]
    assert rate.limit == rate.halves.p95
    assert noise.flips["left_bundle_branch_block"].n_halves == 6
    assert noise.flips["left_bundle_branch_block"].flipped_halves == 0
    path = save_noise_floor(noise, tmp_path / "noise.json")
    assert load_noise_floor(path) == noise


def test_without_repeats_there_is_no_noise_floor(make_tree: Callable[..., Path]) -> None:
    folder = make_tree([(heart(1), 1, timedelta()), (heart(2), 2, timedelta())])
    with pytest.raises(DatasetError, match="nobody has two ECGs within 7 days"):
        measure_noise_floor(folder, [], load_predictor(), [2])


def test_what_ships_has_a_limit_for_everything_that_is_compared() -> None:
    noise = load_noise_floor()
    assert {*PLACES, (EXPECTED_LEVEL, "")} <= noise.numbers.keys()
    assert (TRAINED, "atrial_fibrillation") in noise.numbers
    for place, one in noise.numbers.items():
        assert one.limit >= one.halves.p95, place
        assert one.halves.n > 90, place
    assert noise.source.n_same_day == 3


def test_a_damaged_file_says_how_to_make_it_anew(tmp_path: Path) -> None:
    path = tmp_path / "noise.json"
    path.write_text('{"numbers": []}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        load_noise_floor(path)
    assert "cardiov noise-floor" in caught.value.hint
