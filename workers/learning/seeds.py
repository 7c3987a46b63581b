"""Seeds that depend on what is computed, never on time, machine or order of work."""

from __future__ import annotations

import hashlib


def seed_of(run_seed: int, configuration: str, repeat: int, fold: int) -> int:
    """A seed from 0 to 2**31 - 1, the first 31 bits of a sha256.

    >>> seed_of(42, "knn-1", repeat=0, fold=2)
    1075454086
    """
    text = f"{run_seed}|{configuration}|{repeat}|{fold}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1
