import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, Measurements
from cardiov_core.signals import KeptExaminations, assess_quality, find_findings, measure, measuring_key
from cardiov_core.signals import kept_examinations as kept


@pytest.fixture(scope="module")
def records() -> list[EcgRecord]:
    return [generate(name, seed=3) for name in ("normal", "atrial_fibrillation")]


def _unlike(one: Measurements, other: Measurements) -> list[str]:
    """Name the fields whose values or types differ; arrays are compared bit by bit."""
    unlike = []
    for item in fields(Measurements):
        if item.name != "median_beat":
            first, second = getattr(one, item.name), getattr(other, item.name)
            unlike += [] if first == second and type(first) is type(second) else [item.name]
    first, second = one.median_beat, other.median_beat
    assert first is not None
    assert second is not None
    same = np.array_equal(first.signal, second.signal) and first.signal.dtype == second.signal.dtype
    return [*unlike, *([] if same and first.qrs == second.qrs else ["median_beat"])]


def test_what_was_kept_is_what_was_measured(
    records: list[EcgRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = list(KeptExaminations(tmp_path).of(records))
    # Whoever measures again, fails.
    monkeypatch.setattr(kept, "_line", None)
    again = list(KeptExaminations(tmp_path).of(reversed(records)))[::-1]
    for record, one, other in zip(records, first, again, strict=True):
        assert other.record is record
        assert _unlike(other.measurements, measure(record)) == []
        assert _unlike(other.measurements, one.measurements) == []
        assert other.quality == assess_quality(record)
        assert other.findings == find_findings(record, measure(record), assess_quality(record))


def test_a_torn_line_is_measured_again(records: list[EcgRecord], tmp_path: Path) -> None:
    examinations = KeptExaminations(tmp_path)
    list(examinations.of(records))
    content = examinations.path.read_bytes()
    examinations.path.write_bytes(content[: len(content) - 100])
    again = KeptExaminations(tmp_path)
    assert _unlike(list(again.of(records))[1].measurements, measure(records[1])) == []
    whole = [line for line in again.path.read_text().splitlines() if line.endswith("}")]
    assert [json.loads(line)["record"] for line in whole[-1:]] == [records[1].fingerprint]


def test_several_processes_measure_the_same(records: list[EcgRecord], tmp_path: Path) -> None:
    alone = list(KeptExaminations(tmp_path / "alone").of(records))
    together = list(KeptExaminations(tmp_path / "together", n_processes=2).of(records))
    for one, other in zip(alone, together, strict=True):
        assert _unlike(one.measurements, other.measurements) == []


def test_other_code_or_another_delineator_is_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = KeptExaminations(tmp_path).path
    assert place.parent.name == measuring_key()
    for name, value in (("MEASURING", kept.MEASURING[:-1]), ("load_delineator", lambda: None)):
        measuring_key.cache_clear()
        with monkeypatch.context() as changed:
            changed.setattr(kept, name, value)
            assert KeptExaminations(tmp_path).path != place
    measuring_key.cache_clear()


def test_only_what_code_does_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.py").write_text(
        '"""A."""\nimport math\n\n\ndef of(x: float) -> float:\n    """B."""\n    return x + 1\n'
    )
    (tmp_path / "__init__.py").write_text("")
    monkeypatch.setattr(kept.cardiov_core, "__file__", str(tmp_path / "__init__.py"))
    first = kept.code_digest(["one.py"])
    (tmp_path / "one.py").write_text("import cmath\n\n\n# A comment.\ndef of(x: float) -> float:\n    return x + 1\n")
    assert kept.code_digest(["one.py"]) == first
    (tmp_path / "one.py").write_text("def of(x: float) -> float:\n    return x + 2\n")
    assert kept.code_digest(["one.py"]) != first


def test_all_that_measures_is_named() -> None:
    root = Path(kept.__file__).parents[1]
    assert all((root / name).exists() for name in kept.MEASURING)
    # Findings and features are made of measurements and kept nowhere.
    left = {path.name for path in (root / "signals").iterdir()} - {Path(name).name for name in kept.MEASURING}
    assert left - {"__pycache__"} == {
        "__init__.py", "__init__.pyi", "examination.py", "features.py", "findings", "kept_examinations.py",
        "reference_ranges.py", "wave_features.py",
    }  # fmt: skip


def test_kept_measurements_are_those_of_torch_whatever_is_installed(
    records: list[EcgRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    expected = measure(records[0])
    monkeypatch.setenv("CARDIOV_BACKEND", "openvino")
    monkeypatch.setenv("CARDIOV_CACHE", str(tmp_path / "cache"))
    (found,) = KeptExaminations(tmp_path / "kept").of(records[:1])
    assert _unlike(found.measurements, expected) == []
    assert not (tmp_path / "cache").exists()
