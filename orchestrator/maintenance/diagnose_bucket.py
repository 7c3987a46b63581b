"""Diagnose a store in a bucket: whether it refuses a second creator, swaps by tag and lists what was just written."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

from orchestrator.maintenance.diagnosis import ERROR, WARNING, Diagnosis, fine
from storage.errors import StoreError
from storage.object_path import ObjectPath
from storage.whole_objects import create_whole, delete_whole, list_whole, read_whole, swap_whole

SLOW_SECONDS = 0.5
"""Of one request. Workers wait for some ten requests at each message."""


def diagnose_bucket(store: ObjectPath) -> Iterator[Diagnosis]:
    """Makes some requests below <store>/doctor/, and leaves nothing there."""
    path = store / "doctor" / uuid.uuid4().hex
    began = time.monotonic()
    try:
        faults = list(_faults(path))
    except (StoreError, OSError) as error:
        hint = error.hint if isinstance(error, StoreError) else "Give these credentials all rights on its objects"
        yield Diagnosis("store", ERROR, str(error), hint)
        return
    seconds = (time.monotonic() - began) / _REQUESTS
    for fault in faults:
        yield Diagnosis("store", ERROR, f"{store} {fault}", "Use a store with If-None-Match and If-Match for PUT")
    words = f"{store} answers in {1000 * seconds:.0f} ms"
    if seconds > SLOW_SECONDS:
        yield Diagnosis("store", WARNING, words, "Use a bucket in the region of the workers")
    elif not faults:
        yield fine("store", words)


_REQUESTS = 8


def _faults(path: ObjectPath) -> Iterator[str]:
    try:
        if not create_whole(path, b"first"):
            yield "does not create an object where none is"
        if create_whole(path, b"second"):
            yield "lets a second process create what is there"
        _, tag = read_whole(path)
        if not swap_whole(path, b"third", tag):
            yield "does not replace an object by its tag"
        if swap_whole(path, b"fourth", tag):
            yield "replaces an object that has changed"
        if path not in [each.path for each in list_whole(path.parent)]:
            yield "does not list what was just written"
    finally:
        delete_whole(path)
