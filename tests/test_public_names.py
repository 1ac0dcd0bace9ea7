import subprocess
import sys

import pytest

import cardiov_core


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
