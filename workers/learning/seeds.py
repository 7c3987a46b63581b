"""Seeds that come from what is computed, never from when or where."""

from __future__ import annotations

import hashlib


def seed_of(run_seed: int, configuration: str, repeat: int, fold: int) -> int:
    """A seed in 0 .. 2**31 - 1, the same on every machine and in every order of work."""
    text = f"{run_seed}|{configuration}|{repeat}|{fold}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1
