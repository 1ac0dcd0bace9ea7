"""What stands under the paper about the attention band."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from cardiov_core.inference import Grader
from cardiov_core.ui.trace.explanation import stages_of
from cardiov_core.ui.trace.tools import StageChoice, band_caption
from cardiov_core.weights.cards.parts import PassportPart

_FAILED: Mapping[str, Any] = {"n": 40, "failed": ["shift"], "shift": 0.1}
_PASSED: Mapping[str, Any] = {"n": 40, "failed": []}


def _grader(passed: Mapping[int, tuple[int, ...]] | None) -> Grader:
    """A grader whose card says which stages passed, a level; None: no test was made."""
    passport = None
    if passed is not None:
        levels = {
            str(level): [{"stage": stage, **(_PASSED if stage in stages else _FAILED)} for stage in range(1, 8)]
            for level, stages in passed.items()
        }
        passport = PassportPart.of({"sha256": "a", "levels": levels})
    return cast(
        Grader, SimpleNamespace(card=SimpleNamespace(part=lambda _kind: passport, sha256="a", path=None), n_stages=7)
    )


@pytest.mark.parametrize(
    ("passed", "stage", "offered"),
    [
        ({0: (2, 3), 1: (1, 2, 3), 2: (1, 2), 3: (1, 2)}, 2, (1, 2, 3)),
        ({0: (1, 5, 6), 1: (1, 5, 6), 2: (1, 5, 6), 3: (1, 6)}, 6, (1, 5, 6)),
        ({0: (3,), 1: (3,), 2: (), 3: (3,)}, 3, (3,)),
        ({0: (), 1: (), 2: (), 3: ()}, 7, (1, 2, 3, 4, 5, 6, 7)),
        (None, 7, (1, 2, 3, 4, 5, 6, 7)),
    ],
)
def test_only_stages_that_passed_are_offered_and_an_ecg_opens_with_the_deepest_that_passed_for_every_level(
    passed: Mapping[int, tuple[int, ...]] | None, stage: int, offered: tuple[int, ...]
) -> None:
    assert stages_of(_grader(passed)) == StageChoice(offered, stage)


def test_an_empty_map_is_told_instead_of_an_invisible_band() -> None:
    assert "there is no band" in band_caption(np.array([np.nan, 0.0, 0.0], dtype=np.float32), 7)


def test_a_band_over_the_whole_strip_is_not_drawn_and_that_is_said() -> None:
    words = band_caption(np.array([np.nan, 0.8, 0.9, 1.0], dtype=np.float32), 6)
    assert "Stage 6 looked at all of this ECG alike" in words
    assert "there is no band" in words


def test_a_band_is_named_with_its_stage() -> None:
    assert band_caption(np.array([0.0, 1.0], dtype=np.float32), 3).startswith("Blue band: relative attention")
