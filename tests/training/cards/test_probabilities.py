"""Calibration and prediction sets of a grader: chosen by cross-fitting, never measured on what they were fitted on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.special import expit, logit

from cardiov_core import ordinal, weights
from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.errors import TrainingError
from cardiov_core.inference import load_predictor
from cardiov_core.inference.uncertainty.calibration import fit_calibration
from cardiov_core.inference.uncertainty.prediction_sets import contiguous_set, fit_limits
from cardiov_core.preprocessing import prepare
from cardiov_core.training.cards.probabilities import KINDS, chosen_kind, compared, graded_table, nested_calibration
from cardiov_core.training.cards.recalibrate import recalibrate, ship_recalibrated


def _drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True exceedances, levels drawn from them, five groups."""
    generator = np.random.default_rng(seed)
    truth = expit(2.0 * generator.normal(size=(n, 1)) - np.array([0.0, 1.0, 2.0]))
    levels = (generator.random((n, 1)) < truth).sum(axis=1).astype(np.int64)
    return truth, levels, np.arange(n) % 5


@pytest.mark.parametrize(
    ("told", "kind", "worse"),
    [
        (lambda truth: truth, "none", ()),
        (lambda truth: expit(1.5 * logit(truth)), "temperature", ("none",)),
        (
            lambda truth: expit(1.5 * logit(truth) + np.array([0.6, -0.6, 0.6])),
            "temperature_offsets",
            ("none", "temperature"),
        ),
    ],
)
def test_a_kind_that_cannot_mend_what_is_wrong_is_not_chosen(told: Any, kind: str, worse: tuple[str, ...]) -> None:
    truth, levels, groups = _drawn(3000)
    assert chosen_kind(told(truth), levels, groups) not in worse
    rows = {row.kind: row for row in compared(told(truth), levels, groups)}
    assert list(rows) == [*KINDS, "isotonic"]
    best = ordinal.decode(truth)
    of_label = -np.log(best[np.arange(len(levels)), levels]).mean()
    assert rows[kind].log_loss == pytest.approx(of_label, abs=0.01)
    assert max(rows[kind].ece.values()) < 0.03


def test_nothing_of_a_group_goes_into_what_is_said_of_it() -> None:
    truth, levels, groups = _drawn(600)
    raw = expit(2.0 * logit(truth))
    part = nested_calibration(raw, levels, groups, np.arange(600), kinds=("temperature_offsets",))
    rest = groups != 2
    by_hand = fit_calibration(raw[rest], levels[rest])
    np.testing.assert_allclose(part.calibrated[~rest], by_hand(raw[~rest]), rtol=0, atol=0)
    assert {tuple(row) for row in part.limits[~rest]} == {fit_limits(ordinal.decode(by_hand(raw[rest])), levels[rest])}
    turned = levels.copy()
    turned[~rest] = 3 - turned[~rest]
    other = nested_calibration(raw, turned, groups, np.arange(600), kinds=("temperature_offsets",))
    np.testing.assert_array_equal(other.calibrated[~rest], part.calibrated[~rest])
    assert not np.array_equal(other.calibrated[rest], part.calibrated[rest])


