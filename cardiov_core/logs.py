"""The log of a service: one line of JSON for each entry where ``CARDIOV_LOG`` is ``json``."""

import json
import logging
import os
import sys
from datetime import UTC, datetime

from cardiov_core.errors import ConfigurationError

VARIABLE = "CARDIOV_LOG"
"""``json``, or not set: plain text."""


class JsonLines(logging.Formatter):
    """An entry as JSON: time (UTC), level, logger, message, and of an exception its type and where it was raised."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info is not None and record.exc_info[0] is not None:
            # What an exception says may name a patient's file; its type and place do not.
            entry["exception"] = record.exc_info[0].__name__
            traceback = record.exc_info[2]
            while traceback is not None and traceback.tb_next is not None:
                traceback = traceback.tb_next
            if traceback is not None:
                entry["at"] = f"{traceback.tb_frame.f_globals.get('__name__', '')}:{traceback.tb_lineno}"
        return json.dumps(entry, ensure_ascii=False)


def writes_json() -> bool:
    """Tell whether the log is lines of JSON."""
    return _wanted() == "json"


def _wanted() -> str:
    return os.environ.get(VARIABLE, "").strip()


def set_up_logs() -> None:
    """Let CardioV's loggers write to stderr in the form that the environment asks for; once per process.

    Raises
    ------
    ConfigurationError
        If the variable holds something else.
    """
    wanted = _wanted()
    if wanted not in ("", "json"):
        raise ConfigurationError(f"{VARIABLE} is {wanted!r}.", "Set it to json, or leave it out for plain text.")
    logger = logging.getLogger("cardiov_core")
    if not wanted or any(isinstance(handler.formatter, JsonLines) for handler in logger.handlers):
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
