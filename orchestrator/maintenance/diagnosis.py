"""What a diagnosis of one thing says."""

from __future__ import annotations

from dataclasses import dataclass

OK, WARNING, ERROR = "ok", "warning", "error"
"""A warning: work goes on, and somebody should look. An error: work stands still, is in danger or is open to others."""


@dataclass(frozen=True)
class Diagnosis:
    """The state of one thing.

    Args:
        state: OK, WARNING or ERROR.
        what: what was found.
        hint: what to do; empty where the state is OK.
    """

    topic: str
    state: str
    what: str
    hint: str = ""


def fine(topic: str, what: str) -> Diagnosis:
    """Nothing is wrong with it."""
    return Diagnosis(topic, OK, what)
