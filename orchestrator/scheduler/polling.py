"""How long the orchestrator waits between two steps."""

from __future__ import annotations

POLL_SECONDS = 0.2
"""Usual pause: listing the store costs a millisecond, and a person sees no delay. With a million photos a step takes a
second; then the pause is as long."""

SHORTEST_POLL_SECONDS = 0.025
"""The pause when each process has its last message of a stage, so that the next stage begins soon."""


class Pause:
    """The pause after each step; it grows back to the usual one while nothing changes."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._seconds = POLL_SECONDS
        self._messages = 0

    def after_step(self, messages: int) -> float:
        """Seconds until the next step; call it once a step.

        Args:
            messages: sent and not known to be done.
        """
        if not 0 < messages <= self._processes:
            self._seconds = POLL_SECONDS
        elif messages != self._messages:
            self._seconds = SHORTEST_POLL_SECONDS
        else:
            self._seconds = min(2 * self._seconds, POLL_SECONDS)
        self._messages = messages
        return self._seconds
