"""Limits come from the environment, and the page for administrators lists every one with its default."""

import re
from pathlib import Path

import pytest

from cardiov_core.errors import ConfigurationError
from cardiov_core.limits import PREFIX, Limits, limits, mib


def test_a_variable_changes_its_limit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits().dropped_files == 20_000
    monkeypatch.setenv("CARDIOV_MAX_DROPPED_FILES", "7")
    assert limits().dropped_files == 7
    assert mib(limits().file_mib) == 512 * 1024**2


@pytest.mark.parametrize("value", ["many", "0", "-1", ""])
def test_a_variable_without_a_sensible_number_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CARDIOV_MAX_ARCHIVE_RATIO", value)
    with pytest.raises(ConfigurationError, match="CARDIOV_MAX_ARCHIVE_RATIO is"):
        limits()


def test_the_docs_list_every_limit_with_its_default(repository: Path) -> None:
    text = (repository / "docs" / "use" / "administrators.md").read_text()
    listed = dict(re.findall(rf"\| `{PREFIX}(\w+)` \| ([\d,]+) \|", text))
    stated = {name.upper(): f"{field.default:,}" for name, field in Limits.model_fields.items()}
    assert listed == stated
