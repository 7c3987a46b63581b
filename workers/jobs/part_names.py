"""The name of the part that each task writes, or under which its attempts are kept.

The orchestrator, which sends a task, and the job, which does it, call the same function.
"""

from __future__ import annotations

from collections.abc import Iterable

from storage.parts import part_name


def photos_part(engine_fingerprint: str, photo_keys: Iterable[str]) -> str:
    """Of the encodings of these photos, in this order."""
    return part_name(engine_fingerprint, *photo_keys)


def failure_part(fingerprint: str, photo_key: str) -> str:
    """Of the row that says why this run could not encode a photo."""
    return part_name(fingerprint, photo_key)


def training_part(fingerprint: str, configuration: str, repeat: int, fold: int) -> str:
    """Of the fit and of the scores of one configuration on one split."""
    return part_name(fingerprint, configuration, str(repeat), str(fold))


def comparison_part(fingerprint: str) -> str:
    """Of the attempts at the comparison."""
    return part_name(fingerprint, "comparison")


def refit_part(fingerprint: str) -> str:
    """Of the attempts at the refit of the winner."""
    return part_name(fingerprint, "refit")


def encoder_part(fingerprint: str) -> str:
    """Of the attempts at the training of an encoder."""
    return part_name(fingerprint, "encoder")
