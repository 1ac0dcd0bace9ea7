"""The service under load: fifty requests at once and clients that hang up; none lost, none mixed up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_fifty_requests_at_once(repository: Path, tiny_folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(repository / "benchmarks" / "service.py"), "--model", "tiny"],
        env=os.environ | {"CARDIOV_REVIEW_DB": str(tmp_path / "review.db"), "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 at once" in done.stdout
    assert "0 lost or mixed up" in done.stdout
    assert "95th percentile" in done.stdout
