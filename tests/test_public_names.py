import subprocess
import sys
from pathlib import Path

import pytest

import cardiov_core
from cardiov_core.datasets import generate
from cardiov_core.io import write_record


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
        ("import cardiov_core.io", {"torch", "pandas", "wfdb", "streamlit", "sklearn"}),
        ("import cardiov_core.signals", {"torch", "pandas", "wfdb", "streamlit", "sklearn", "sleepecg"}),
        (
            "import cardiov_core.inference.graders.load",
            {"pandas", "wfdb", "streamlit", "sklearn", "sleepecg", "openvino"},
        ),
    ],
)
def test_a_room_loads_no_library_that_it_does_not_need(work: str, unwanted: set[str]) -> None:
    code = f"import sys; {work}; print(*({unwanted} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_graded_record_loads_no_table_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_BACKEND", "torch")
    record, *_ = write_record(generate("normal", seed=1), tmp_path, "wfdb")
    unwanted = {"pandas", "wfdb", "streamlit", "sklearn", "openvino", "sqlalchemy", "matplotlib"}
    code = (
        "import sys; from cardiov_core.cli import main; main(['analyze', sys.argv[1]], standalone_mode=False); "
        f"print(*({unwanted} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(record)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
