import subprocess
import sys
from pathlib import Path

import pytest

import cardiov_core
from cardiov_core.datasets import generate
from cardiov_core.io import write_record

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", cardiov_core.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(cardiov_core, name).__name__ == name


def test_unknown_names_are_unknown() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = cardiov_core.nonsense


def test_importing_the_package_does_not_load_the_heavy_libraries() -> None:
    heavy = {"torch", "wfdb", "pandas", "scipy", "streamlit"}
    code = f"import sys, cardiov_core; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("work", "unwanted"),
    [
        ("import cardiov_core.cli", {"numpy.random", "torch", "scipy", "pandas", "pydantic_settings", "sqlalchemy"}),
        # Words and drop zone of the first screen wait for these imports alone.
        (
            "import cardiov_core.ui.frame.page, cardiov_core.ui.opening.first_screen",
            {"scipy", "pandas", "pydantic_settings", "sqlalchemy", "torch", "numpy.random", "cardiov_core.inference"},
        ),
        ("import cardiov_core.io", {"torch", "pandas", "wfdb", "streamlit", "sklearn"}),
        ("import cardiov_core.signals", {"torch", "pandas", "wfdb", "streamlit", "sklearn", "sleepecg"}),
        (
            "import cardiov_core.inference.graders.load",
            {"torch", "pandas", "wfdb", "streamlit", "sklearn", "sleepecg", "openvino"},
        ),
    ],
)
def test_a_room_loads_no_library_that_it_does_not_need(work: str, unwanted: set[str]) -> None:
    code = f"import sys; {work}; print(*({unwanted} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_graded_record_loads_no_table_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_BACKEND", "torch")
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    record, *_ = write_record(generate("normal", seed=1), tmp_path, "wfdb")
    unwanted = {"pandas", "wfdb", "streamlit", "sklearn", "openvino", "sqlalchemy", "matplotlib"}
    code = (
        "import sys; from cardiov_core.cli import main; main(['analyze', sys.argv[1]], standalone_mode=False); "
        f"print(*({unwanted} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(record)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


def _analysed(record: Path, work: str) -> tuple[list[str], str]:
    """Run a program on a record in a process of its own; return which backends it loaded, and what it printed."""
    code = f"import sys; {work}; print(*({{'torch', 'openvino'}} & set(sys.modules)))"
    command = [sys.executable, "-c", code, str(record)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    *printed, loaded = done.stdout.splitlines()
    return loaded.split(), "\n".join(printed)


def test_torch_is_not_loaded_where_openvino_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setenv("CARDIOV_BACKEND", "auto")
    monkeypatch.setenv("CARDIOV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    record, *_ = write_record(generate("premature_ventricular_complexes", seed=1), tmp_path, "wfdb")
    command = "from cardiov_core.cli import main; main(['analyze', '--json', sys.argv[1]{}], standalone_mode=False)"
    assert _analysed(record, command.format(""))[0] == ["torch"]
    loaded, converted = _analysed(record, command.format(", '--backend', 'openvino'"))
    assert set(loaded) == {"torch", "openvino"}
    # Kept now, and asked by every program that nobody told otherwise.
    assert _analysed(record, command.format("")) == (["openvino"], converted)
    predict = "import cardiov_core as c; print(c.load_predictor().predict(c.read_record(sys.argv[1])).severity)"
    assert _analysed(record, predict)[0] == ["openvino"]
    page = (
        "from streamlit.testing.v1 import AppTest; app = AppTest.from_file('app.py', default_timeout=120).run(); "
        "app.button(key='sample_normal').click().run(); assert not app.exception"
    )
    assert _analysed(record, page)[0] == ["openvino"]
    # Explanations are PyTorch's.
    explain = command.format(", '--explain'")
    assert set(_analysed(record, explain)[0]) == {"torch", "openvino"}
