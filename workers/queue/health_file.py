"""The file in which a service says that it is alive, and whether it can work; probes of containers read it.

Its time is the machine's monotonic clock, which all processes of a machine share and nobody sets.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

SAY_SECONDS = 3.0
"""Between two writings, unless the state changes."""

ALIVE_SECONDS = 60.0
"""A service that has written nothing for so long hangs. A round of the orchestrator that draws a report takes some."""


@dataclass(frozen=True)
class Health:
    """What a service said of itself.

    Args:
        alive: whether it wrote lately.
        why: why it cannot work; empty where it can.
    """

    alive: bool
    why: str

    @property
    def ready(self) -> bool:
        """Whether it can work."""
        return self.alive and not self.why


class HealthFile:
    """The file of this service.

    Args:
        path: of LINEUP_HEALTH_FILE; None where nobody asks.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._said, self._why = float("-inf"), ""

    def say(self, why: str = "") -> None:
        """Write that this service is alive, and why it cannot work; a file that cannot be written becomes too old."""
        now = time.monotonic()
        if self._path is None or (why == self._why and now - self._said < SAY_SECONDS):
            return
        self._said, self._why = now, why
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            beside.write_text(json.dumps({"time": now, "why": why}))
            beside.replace(self._path)


def read_health(path: Path) -> Health:
    """What the service said that writes this file."""
    try:
        content = json.loads(path.read_text())
        age, why = time.monotonic() - float(content["time"]), str(content["why"])
    except FileNotFoundError:
        return Health(False, f"{path} is not there: the service has not begun")
    except (OSError, ValueError, TypeError, KeyError) as error:
        return Health(False, f"{path} cannot be read: {error}")
    if not 0 <= age <= ALIVE_SECONDS:
        return Health(False, f"the service has said nothing for {age:.0f} s")
    return Health(True, why)
