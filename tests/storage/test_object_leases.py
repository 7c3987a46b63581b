"""What a process held when its store went away is held by nobody once the store is back."""

from __future__ import annotations

import pytest

from storage import object_leases, object_stores
from storage.attempts import claim_attempt, read_attempts
from storage.errors import StoreUnreachable
from storage.object_path import ObjectPath
from storage.runs import open_store
from tests.cluster import wait_for
from tests.s3 import FaultyProxy


def test_an_attempt_that_could_not_be_ended_is_ended_later(
    bucket: ObjectPath, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_stores, "RETRY_SECONDS", 0)
    monkeypatch.setattr(object_leases, "RETRY_SECONDS", 0.1)
    folder = open_store(bucket) / "runs" / "one" / "attempts"
    claimed = claim_attempt(folder, "part")
    assert claimed.__enter__() is not None
    faulty.closed = True
    with pytest.raises(StoreUnreachable):
        claimed.__exit__(None, None, None)
    faulty.closed = False

    wait_for(lambda: read_attempts(folder) == (set(), []), "the end of the attempt", 20)
    with claim_attempt(folder, "part") as again:
        assert again is not None
