"""Why a photo cannot be used: a value that becomes its row, not an exception."""

from __future__ import annotations

from dataclasses import dataclass

NOT_BY_BYTES_ALONE = ("timed_out", "poisoned")
"""Outcomes of the reading process that another machine, or another try, may not have."""


@dataclass(frozen=True)
class Refusal:
    """Outcome and reason of a photo that cannot be used.

    Attributes:
        outcome: one of `storage.schemas.OUTCOMES`, never "ok".
        reason: one line for the user.
    """

    outcome: str
    reason: str
