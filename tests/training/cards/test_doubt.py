import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.inference.uncertainty.doubt import SHARE_WARNED
from cardiov_core.training.cards.doubt import doubt_part
from cardiov_core.weights import load_card
from cardiov_core.weights.cards.parts import DoubtPart


def _drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are right on the whole, and levels drawn from them."""
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet((1.0, 0.5, 0.35, 0.4), n)
    levels = (generator.random(n)[:, np.newaxis] > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, np.minimum(levels, 3)


def test_doubtful_levels_are_wrong_more_often() -> None:
    probabilities, labels = _drawn(4000)
    part = doubt_part(probabilities, probabilities.argmax(axis=1), labels, np.arange(4000) % 5)
    found = part.measured
    assert found is not None
    assert found.warned / found.n == pytest.approx(SHARE_WARNED, abs=0.02)
    assert found.wrong_warned / found.warned > 1.5 * found.wrong_others / (found.n - found.warned)
    # Of the most probable level doubt is 1 - max p.
    assert found.auc == found.auc_most_probable
    assert found.auc is not None
    assert found.auc > 0.65


def test_a_groups_warnings_know_nothing_of_its_doubts() -> None:
    probabilities, labels = _drawn(600, 1)
    groups = np.arange(600) % 3
    sure = probabilities.copy()
    sure[groups == 1] = np.eye(4)[sure[groups == 1].argmax(axis=1)]
    part = doubt_part(sure, sure.argmax(axis=1), labels, groups)
    assert part.measured is not None
    # By a limit of its own every record of the sure group would have been warned of: all have a doubt of 0.
    assert part.measured.warned < 300


def test_calibrate_writes_the_limit_of_any_grader(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (repository / "weights" / "measurements.oof.csv").is_file():
        pytest.skip("no shipped weights")
    for file in (repository / "weights").glob("measurements.*"):
        shutil.copy(file, tmp_path)
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(tmp_path))
    done = CliRunner().invoke(main, ["calibrate", "--model", "measurements", "--doubt", "--ship"])
    assert done.exit_code == 0, done.output
    part = load_card("measurements").part(DoubtPart)
    assert part is not None
    assert f"{part.limit:.3f}" in done.output
    assert json.loads((tmp_path / "measurements.json").read_text())["doubt"]["measured"]["n"] == part.measured.n  # type: ignore[union-attr]
