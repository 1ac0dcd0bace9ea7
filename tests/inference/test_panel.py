"""Graders beside one another: who says what, whether they differ, and what that does not cost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, Explanation, Prediction, Reason, ReasonCode, Severity, Window
from cardiov_core.domain.reasons import texts
from cardiov_core.errors import ExplanationError, RecordUnsupportedError
from cardiov_core.inference import analysis_to_dict, analyze, disagreement_of, other_graders, with_grader
from cardiov_core.inference.graders.base import Grader
from cardiov_core.inference.panel import disagreement, grade_all
from cardiov_core.signals import Examination
from cardiov_core.weights.cards.card import checked_card

MakeGrader = Callable[..., Grader]


class Says(Grader):
    """A grader that always gives the same level, or none."""

    def __init__(self, card: Any, level: int | None, *, out_of_fold: int | None = None) -> None:
        super().__init__(card)
        self.level, self.shipped = level, out_of_fold
        self.asked: list[tuple[float | None, EcgRecord | Examination]] = []

    def predict(self, record: EcgRecord | Examination, *, start_s: float | None = None) -> Prediction:
        self.asked.append((start_s, record))
        if self.level is None:
            raise RecordUnsupportedError("It has no beat.", "Repeat it.")
        return self._said(self.level)

    def explain(
        self, record: EcgRecord | Examination, *, target: Any = None, start_s: float | None = None
    ) -> Explanation:
        raise ExplanationError("It does not say.", "Ask another one.")

    def out_of_fold_prediction(self, record: EcgRecord) -> Prediction | None:
        return None if self.shipped is None else self._said(self.shipped, out_of_fold=True)

    def _said(self, level: int, *, out_of_fold: bool = False) -> Prediction:
        shares = np.eye(4)[level]
        exceedance = shares[::-1].cumsum()[::-1][1:]
        return replace(
            self._decoded(np.asarray([exceedance]), [Window(0.0, 10.0)], [()])[0],
            severity=Severity(level),
            out_of_fold=out_of_fold,
        )


@pytest.fixture
def says(make_card: Callable[..., dict[str, Any]]) -> MakeGrader:
    def _make(name: str, level: int | None, **more: Any) -> Grader:
        raw = {**make_card(name), "schema_version": 1, "sha256": "a" * 64, "n_parameters": 0, "out_of_fold": None}
        return Says(checked_card(raw, Path(f"{name}.json")), level, **more)

    return _make


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return generate("normal", seed=3)


def test_graders_that_differ_by_a_level_are_named_with_what_they_say(record: EcgRecord, says: MakeGrader) -> None:
    panel = grade_all(record, [says("network", 1), says("measurements", 3)])
    assert panel.gap == 2
    said = disagreement_of(panel)
    assert said == Reason(
        ReasonCode.GRADERS_DISAGREE, "The graders disagree: network Low risk, measurements High risk."
    )


@pytest.mark.parametrize("levels", [[2, 2, 2], [1], []])
def test_graders_that_say_the_same_do_not_disagree(record: EcgRecord, says: MakeGrader, levels: list[int]) -> None:
    panel = grade_all(record, [says(f"g{index}", level) for index, level in enumerate(levels)])
    assert panel.gap == 0
    assert disagreement_of(panel) is None


def test_a_record_that_trained_a_grader_is_compared_by_its_out_of_fold_level(
    record: EcgRecord, says: MakeGrader
) -> None:
    trained = says("trained", 3, out_of_fold=0)
    panel = grade_all(record, [says("other", 0), trained])
    assert [int(each.severity) for each in panel.predictions] == [0, 0]
    assert panel.predictions[1].out_of_fold
    assert trained.asked == []  # type: ignore[attr-defined]
    later = grade_all(record, [trained], start_s=2.0)
    assert int(later.predictions[0].severity) == 3, "another window than the one of the table"


def test_a_grader_without_a_level_is_silent_with_its_reason(record: EcgRecord, says: MakeGrader) -> None:
    panel = grade_all(record, [says("mute", None), says("network", 2)])
    assert [each.model_name for each in panel.predictions] == ["network"]
    assert panel.silent == {"mute": Reason(ReasonCode.GRADER_SILENT, "It has no beat. Repeat it.")}
    assert panel.of("mute") is None


def test_a_record_is_examined_once_for_all_graders(record: EcgRecord, says: MakeGrader) -> None:
    first, second = says("a", 1), says("b", 2)
    analysis = analyze(record, first, others=[second])
    (one,), (other,) = ([asked[1] for asked in grader.asked] for grader in (first, second))  # type: ignore[attr-defined]
    assert one is other
    assert one.measurements is analysis.measurements


def test_the_analysis_warns_and_its_json_names_the_other_graders(record: EcgRecord, says: MakeGrader) -> None:
    analysis = analyze(record, says("a", 1), others=[says("b", 2), says("a", 3)])
    assert "The graders disagree: a Low risk, b Medium risk." in texts(analysis.warnings)
    row = analysis_to_dict(analysis)
    assert row["risk"]["level"] == 1
    assert row["graders_disagree"] is True
    assert row["other_graders"] == [
        {"name": "b", "level": 2, "name_of_level": "Medium risk", "probabilities": [0.0, 0.0, 1.0, 0.0]}
    ]
    alone = analysis_to_dict(analyze(record, says("a", 1)))
    assert alone["other_graders"] == []
    assert alone["graders_disagree"] is None


def test_another_grader_is_shown_without_grading_again(record: EcgRecord, says: MakeGrader) -> None:
    graders = [says("a", 1), says("b", 2), says("mute", None)]
    analysis = analyze(record, graders[0], others=graders[1:])
    asked = [len(grader.asked) for grader in graders]  # type: ignore[attr-defined]
    shown = with_grader(analysis, "b")
    assert shown.prediction is not None
    assert shown.prediction.severity is Severity.MEDIUM_RISK
    assert with_grader(shown, "a").prediction == analysis.prediction
    silent = with_grader(analysis, "mute")
    assert silent.prediction is None
    assert texts(silent.withheld) == ("It has no beat. Repeat it.",)
    assert [len(grader.asked) for grader in graders] == asked  # type: ignore[attr-defined]


def test_a_withheld_level_is_withheld_by_all(says: MakeGrader) -> None:
    whole = generate("normal", seed=3)
    signal = whole.signal.copy()
    signal[6:8] = 0.0
    record = replace(whole, signal=signal)
    analysis = analyze(record, says("a", 1), others=[says("b", 2)])
    assert analysis.prediction is None
    assert analysis.panel is None
    assert analysis.withheld == analysis.quality.reasons
    anyway = analyze(record, says("a", 1), others=[says("b", 2)], analyse_anyway=True)
    assert anyway.panel is not None
    assert anyway.panel.gap == 1


def test_a_damaged_grader_is_not_asked_and_stops_nobody(
    tiny_folder: Path, caplog: pytest.LogCaptureFixture, says: MakeGrader
) -> None:
    (tiny_folder / "broken.json").write_text("{}")
    found = other_graders(says("mine", 0))
    assert [grader.name for grader in found] == ["tiny"]
    assert "broken" in caplog.text


def test_words_of_equal_levels_are_empty() -> None:
    assert disagreement([("a", Severity.LOW_RISK), ("b", Severity.LOW_RISK)]) is None
