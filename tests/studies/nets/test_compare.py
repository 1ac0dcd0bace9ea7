"""Networks beside each other: same records and groups, resumable, the best one first."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.metrics import r2_score

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.labels.tasks import task_of
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import ConfigurationError
from cardiov_core.studies.nets import compare as module
from cardiov_core.studies.nets.compare import Budget, Comparison, NetOutputs, compare_nets
from cardiov_core.studies.nets.matrix import draw_probability_matrix, probability_matrix
from cardiov_core.studies.nets.published import published_figure
from cardiov_core.studies.nets.table import table_markdown, table_of, write_comparison


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 4)


def test_an_interrupted_comparison_goes_on_and_gives_the_same(tree: PtbXl, tmp_path: Path) -> None:
    told: list[str] = []
    budget = Budget(0.05, 2)
    names = ("naive", "wavelet_nn", "ensemble")
    first = compare_nets(names, "superdiagnostic", tree, tmp_path, budget=budget, report=told.append)
    assert len(told) == 6
    assert [one.net for one in first.nets] == list(names)
    assert not any(np.isnan(one.outputs).any() for one in first.nets)
    assert np.allclose(first.nets[2].outputs, first.nets[1].outputs)
    (tmp_path / "superdiagnostic" / "wavelet_nn-group-2.npz").unlink()
    told.clear()
    again = compare_nets(names, "superdiagnostic", tree, tmp_path, budget=budget, report=told.append)
    assert len(told) == 1
    assert np.array_equal(first.nets[0].outputs, again.nets[0].outputs)
    compare_nets(("naive",), "superdiagnostic", tree, tmp_path, budget=Budget(0.05, 1), report=told.append)
    # Another budget is another comparison.
    assert len(told) == 4


def test_networks_of_fewer_leads_stand_beside_the_whole_ones(tree: PtbXl, tmp_path: Path) -> None:
    sets = (STANDARD_LEADS, ("I", "V2"))
    found = compare_nets(("wavelet_nn",), "superdiagnostic", tree, tmp_path, budget=Budget(0.05, 1), lead_sets=sets)
    whole, part = found.nets
    assert [whole.net, part.net] == ["wavelet_nn", "wavelet_nn (I, V2)"]
    # 6 x 12 numbers a lead, 128 units.
    assert whole.n_parameters - part.n_parameters == 10 * 72 * 128
    alone = compare_nets(("wavelet_nn",), "superdiagnostic", tree, tmp_path, budget=Budget(0.05, 1), lead_sets=sets[1:])
    assert np.array_equal(alone.nets[0].outputs, part.outputs)
    with pytest.raises(ConfigurationError, match="no lead 'V7'"):
        compare_nets(("naive",), "superdiagnostic", tree, tmp_path, lead_sets=[("I", "V7")])


def test_levels_are_compared_by_their_four_areas(tree: PtbXl, tmp_path: Path) -> None:
    found = compare_nets(("naive",), "critical-value", tree, tmp_path, budget=Budget(0.05, 1))
    table = table_of(found, n_resamples=10)
    assert table.n == 36
    assert 0.0 <= table.rows[0].value <= 1.0


def test_table_puts_the_best_first_and_marks_who_is_not_worse(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    targets = (rng.random((400, 5)) < 0.3).astype(float)
    good = np.clip(targets * 0.5 + rng.random((400, 5)) * 0.6, 0, 1)
    close = np.clip(good + rng.normal(0, 0.01, good.shape), 0, 1)
    bad = rng.random((400, 5))
    nets = tuple(
        NetOutputs(name, given, (), 10, 20) for name, given in {"lstm": bad, "gru": close, "fcn_wang": good}.items()
    )
    comparison = Comparison(task_of("superdiagnostic"), targets, tuple(map(str, range(400))), nets, Budget())
    table = table_of(comparison, n_resamples=200)
    assert [row.net for row in table.rows][-1] == "lstm"
    assert {row.net: row.is_worse for row in table.rows} == {"lstm": True, "gru": False, "fcn_wang": False}
    text = table_markdown(table)
    assert "**fcn_wang**" in text
    assert "| lstm |" in text
    write_comparison(table, tmp_path)
    assert (tmp_path / "superdiagnostic.png").stat().st_size > 1000
    cells = pd.read_csv(tmp_path / "superdiagnostic.csv")
    assert list(cells["net"]) == [row.net for row in table.rows]
    assert cells[["second", "second_healthy", "second_non_healthy"]].isna().all(axis=None)
    numbers = replace(
        comparison,
        task=task_of("age"),
        targets=targets[:, :1] * 40 + 40,
        nets=tuple(replace(one, outputs=one.outputs[:, :1] * 40 + 40) for one in nets),
    )
    assert table_of(numbers, n_resamples=20).figure == "MAE in years"
    healthy = np.arange(400) < 100
    parted = table_of(replace(numbers, healthy=healthy), n_resamples=20)
    best = parted.rows[0]
    assert "0.000 (0.000 to 0.000)" in table_markdown(parted)
    assert "-0.000 (-0.000" not in table_markdown(parted)
    assert best.healthy is not None
    assert best.non_healthy is not None
    write_comparison(parted, tmp_path)
    first = pd.read_csv(tmp_path / "age.csv").iloc[0]
    np.testing.assert_allclose(first[["second", "second_healthy", "second_non_healthy"]].tolist(), best.second, 1e-5)
    # Absolute errors of the parts add up to those of all.
    assert best.value == pytest.approx(0.25 * best.healthy + 0.75 * best.non_healthy)
    assert "| healthy (100) | others (300) | R2, all | R2, healthy | R2, others |" in table_markdown(parted)
    outputs = next(one.outputs for one in numbers.nets if one.net == best.net)
    expected = [r2_score(numbers.targets[kept], outputs[kept]) for kept in (np.full(400, True), healthy, ~healthy)]
    assert best.second == pytest.approx(expected)


def test_sex_stands_with_its_accuracy() -> None:
    targets = np.array([[1.0], [0.0], [1.0], [0.0]])
    net = NetOutputs("naive", np.array([[0.9], [0.6], [0.4], [0.1]]), (), 2, 0)
    found = Comparison(task_of("sex"), targets, ("a", "b", "c", "d"), (net,), Budget(1.0))
    table = table_of(replace(found, healthy=np.array([True, True, False, False])), n_resamples=10)
    # All, healthy and others: one of two is right each time, a probability of half is where it turns.
    assert table.rows[0].second == (0.5, 0.5, 0.5)
    assert "| accuracy, all |" in table_markdown(table)


def test_matrix_holds_what_is_said_where_a_class_is(tmp_path: Path) -> None:
    task = task_of("superdiagnostic")
    # Class 4 has no record; what is said where class 0 is: sure of it, half sure of class 1.
    targets = np.eye(5)[[0, 0, 1, 2, 3]]
    outputs = np.array([[1.0, 0.5, 0, 0, 0], [1.0, 0.5, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]])
    nets = (NetOutputs("lstm", outputs, (), 10, 20),)
    comparison = Comparison(task, targets, ("1", "2", "3", "4", "5"), nets, Budget())
    codes, matrix = probability_matrix(comparison, "lstm")
    assert codes == task.outputs[:4]
    assert matrix.tolist() == [[1.0, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    draw_probability_matrix(comparison, "lstm", tmp_path / "m" / "matrix.png")
    assert (tmp_path / "m" / "matrix.png").stat().st_size > 1000
    for other in (replace(comparison, task=task_of("age")), replace(comparison, nets=())):
        with pytest.raises(ConfigurationError, match="no matrix of lstm"):
            probability_matrix(other, "lstm")


def test_published_figures_are_those_of_the_tables() -> None:
    assert published_figure("xresnet1d101", "all") == 0.925
    assert published_figure("wavelet_nn", "rhythm") == 0.890
    assert published_figure("lstm_bidir", "age") == 7.42
    assert published_figure("naive", "form") == 0.5
    assert published_figure("triology", "all") is None


def test_what_cannot_be_compared_is_refused(tree: PtbXl, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folds"):
        compare_nets(("naive",), "cinc2021", tree, tmp_path)
    with pytest.raises(ConfigurationError, match="no network"):
        compare_nets(("ensemble",), "form", tree, tmp_path)


def test_the_command_takes_sets_of_leads(tree: PtbXl, tmp_path: Path) -> None:
    command = ["compare", "--nets", "naive", "--task", "sex", "--data", str(tree.root), "--out", str(tmp_path)]
    short = ["--seconds", "0.1", "--max-epochs", "1", "--resamples", "5", "--leads", "I, II", "--leads", "V1"]
    run = CliRunner().invoke(main, [*command, *short])
    assert run.exit_code == 0, run.output
    assert "naive (I, II)" in run.stdout
    assert "naive (V1)" in run.stdout
    shipped = CliRunner().invoke(main, [*command, *short, "--ship"])
    assert (shipped.exit_code, "leave --leads out" in shipped.stderr) == (2, True)
