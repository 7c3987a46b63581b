"""Whether nobody works on a run, and what to do then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.runs import Run


PATIENCE_SECONDS = 2.0
"""An orchestrator needs a moment to take up a run that was submitted just now."""

ASKED_AGAIN_SECONDS = 5.0


def idle_words(chosen: Run) -> str:
    """What to do where nobody works on the run."""
    return f"Nobody is working on it. Go on with: lineup resume {chosen.run_id}, or start `lineup orchestrator`"


def is_idle(chosen: Run, patient: bool = False) -> bool:
    """Whether nobody works on the run, as far as the store can tell; `patient` as for `storage.run_claim.claim`."""
    from storage.errors import NoLocks, StoreError
    from storage.run_claim import claim

    try:
        with claim(chosen, patient) as claimed:
            return claimed
    except NoLocks:
        if patient:
            raise
        return False
    except StoreError:  # a store that can only be read
        return False


class Idleness:
    """Whether nobody works on a run. Asked seldom: each answer takes the claim of an idle run for a moment."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._asked = float("-inf")
        self._since: float | None = None

    def lasts(self) -> bool:
        """Whether it has been so for PATIENCE_SECONDS: between two orchestrators there may be a moment without one."""
        now = time.monotonic()
        doubtful = self._since is not None and not self._has_lasted(self._since)
        if now - self._asked >= (PATIENCE_SECONDS if doubtful else ASKED_AGAIN_SECONDS):
            self._asked = now
            self._since = (self._since or now) if is_idle(self._run) else None
        return self._since is not None and self._has_lasted(self._since)

    def _has_lasted(self, since: float) -> bool:
        return self._asked - since >= PATIENCE_SECONDS
