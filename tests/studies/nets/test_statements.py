"""Analyses of networks on statements: from out-of-fold answers to figures, and back from beside the weights."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from cardiov_core.datasets import LabelledRecords
from cardiov_core.datasets.labels.tasks import task_of
from cardiov_core.errors import WeightsError
from cardiov_core.studies.nets.shipped import ship_statements_check, shipped_statements_check
from cardiov_core.studies.nets.statement_words import class_rows, cluster_rows, statements_text, statements_words
from cardiov_core.studies.nets.statements import StatementsCheck, check_statements

CODES = task_of("all").outputs
N = 180


def _table(path: Path, seed: int) -> Path:
    """A network that knows NORM and IMI, is unsure of the first half of PACE, and guesses LVH."""
    generator = np.random.default_rng(seed)
    labels = np.zeros((N, len(CODES)))
    for at in range(N):
        labels[at, CODES.index(("NORM", "IMI", "PACE", "LVH")[at % 4])] = 1.0
    scores = np.clip(labels * 0.8 + generator.random(labels.shape) * 0.1, 0, 1)
    scores[:, CODES.index("LVH")] = generator.random(N)
    odd = np.arange(N // 2)
    scores[odd[odd % 4 == 2], CODES.index("PACE")] = 0.02
    scores[odd[odd % 4 == 2], CODES.index("NORM")] = 0.9
    who = pd.DataFrame({"ecg_id": np.arange(1, N + 1), "patient_id": np.arange(N), "fold": np.arange(N) % 3 + 1})
    named = pd.DataFrame(np.hstack([labels, scores]), columns=[*(f"label_{code}" for code in CODES), *CODES])
    pd.concat([who, named], axis=1).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("members")
    paths = [folder / str(seed) / "fcn_wang-all.oof.csv" for seed in (1, 2)]
    for seed, path in enumerate(paths):
        path.parent.mkdir()
        _table(path, seed)
    return paths


def _scp_codes(ecg_id: int) -> dict[str, float]:
    return {("NORM", "IMI", "PACE", "LVH")[(ecg_id - 1) % 4]: 0.0 if ecg_id < 20 else 35.0 if ecg_id < 90 else 100.0}


def _findings(ecg_ids: Any) -> list[frozenset[str]]:
    return [frozenset({"pacing"}) if (ecg_id - 1) % 4 == 2 else frozenset() for ecg_id in ecg_ids]


@pytest.fixture(scope="module")
def check(tables: list[Path]) -> StatementsCheck:
    dataset = cast("LabelledRecords", SimpleNamespace(scp_codes=_scp_codes))
    return check_statements(tables, dataset, findings_of=_findings, n_resamples=10)


def test_each_statement_and_each_class_has_its_figure(check: StatementsCheck) -> None:
    by_code = {one.code: one for one in check.statements}
    assert set(by_code) == {"NORM", "IMI", "PACE", "LVH"}
    assert by_code["IMI"].auc == 1.0
    assert 0.95 < by_code["IMI"].f_beta <= 1.0
    assert by_code["PACE"].auc < 0.8
    assert by_code["LVH"].low < 0.6
    assert (check.net, check.n_members, check.n) == ("fcn_wang", 2, N)
    rows = class_rows(check)
    assert ("MI", "45", "1.000") in rows
    assert rows.index(("MI", "45", "1.000")) + 1 == rows.index(("\u2003IMI", "45", "1.000"))
    assert len(check.rules) == 6


def test_the_hidden_half_is_a_cluster_of_its_own_with_its_records(check: StatementsCheck) -> None:
    worse, better = check.clusters[:2]
    assert worse.code == better.code == "PACE"
    assert worse.ecg_ids == tuple(ecg_id for ecg_id in range(1, 91) if (ecg_id - 1) % 4 == 2)
    assert better.auc == 1.0
    assert worse.auc < 0.6
    assert cluster_rows(check.clusters)[0][:3] == ("PACE", "told worse", str(len(worse.ecg_ids)))


def test_a_rule_finds_what_the_network_misses(check: StatementsCheck) -> None:
    pace = {one.how: one for one in check.detectors if one.code == "PACE"}
    assert pace["alone"].false_negative + pace["alone"].false_positive > 0
    assert (pace["override"].true_positive, pace["override"].false_positive) == (45, 0)
    assert pace["join"].false_negative == 0


def test_a_likelihood_that_was_not_graded_is_left_out(check: StatementsCheck) -> None:
    n_ungraded_diagnostic = sum((ecg_id - 1) % 4 != 2 for ecg_id in range(1, 20))
    assert [one.likelihood for one in check.spread] == [35.0, 100.0]
    assert sum(one.n for one in check.spread) == 135 - n_ungraded_diagnostic


def test_it_comes_back_from_beside_the_weights(check: StatementsCheck, tmp_path: Path) -> None:
    assert shipped_statements_check(tmp_path) is None
    path = ship_statements_check(check, tmp_path)
    assert shipped_statements_check(tmp_path) == check
    path.write_text("{}")
    with pytest.raises(WeightsError, match="no analysis"):
        shipped_statements_check(tmp_path)


def test_words_tell_network_seeds_and_records(check: StatementsCheck) -> None:
    assert statements_words(check).startswith("fcn_wang, the mean of 2 seeds, out of fold on 180 records")
    text = statements_text(check)
    assert "Hidden stratification" in text
    assert "network or rule" in text


def test_other_tables_are_refused(tables: list[Path], tmp_path: Path) -> None:
    dataset = cast("LabelledRecords", SimpleNamespace(scp_codes=_scp_codes))
    other = tmp_path / "age.oof.csv"
    other.write_text("ecg_id,patient_id,fold,label_age,age\n1,1,1,50,60\n")
    with pytest.raises(WeightsError, match="no answers on the task all"):
        check_statements([other], dataset)
    shorter = tmp_path / "fcn_wang-all.oof.csv"
    pd.read_csv(tables[0]).iloc[1:].to_csv(shorter, index=False)
    with pytest.raises(WeightsError, match="same records"):
        check_statements([tables[0], shorter], dataset)
