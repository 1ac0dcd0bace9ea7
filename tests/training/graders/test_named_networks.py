"""A network of another paper becomes a grader: trained on the critical value, with a card, in windows, explained."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.inference import load_predictor
from cardiov_core.training import as_grader, recipe_for, train
from cardiov_core.training.cards import grader as card_module
from tests.wfdb_files import PTBXL_HEAD, write_wfdb

CODES = ("{'NORM': 100.0}", "{'LAFB': 100.0}", "{'LVH': 100.0}", "{'IMI': 100.0}")


@pytest.fixture
def tree(tmp_path: Path) -> PtbXl:
    root = tmp_path / "ptb-xl"
    rows = [PTBXL_HEAD]
    for index in range(24):
        name = str(index + 1)
        rows.append(
            f'{name},{500 + index},{40 + index},{index % 2},,,"{CODES[index % 4]}",{index // 4 + 1},l/x,h/{name}'
        )
        record = generate("normal", seed=index)
        write_wfdb(root / "h", name, np.round(record.signal.T * 1000.0).astype("<i2"))
    (root / "ptbxl_database.csv").write_text("\n".join([*rows, ""]))
    return PtbXl(root)


def test_a_named_network_becomes_a_grader(tree: PtbXl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_module, "_N_RESAMPLES", 20)
    recipe = as_grader(recipe_for("resnet1d_wang", "critical-value", epochs=1))
    result = train(replace(recipe, folds=(1, 2, 3, 4, 5, 6), batch_size=4), tree, tmp_path / "out")
    grader = load_predictor(str(result.card_path))
    assert grader.card.contract.filter == "none"
    assert grader.card.architecture.kwargs["windows"] == {"length": 250, "step": 125, "join": "mean"}
    record = generate("normal", seed=99)
    prediction = grader.predict(record)
    assert sum(prediction.probabilities) == pytest.approx(1)
    explanation = grader.explain(record)
    assert list(explanation.stages) == [1, 2, 3]
    assert all(len(attention) == record.n_samples for attention in explanation.stages.values())
