"""The far misses one by one, in one file that needs nothing else."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import (
    Contribution,
    Contributions,
    EcgRecord,
    Explanation,
    Prediction,
    QualityVerdict,
    Severity,
    Window,
)
from cardiov_core.errors import ConfigurationError, ExplanationError
from cardiov_core.evaluation.study.case_file import CaseList, FoundCase
from cardiov_core.inference import Grader
from cardiov_core.reporting.evaluation.cases import default_report_path, distortion_words, write_case_report
from cardiov_core.reporting.evaluation.far_miss import trace_picture
from cardiov_core.weights import ModelCard, load_card

SHA = "a" * 64
WINDOW = Window(0.0, 10.0)


def _record() -> EcgRecord:
    return replace(generate("normal", seed=4), record_id="00007_hr", age=61.0, sex="female")


class _Dataset(PtbXl):
    """One generated record under every number."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def record(self, ecg_id: int, sampling_rate_hz: int = 500) -> EcgRecord:
        assert sampling_rate_hz == 500
        return replace(_record(), record_id=f"{ecg_id:05d}_hr")


class _Grader(Grader):
    """Explains as it is told to; grades nothing."""

    def __init__(self, explanation: Explanation | Contributions | None, card: ModelCard) -> None:
        super().__init__(card)
        self._explanation = explanation

    def predict(self, *args: object, **options: object) -> Prediction:
        raise NotImplementedError

    def explain(
        self, record: EcgRecord, *, target: object = None, start_s: object = None
    ) -> Explanation | Contributions:
        assert (target, start_s) == (0, None)
        if self._explanation is None:
            raise ExplanationError("The map failed its test.", "Ask another grader.")
        return self._explanation


def _attention(value: float) -> Explanation:
    cam = np.full(_record().n_samples, value, dtype=np.float32)
    return Explanation("net", "level 0", dict.fromkeys(range(1, 8), cam), WINDOW)


SAID = Contributions(
    "forest", "level 0", (Contribution("ST", "", "V5", "ST", -0.1, "mV", 0.2, "ST -0.10 mV in V5 <"),), 0.5, WINDOW
)


def _case(ecg_id: str, label: int, level: int, **changes: object) -> FoundCase:
    shares = [0.1, 0.1, 0.1, 0.1]
    shares[level] = 0.7
    grade = Prediction(Severity(level), tuple(shares), (0.3, 0.2, 0.1), 0.0, "net", SHA, WINDOW, out_of_fold=True)
    made = FoundCase(
        f"{int(ecg_id):05d}_hr",
        "ptb-xl",
        ecg_id,
        f"records500/{ecg_id}",
        Severity(label),
        grade,
        QualityVerdict.LIMITED,
        ("V1 drifts by 1.8 mV.",),
        statements=("NORM 80 0 decides", "IMI 15 3 overruled", "SR 0 0 beside"),
        distortions=("drift_mv",),
        graders=("measurements 2 0.413",),
        reasons=("Because <it> is.",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


FOUND = CaseList(
    "net",
    SHA,
    (1, 2, 3),
    100,
    (_case("7", 3, 0), _case("8", 3, 0, distortions=(), quality_reasons=()), _case("9", 1, 2)),
    distorted={0: (20, 97), 1: (0, 1), 3: (1, 2)},
)


Writer = Callable[[Explanation | Contributions | None], str]


@pytest.fixture
def written(tiny_folder: Path, tmp_path: Path) -> Writer:
    """Write the report of a grader that explains as given, and return it."""
    assert tiny_folder.is_dir()
    card = load_card("tiny")

    def _write(explanation: Explanation | Contributions | None) -> str:
        n_far = write_case_report(
            FOUND, _Dataset(tmp_path), _Grader(explanation, card), tmp_path / "new" / "cases.html"
        )
        assert n_far == 2
        return (tmp_path / "new" / "cases.html").read_text(encoding="utf-8")

    return _write


def test_far_misses_stand_one_by_one_with_all_that_is_known(written: Writer) -> None:
    text = written(_attention(0.5))
    said = unescape(re.sub(r"<[^>]+>", " ", re.sub(r'src="[^"]+"', "", text)))
    assert text.count("<article") == text.count("<img") == 2
    assert "Record 7: labelled high risk, graded no risk" in said
    for words in (
        "IMI: inferior myocardial infarction",
        "overruled, although graver",
        "present, not graded",
        "Base-line drift may explain it.",
        "No drift and no high-frequency noise that would explain it.",
        "measurements says medium risk (41\u2009%)",
        "by a copy of the grader that had not seen the patient",
        "not why",
        "did train on this record",
        "Because <it> is.",
    ):
        assert words in said, words
    assert "9" in re.findall(r'<th scope="row">(\d+)</th>', text)


def test_the_file_needs_nothing_else_and_is_small(written: Writer) -> None:
    text = written(_attention(0.5))
    addresses = re.findall(r'(?:src|href|srcset)="([^"]*)"', text)
    assert addresses
    assert all(address.startswith(("data:image/", "#case-")) for address in addresses)
    assert "<script" not in text
    assert "url(" not in text
    assert "Not a medical device" in text
    assert len(text) < 2 * 200_000, "two far misses"
    assert text == written(_attention(0.5)), "the same cases give the same bytes"


def test_what_a_forest_measured_is_a_list_and_a_blend_has_both(written: Writer) -> None:
    for explanation in (SAID, replace(_attention(0.5), reasons=SAID)):
        assert "<li>ST -0.10 mV in V5 &lt;</li>" in written(explanation)


def test_a_withheld_map_and_an_empty_one_are_said(written: Writer) -> None:
    assert "No explanation: The map failed its test." in written(None)
    assert "Stage 7 has none" in written(_attention(0.0))
    text = written(_attention(0.5))
    assert "Stage 7 has none" not in text
    assert "have not been tested" in text
    text = written(replace(_attention(0.5), withheld={7: "It failed.", 6: "It failed."}))
    assert "stage 5 behind the trace" in text
    assert "No attention is shown" in written(
        replace(_attention(0.5), withheld=dict.fromkeys(range(1, 8), "It failed."))
    )


def test_drift_among_far_misses_stands_beside_the_papers_and_beside_the_rest() -> None:
    words = distortion_words(FOUND)
    assert words.startswith("1 of 2 far misses carry drift or high-frequency noise")
    assert "the paper saw them in 9 of 15" in words
    assert "20 of the 97 rightly graded records (21\u2009% against 50\u2009%)" in words
    assert (
        distortion_words(replace(FOUND, distorted={0: (3, 100)})) == "None of 100 records is graded three levels off."
    )


def test_attention_changes_the_picture() -> None:
    bare, painted = trace_picture(_record()), trace_picture(_record(), _attention(1.0))
    assert bare != painted
    withheld = dict.fromkeys(range(1, 8), "It failed.")
    assert trace_picture(_record(), replace(_attention(1.0), withheld=withheld)) == bare
    assert base64.b64decode(bare.partition(",")[2])[8:12] == b"WEBP"


def test_where_it_lies_and_that_it_cannot_be_written(written: Writer, tmp_path: Path) -> None:
    assert default_report_path(tmp_path / "cases.json") == tmp_path / "cases.html"
    (tmp_path / "new").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        written(_attention(0.5))
