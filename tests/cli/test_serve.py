"""``cardiov serve``: tokens, and what it refuses to open."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.service import Clients


def test_a_new_token_and_its_line(tmp_path: Path) -> None:
    made = CliRunner().invoke(main, ["serve", "--new-token", "ward"])
    assert made.exit_code == 0
    (tmp_path / "clients").write_text(made.stderr.splitlines()[-1])
    assert Clients.read(tmp_path / "clients").client_of(f"Bearer {made.stdout.strip()}") == "ward"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "ward.example"])  # noqa: S104 - refused
def test_it_is_not_opened_to_others_without_tokens(host: str) -> None:
    refused = CliRunner().invoke(main, ["serve", "--host", host])
    assert refused.exit_code == 1
    assert f"At {host} other computers could send and see ECGs" in refused.stderr