def test_coverage_is_counted_from_the_sets_of_the_table_a_level_at_a_time() -> None:
    truth, levels, groups = _drawn(800, seed=3)
    raw = expit(2.0 * logit(truth))
    part = nested_calibration(raw, levels, groups, np.arange(800) // 2)
    table = graded_table(pd.DataFrame({"label": levels}), part)
    held = [
        row.label
        in contiguous_set(
            (row.p0, row.p1, row.p2, row.p3), (row.limit0, row.limit1, row.limit2, row.limit3), row.decided
        )
        for row in table.itertuples()
    ]
    measured = part.card["conformal"]["measured"]
    assert measured["held"] == sum(held)
    for one in measured["a_level"].values():
        assert one["held"] / one["n"] == pytest.approx(0.92, abs=0.06)
    assert sum(one["n"] for one in measured["alone"].values()) == measured["sets_of_size"]["1"]
    low, high = measured["interval"]
    assert low < measured["coverage"] < high
    assert sum(one["n"] for one in measured["a_level"].values()) == 800
    assert sum(one["held"] for one in measured["a_level"].values()) == sum(held)
    assert sum(measured["sets_of_size"].values()) == 800
    assert "had trained on that group" in measured["kind"]
    np.testing.assert_allclose(table[["raw0", "raw1", "raw2"]], raw, atol=1e-6)


def test_a_level_without_records_has_no_interval() -> None:
    truth, levels, groups = _drawn(200)
    part = nested_calibration(truth, np.minimum(levels, 2), groups, np.arange(200))
    assert part.card["conformal"]["measured"]["a_level"]["High risk"] == {"n": 0, "held": 0, "interval": None}


def test_two_groups_are_too_few_to_choose_and_get_a_temperature() -> None:
    truth, levels, _ = _drawn(300)
    part = nested_calibration(expit(3.0 * logit(truth)), levels, np.arange(300) % 2, np.arange(300))
    assert np.isfinite(part.calibrated).all()
    assert chosen_kind(truth, levels, np.zeros(300, dtype=np.int64)) == "temperature"


@pytest.fixture
def uncalibrated(tiny_folder: Path, tiny_card: dict[str, Any], tmp_path: Path) -> tuple[Path, PtbXl]:
    """The tiny grader with an out-of-fold table of 300 records, and a PTB-XL that knows them."""
    truth, levels, _ = _drawn(300)
    raw = expit(2.5 * logit(truth) + 1.0).round(6)
    ids = np.arange(1, 301)
    table = pd.DataFrame(
        {"ecg_id": ids, "patient_id": (ids // 2).astype(str), "fold": ids // 2 % 5 + 1, "label": levels}
        | {f"e{i}": raw[:, i] for i in range(3)}
        | {f"p{i}": ordinal.decode(raw)[:, i] for i in range(4)}
        | {"fingerprint_500": [f"{i:016x}" for i in ids], "fingerprint_100": [f"{i + 1000:016x}" for i in ids]}
    )
    net, _ = weights.load_network("tiny")
    trained = tiny_card | {"training": {"recipe": {"cv_groups": 5}}}
    weights.save(net, trained, tiny_folder, out_of_fold=table)
    rows = ["ecg_id,patient_id,age,sex,device,recording_date,scp_codes,strat_fold,filename_hr,filename_lr"]
    rows += [f"{i},{i // 2},{40 + i % 50},{i % 2},x,,{{'NORM': 100.0}},{i // 2 % 5 + 1},a,b" for i in ids]
    root = tmp_path / "ptb"
    root.mkdir()
    (root / "ptbxl_database.csv").write_text("\n".join(rows))
    return tiny_folder, PtbXl(root)


def test_a_trained_network_is_calibrated_without_training_again(uncalibrated: tuple[Path, PtbXl]) -> None:
    _, dataset = uncalibrated
    before, record = load_predictor("tiny"), generate("normal", seed=1)
    raw = before.predict(record)
    assert raw.prediction_set is None
    sha256 = before.card.sha256
    found = recalibrate(before.card, dataset)
    card = ship_recalibrated(before.card, found)
    assert card.sha256 == sha256
    after = load_predictor("tiny")
    prediction = after.predict(record)
    net, _ = weights.load_network("tiny")
    import torch

    with torch.no_grad():
        logits = net(torch.from_numpy(prepare(record, card.contract).values)[None]).double()
    expected = ordinal.decode(found.part.calibration(torch.sigmoid(logits).numpy()))[0]
    np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-6)
    assert prediction.probabilities != raw.probabilities
    assert prediction.prediction_set == contiguous_set(expected, found.part.limits_shipped, int(prediction.severity))
    assert after.explain(record).target == f"level {int(prediction.severity)}"
    table = weights.out_of_fold_table(card)
    assert table is not None
    assert card.raw["metrics"]["mae"] == pytest.approx(np.abs(found.table["level"] - found.table["label"]).mean())
    # A second calibration starts from the same raw exceedances, and so changes nothing.
    again = ship_recalibrated(after.card, recalibrate(after.card, dataset))
    assert again.raw == card.raw
    assert json.loads(card.path.read_text())["out_of_fold"] == again.raw["out_of_fold"]


def test_the_command_prints_the_comparison_and_ships_only_when_told(uncalibrated: tuple[Path, PtbXl]) -> None:
    folder, dataset = uncalibrated
    before = (folder / "tiny.json").read_bytes()
    told = CliRunner().invoke(main, ["calibrate", "--model", "tiny", "--data", str(dataset.root)])
    assert told.exit_code == 0, told.output
    for kind in (*KINDS, "isotonic"):
        assert kind in told.output
    assert (folder / "tiny.json").read_bytes() == before
    arguments = ["calibrate", "--model", "tiny", "--data", str(dataset.root), "--kind", "temperature", "--ship"]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    card = json.loads((folder / "tiny.json").read_text())
    assert card["calibration"]["offsets"] == [0.0, 0.0, 0.0]
    assert card["not_tested_on"]
    assert card["calibration"]["kind"] == "one temperature, on the logits of the exceedances"


def test_records_that_the_data_set_does_not_have_are_refused(uncalibrated: tuple[Path, PtbXl]) -> None:
    _, dataset = uncalibrated
    path = dataset.root / "ptbxl_database.csv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("7,")))
    with pytest.raises(TrainingError, match="lacks 1 of 300 records"):
        recalibrate(weights.load_card("tiny"), PtbXl(dataset.root))
