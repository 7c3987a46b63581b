"""A task's request in the worker's main process: its hard limit comes from the plan of its run, not from the message.

The watchdog of an attempt (storage/attempts.py) ends what takes too long; this limit is for a process in which it
cannot work.
"""

from __future__ import annotations

import logging
from typing import Any

from celery.worker.request import Request

from storage.errors import LineupError
from workers.jobs.job import Refused
from workers.queue.environment import load_settings
from workers.queue.messages import hard_seconds
from workers.queue.opened_runs import open_named

logger = logging.getLogger("lineup.messages")


class PlannedRequest(Request):  # type: ignore[misc]
    """Celery's request, which asks for `time_limits` when it hands the task to a process."""

    @property
    def time_limits(self) -> tuple[float | None, None]:
        """The hard limit in seconds, or None for that of all tasks; and no soft limit."""
        arguments = self.args if isinstance(self.args, list | tuple) else ()
        try:
            run = open_named(load_settings().store.resolve(), arguments[0] if arguments else None)
            return hard_seconds(run, self.type, arguments), None
        except (Refused, LineupError) as error:  # the task will say why it refuses
            logger.debug("no plan for a limit: %s", error)
            return None, None

    @time_limits.setter
    def time_limits(self, _of_the_message: Any) -> None:
        """Celery sets what the message says; it does not count."""
