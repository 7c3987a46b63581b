"""Logging of workers and orchestrator to standard error: one line of text for each record, or one JSON object."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from celery.signals import setup_logging

from storage.printable import printable
from workers.queue.addresses import without_secrets
from workers.queue.environment import load_settings

FIELDS = ("run", "part", "photo", "attempt")
"""Facts that a record may carry through `extra=`; they keep these names in JSON."""


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            **{name: getattr(record, name) for name in FIELDS if hasattr(record, name)},
        }
        if record.exc_info:
            said["trace"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=True)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = [f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name)]
        bare = logging.makeLogRecord({**vars(record), "exc_info": None, "exc_text": None, "stack_info": None})
        # a label or a path may hold a newline: one record stays one line, and each line of a traceback
        lines = [" ".join((super().format(bare), *facts))]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        return "\n".join(printable(without_secrets(line)) for line in lines)


@setup_logging.connect
def configure_logging(**_: Any) -> None:
    """Set up the root logger as LINEUP_LOG_LEVEL and LINEUP_LOG_FORMAT say; Celery calls it in every process."""
    settings = load_settings()
    handler = logging.StreamHandler()
    text = _Text("%(asctime)s %(levelname)s %(processName)s %(name)s: %(message)s")
    handler.setFormatter(_Json() if settings.log_format == "json" else text)
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
