"""A task is learned, kept and evaluated; fine-tuning begins with what was learned."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.labels.tasks import all_tasks, task_of
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import DatasetError, TrainingError, WeightsError
from cardiov_core.nets import list_nets
from cardiov_core.training import evaluate_task, fine_tuned, load_task_network, recipe_for, train_task
from cardiov_core.training.recipes.network import Recipe
from cardiov_core.training.recipes.recipe_files import load_recipe
from cardiov_core.training.recipes.zoo import benchmark_recipe
from cardiov_core.training.tasks.task_records import load_task_records, steady, undersampled
from tests.wfdb_files import PTBXL_HEAD, write_wfdb

N_RECORDS, N_FOLDS = 24, 3
CODES = (
    "{'NORM': 100.0, 'SR': 0.0}",
    "{'LAFB': 100.0, 'SR': 0.0, 'ABQRS': 0.0}",
    "{'LVH': 50.0, 'AFIB': 0.0}",
    "{'IMI': 15.0, 'SR': 0.0, 'PVC': 100.0}",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> PtbXl:
    """Write synthetic ECGs as PTB-XL does, at 500 Hz alone."""
    root = tmp_path_factory.mktemp("ptb-xl")
    rows = [PTBXL_HEAD]
    for index in range(N_RECORDS):
        ecg_id, fold, age = index + 1, index // 4 % N_FOLDS + 1, 300 if index == 5 else 30 + 2 * index
        rows.append(f'{ecg_id},{500 + index},{age},{index % 2},,,"{CODES[index % 4]}",{fold},l/{ecg_id},h/{ecg_id}')
        samples = np.round(generate("normal", seed=index).signal.T * 1000.0 * (1 + index % 4)).astype("<i2")
        write_wfdb(root / "h", str(ecg_id), samples)
    (root / "ptbxl_database.csv").write_text("\n".join([*rows, ""]))
    return PtbXl(root)


def _small(net: str, task: str, epochs: int = 1, leads: tuple[str, ...] = STANDARD_LEADS) -> Recipe:
    recipe = recipe_for(net, task, leads=leads, epochs=epochs)
    return replace(recipe, folds=(1, 2, 3), batch_size=4)


def test_a_task_comes_out_with_weights_card_and_out_of_fold_outputs(tree: PtbXl, tmp_path: Path) -> None:
    result = train_task(_small("fcn_wang", "superdiagnostic", 2), tree, tmp_path / "a", n_resamples=20)
    net, stated = load_task_network(result.card_path)
    assert list(stated.outputs) == ["CD", "HYP", "MI", "NORM", "STTC"]
    assert stated.figures.n == N_RECORDS
    assert stated.n_parameters == sum(p.numel() for p in net.parameters())
    assert "macro_auc" in stated.words()
    table = (tmp_path / "a" / f"{stated.name}.oof.csv").read_text().splitlines()
    assert len(table) == N_RECORDS + 1
    again = train_task(_small("fcn_wang", "superdiagnostic", 2), tree, tmp_path / "b", n_resamples=20)
    assert again.card_path.with_suffix(".safetensors").read_bytes() == (
        result.card_path.with_suffix(".safetensors").read_bytes()
    )
    evaluation = evaluate_task(result.card_path, tree, (1, 2), n_resamples=20)
    assert evaluation.figures.n == 16
    assert "16 records by their out-of-fold outputs" in evaluation.figures_of


def test_evaluation_of_trained_folds_needs_the_outputs_beside_the_card(tree: PtbXl, tmp_path: Path) -> None:
    result = train_task(_small("naive", "rhythm"), tree, tmp_path, n_resamples=5)
    (tmp_path / "naive-rhythm.oof.csv").unlink()
    with pytest.raises(WeightsError, match="no outputs"):
        evaluate_task(result.card_path, tree, (1,))
    result.card_path.with_suffix(".safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError):
        load_task_network(result.card_path)


def test_age_and_sex_are_learned_and_stated_in_their_units(tree: PtbXl, tmp_path: Path) -> None:
    result = train_task(_small("wavelet_nn", "age"), tree, tmp_path / "age", n_resamples=5)
    assert result.figures.name == "mae"
    # The age of 300 is no age.
    assert result.figures.n == N_RECORDS - 1
    outputs = np.loadtxt(result.card_path.with_name("wavelet_nn-age.oof.csv"), delimiter=",", skiprows=1)
    assert 0 < outputs[:, 4].mean() < 120
    sex = train_task(_small("naive", "sex"), tree, tmp_path / "sex", n_resamples=5)
    assert "accuracy" in sex.figures.more


def test_fine_tuning_begins_with_the_weights_and_a_new_head(tree: PtbXl, tmp_path: Path) -> None:
    train_task(_small("fcn_wang", "rhythm"), tree, tmp_path / "fcn_wang-rhythm", n_resamples=5)
    recipe = fine_tuned(_small("fcn_wang", "form"), "fcn_wang-rhythm")
    assert [stage.unfrozen for stage in recipe.stages] == [1, 0]
    assert recipe.stages[1].learning_rate == pytest.approx(recipe.stages[0].learning_rate / 10)
    # Of form, 12 records of three folds have a label.
    result = train_task(replace(recipe, batch_size=2), tree, tmp_path / "next", n_resamples=5)
    net, _ = load_task_network(result.card_path)
    before, _ = load_task_network(tmp_path / "fcn_wang-rhythm" / "fcn_wang-rhythm.task.json")
    assert net.get_submodule("dense").out_features == len(task_of("form").outputs)
    old, new = before.state_dict()["blocks.0.0.weight"], net.state_dict()["blocks.0.0.weight"]
    assert torch.nn.functional.cosine_similarity(old.flatten(), new.flatten(), dim=0) > 0.9
    with pytest.raises(WeightsError, match="no training elsewhere"):
        train_task(replace(fine_tuned(recipe, "elsewhere")), tree, tmp_path / "other")


def test_a_lead_wise_network_of_two_leads_begins_with_those_of_twelve(tree: PtbXl, tmp_path: Path) -> None:
    start, leads = "branched_lw-superdiagnostic", ("I", "V2")
    whole = train_task(_shortened(_small("branched_lw", "superdiagnostic")), tree, tmp_path / start, n_resamples=5)
    recipe = fine_tuned(_shortened(_small("branched_lw", "superdiagnostic", leads=leads)), start)
    # The head alone: the backbone stays what it was.
    result = train_task(replace(recipe, stages=recipe.stages[:1]), tree, tmp_path / "part", n_resamples=5)
    assert result.card_path.name == f"{start}-I-V2.task.json"
    part, known = (load_task_network(one.card_path)[0].get_submodule("backbone") for one in (result, whole))
    x = torch.randn(1, 12, 250)
    with torch.inference_mode():
        expected = known(x)[:, known.channels_of((0, 7))]  # type: ignore[operator]
        assert torch.allclose(part(x[:, [0, 7]]), expected, atol=1e-5)
    train_task(_small("naive", "superdiagnostic"), tree, tmp_path / "naive-superdiagnostic", n_resamples=5)
    other = fine_tuned(_small("naive", "superdiagnostic", leads=leads), "naive-superdiagnostic")
    with pytest.raises(WeightsError, match="cannot give a network of I, V2 its weights"):
        train_task(other, tree, tmp_path / "other")


def test_triology_knows_age_and_sex_unless_they_are_asked_for(tree: PtbXl, tmp_path: Path) -> None:
    for task in ("rhythm", "sex"):
        result = train_task(_small("triology", task), tree, tmp_path / task, n_resamples=5)
        net, stated = load_task_network(result.card_path)
        weight = net.get_submodule("dense").weight[:, -2:]
        assert stated.recipe.loss.name == ("random_switch" if task == "rhythm" else "bce")
        assert weight.shape[1] == 2
    records = load_task_records(tree, task_of("sex"), _small("triology", "sex").contract, (1, 2, 3))
    numbers = records.data(np.arange(6), with_person=True).person
    assert numbers is not None
    assert numbers[:, 1].tolist() == [1.0, -1.0] * 3
    assert float(numbers[5, 0]) == pytest.approx((90 - 60) / 17)


def test_normals_are_undersampled(tree: PtbXl) -> None:
    records = load_task_records(tree, task_of("all"), _small("naive", "all").contract, (1, 2, 3))
    kept = undersampled(records, np.arange(len(records)), 1.0, seed=0)
    assert len(kept) == N_RECORDS * 3 // 4
    assert len(undersampled(records, np.arange(len(records)), 0.0, seed=0)) == N_RECORDS


def test_flat_and_noisy_records_teach_nothing(tree: PtbXl) -> None:
    records = load_task_records(tree, task_of("all"), _small("naive", "all").contract, (1, 2, 3))
    chosen = np.arange(6)
    records.windows[int(records.rows[1]), 4] = 0.0
    records.windows[int(records.rows[3]), 7] *= 1000.0
    assert steady(records, chosen, (0.005, 10.0)).tolist() == [0, 2, 4, 5]
    assert steady(records, chosen, None).tolist() == chosen.tolist()


def test_a_challenge_score_chooses_the_epoch_of_the_challenges_networks() -> None:
    revenger, triology = recipe_for("tresnet_f", "cinc2021"), recipe_for("triology", "cinc2020")
    assert (revenger.validation.by, revenger.validation.patience, revenger.cv_groups) == ("score", 8, 5)
    assert (triology.validation.by, triology.validation.every, triology.sd_mv is not None) == ("score", 3, True)
    assert not recipe_for("tresnet_f", "all").validation.used


def test_windows_are_kept_for_the_next_task(tree: PtbXl, tmp_path: Path) -> None:
    contract, kept = _small("naive", "all").contract, tmp_path / "kept" / "windows.npz"
    first = load_task_records(tree, task_of("all"), contract, (1, 2), kept_in=kept)
    assert kept.is_file()
    again = load_task_records(tree, task_of("form"), contract, (1, 2), kept_in=kept)
    data, whole = again.data(np.array([0])), first.data(np.array([1]))
    assert torch.equal(data.windows_of(torch.tensor([0])), whole.windows_of(torch.tensor([0])))


def test_records_without_a_label_and_other_trainings_are_refused(tree: PtbXl, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no record in folds 9"):
        load_task_records(tree, task_of("all"), _small("naive", "all").contract, (9,))
    train_task(_small("naive", "rhythm"), tree, tmp_path, n_resamples=5)
    with pytest.raises(TrainingError, match="another recipe"):
        train_task(_small("naive", "form"), tree, tmp_path, resume=True)


def test_the_command_trains_and_evaluates(tree: PtbXl, tmp_path: Path) -> None:
    recipe = tmp_path / "own.toml"
    recipe.write_text(
        'name = "own"\ntitle = "own"\nnet = "naive"\ntask = "rhythm"\nbatch_size = 4\nweight_decay = 0.0\nseed = 1\n'
        "cv_groups = 3\nfolds = [1, 2, 3]\nstages = [{objective = 'task', epochs = 1, learning_rate = 0.01}]\n"
        "[input]\nleads = ['I', 'II']\nsampling_rate_hz = 100\nn_samples = 1000\nband_hz = [0.5, 40]\n"
        "filter_order = 3\n"
        'normalisation = "none"\n'
        'filter = "none"\n'
    )
    loaded = load_recipe(recipe)
    assert isinstance(loaded, Recipe)
    assert loaded.contract.leads == ("I", "II")
    run = CliRunner().invoke
    trained = run(main, ["train", "--config", str(recipe), "--data", str(tree.root), "--out", str(tmp_path / "out")])
    assert trained.exit_code == 0, trained.output
    card = trained.stdout.strip()
    options = ["--data", str(tree.root), "--folds", "1-3", "--resamples", "5", "--out", str(tmp_path / "figures")]
    found = run(main, ["evaluate", "--model", card, *options])
    assert found.exit_code == 0, found.output
    assert "own: macro_auc" in found.stdout
    assert json.loads((tmp_path / "figures" / "metrics.json").read_text())["figures"]["n"] == N_RECORDS
    wrong = run(main, ["train", "--recipe", "cardiov", "--task", "form", "--data", str(tree.root), "--out", "x"])
    assert wrong.exit_code == 2
    assert "--net" in wrong.stderr
    for wrong_leads in (["--task", "all", "--leads", "I,I"], ["--leads", "I,II"]):
        refused = run(main, ["train", "--net", "naive", "--data", str(tree.root), "--out", "x", *wrong_leads])
        assert (refused.exit_code, "--leads" in refused.stderr) == (2, True)
    seeded = run(main, ["train", "--recipe", "cardiov", "--seed", "2", "--data", str(tree.root), "--out", "x"])
    assert (seeded.exit_code, "--seed" in seeded.stderr) == (2, True)


def test_every_network_has_a_recipe_for_every_task() -> None:
    for net in list_nets():
        for task in all_tasks():
            recipe = recipe_for(net.name, task)
            assert recipe.task == task
            assert recipe.contract.n_samples == round(10 * recipe.contract.sampling_rate_hz)


def _shortened(recipe: Recipe) -> Recipe:
    """Feed a network of ten seconds at 500 Hz windows of 2.5 s at 100 Hz, a twentieth: what it learns is not asked.

    One of them keeps its own input.
    """
    if recipe.contract.sampling_rate_hz < 500.0 or recipe.net == "tresnet_f":
        return recipe
    short = benchmark_recipe(recipe.net, task_of(recipe.task))
    contract = replace(short.contract, leads=recipe.contract.leads)
    augmentation = replace(recipe.augmentation, crop_s=short.augmentation.crop_s)
    return replace(recipe, contract=contract, augmentation=augmentation, net_arguments=short.net_arguments)


@pytest.mark.slow
@pytest.mark.parametrize("leads", [STANDARD_LEADS, ("I", "II")], ids=["12 leads", "2 leads"])
@pytest.mark.parametrize("net", [info.name for info in list_nets() if "cardiov" not in info.name])
def test_every_network_trains_two_epochs(tree: PtbXl, tmp_path: Path, net: str, leads: tuple[str, ...]) -> None:
    recipe = replace(_shortened(_small(net, "superdiagnostic", 2, leads)), cv_groups=0, folds=(1, 2))
    validated = replace(recipe, validation=replace(recipe.validation, folds=(3,)))
    result = train_task(validated, tree, tmp_path, n_resamples=5)
    assert result.figures.n == 8


@pytest.mark.dataset
def test_challenge_records_are_learned_by_their_snomed_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.environ.get("CARDIOV_DATA", "../shared/data")).resolve() / "cinc-samples"
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing")
    recipe = replace(recipe_for("naive", "cinc2021", epochs=1), folds=tuple(range(1, 10)), batch_size=2)
    records = load_task_records(folder, task_of("cinc2021"), recipe.contract, tuple(range(1, 11)))
    assert len(records) > 10
    assert records.targets.shape[1] == 26
    # Who has no scored class is no part of the task.
    assert float(records.targets.sum(dim=1).min()) >= 1
    result = train_task(recipe, folder, tmp_path, n_resamples=5)
    assert load_task_network(result.card_path)[1].task == "cinc2021"
    monkeypatch.chdir(tmp_path)
    more = evaluate_task(result.card_path, folder, (1, 2), n_resamples=5, with_rules=True).figures.more
    assert set(more["challenge_with_rules"]) == {"override", "join"}
