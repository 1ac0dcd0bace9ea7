import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cardiov_core.evaluation import EvaluationDocument
from cardiov_core.reporting import FIGURE_SENTENCES, citation, figure_csv, figure_svg, panels_of


@pytest.fixture(scope="module")
def metrics(repository: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((repository / "weights/evaluations/combined/metrics.json").read_text())
    return loaded


def test_each_figure_is_one_drawing_its_numbers_and_a_sentence(metrics: dict[str, object]) -> None:
    document = EvaluationDocument.of(metrics)
    panels = panels_of(metrics)
    assert set(panels) == set(FIGURE_SENTENCES)
    for key, drawn in panels.items():
        drawing = ElementTree.fromstring(figure_svg(drawn))  # noqa: S314 - drawn here
        inner = [child for child in drawing if child.tag.endswith("svg")]
        assert len(inner) == len(drawn)
        places = [float(child.attrib["x"]) for child in inner]
        assert places == sorted(places)
        assert float(drawing.attrib["width"].removesuffix("pt")) > places[-1]
        head, *rows = csv.reader(io.StringIO(figure_csv(key, document)))
        assert rows
        assert all(len(row) == len(head) for row in rows)
        assert document.model.sha256[:12] in citation(key, document)
        assert str(document.n) in citation(key, document)


def test_the_numbers_of_a_figure_are_those_of_the_document(metrics: dict[str, object]) -> None:
    document = EvaluationDocument.of(metrics)
    by_level = {row["level"]: row for row in csv.DictReader(io.StringIO(figure_csv("auc", document)))}
    assert float(by_level["mean"]["auc"]) == document.auc["mean"]
    _, *rows = csv.reader(io.StringIO(figure_csv("confusion", document)))
    counts = [[int(each) for each in row[1:]] for row in rows]
    assert counts == [list(row) for row in document.confusion]
