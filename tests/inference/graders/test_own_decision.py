"""Graders that give levels by what an installation chose: openly, all of a panel alike, also for training records."""

from cardiov_core import analyze, load_predictor
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import ReasonCode, Severity
from cardiov_core.inference import BlendGrader, analysis_to_dict, other_graders
from cardiov_core.inference.uncertainty.decision import OwnDecision
from cardiov_core.reporting.print.content import quality_section

MISSES = OwnDecision(20.0)


def test_a_dear_miss_raises_levels_and_says_so() -> None:
    grader, record = load_predictor(), generate("atrial_fibrillation", seed=2)
    shipped, own = (analyze(record, one).prediction for one in (grader, grader.by_own(MISSES)))
    assert shipped is not None
    assert own is not None
    assert own.probabilities == shipped.probabilities
    assert own.severity == Severity(int(MISSES.costs.decide([own.probabilities])[0])) >= shipped.severity
    assert (shipped.decided_by, own.decided_by) == ("shipped", "installation")
    analysis = analyze(record, grader.by_own(MISSES))
    printed = [entry.text for entry in quality_section(analysis).entries]
    assert MISSES.words in printed, "in the report, too"
    document = analysis_to_dict(analysis)
    assert document["risk"]["decided_by"] == "installation"
    assert document["warning_codes"].count(ReasonCode.INSTALLATION_DECISION) == 1
    assert any("a miss counts 20 times" in words for words in document["warnings"])


def test_all_graders_of_a_panel_decide_alike() -> None:
    grader = load_predictor()
    own = grader.by_own(MISSES)
    others = tuple(one.by_own(MISSES) for one in other_graders(grader))
    panel = analyze(generate("normal", seed=3), own, others=others).panel
    assert panel is not None
    assert {one.decided_by for one in panel.predictions} == {"installation"}
    if isinstance(own, BlendGrader):
        assert {member.own for member in own.members} == {MISSES}
        assert {member.own for member in grader.members} == {None}


def test_the_table_of_training_records_follows_the_decision() -> None:
    grader = load_predictor()
    shipped, own = grader.graded_out_of_fold, grader.by_own(MISSES).graded_out_of_fold
    if shipped is None or own is None:
        return
    assert (own.levels >= grader.by_rule("paper").graded_out_of_fold.levels).all()  # type: ignore[union-attr]
    assert (own.levels == MISSES.costs.decide(own.probabilities)).all()
    assert grader.by_own(MISSES).by_own(None).graded_out_of_fold.levels.tolist() == shipped.levels.tolist()  # type: ignore[union-attr]
