"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.object_path import ObjectPath
from storage.object_stores import open_object_store
from tests.s3 import FaultyProxy, S3Server, s3_server

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _own_import_path() -> Iterator[None]:
    """A command that a test runs in this process changes the import path; the next test has the old one."""
    names = ("PYTHONPATH", "PYTHONSAFEPATH")
    path, before = list(sys.path), {name: os.environ.get(name) for name in names}
    yield
    sys.path[:] = path
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos beside the project; the test skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real photos in {SHARED_DATA}, which are not part of the project")
    return SHARED_DATA


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """An S3 server, started once."""
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectPath]:
    """A new bucket, and the credentials for it in the environment."""
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    open_object_store.cache_clear()
    yield ObjectPath(s3.new_bucket())
    open_object_store.cache_clear()


@pytest.fixture
def faulty(s3: S3Server, bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy between `bucket` and its server that makes faults on demand."""
    assert bucket.bucket
    with FaultyProxy(s3) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        open_object_store.cache_clear()
        yield proxy
    open_object_store.cache_clear()
