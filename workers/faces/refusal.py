"""A photo that cannot be used is data, not an exception."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why a photo goes no further.

    Attributes:
        outcome: one of `storage.schemas.OUTCOMES`, never "ok".
        reason: one line for the user, in plain words.
    """

    outcome: str
    reason: str
