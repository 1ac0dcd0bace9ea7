"""The service's log: one line of JSON each, without what an exception says."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from cardiov_core.errors import ConfigurationError
from cardiov_core.logs import VARIABLE, JsonLines, set_up_logs


def test_an_entry_is_one_line_with_what_a_collector_needs() -> None:
    try:
        raise ValueError("Roe_Jane.dcm is damaged")
    except ValueError:
        record = logging.LogRecord("cardiov_core.x", logging.ERROR, "", 0, "one\ntwo %s", ("three",), sys.exc_info())
    line = JsonLines().format(record)
    entry = json.loads(line)
    assert "\n" not in line
    assert "Roe" not in line
    assert (entry["level"], entry["message"], entry["exception"]) == ("error", "one\ntwo three", "ValueError")
    assert entry["at"].partition(":")[0] == __name__
    assert entry["time"].endswith("+00:00")


def test_another_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "xml")
    with pytest.raises(ConfigurationError, match=VARIABLE):
        set_up_logs()


def test_the_command_line_writes_it_once(tmp_path: Path) -> None:
    code = (
        "from cardiov_core.logs import set_up_logs; import logging; set_up_logs(); set_up_logs(); "
        "logging.getLogger('cardiov_core.any').info('here')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"CARDIOV_LOG": "json", "PYTHONPATH": ":".join(sys.path), "PATH": ""},
        cwd=tmp_path,
    )
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["message"] == "here"
