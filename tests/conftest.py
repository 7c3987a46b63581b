"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.object_path import ObjectPath
from storage.object_stores import open_object_store
from tests.object_servers import VARIABLE, object_server
from tests.s3 import FaultyProxy, ObjectServer

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
def objects() -> Iterator[ObjectServer]:
    """A server of objects, started once: moto's S3, or the one that LINEUP_TEST_OBJECTS names."""
    with object_server(os.environ.get(VARIABLE, "moto")) as server:
        yield server


@pytest.fixture
def bucket(objects: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectPath]:
    """A new bucket, and the credentials for it in the environment."""
    _find(monkeypatch, objects.environment())
    yield ObjectPath(objects.new_bucket())
    open_object_store.cache_clear()


@pytest.fixture
def faulty(objects: ObjectServer, bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy between `bucket` and its server that makes faults on demand."""
    assert bucket.bucket
    with FaultyProxy(objects) as proxy:
        _find(monkeypatch, objects.environment(proxy.url))
        yield proxy
    open_object_store.cache_clear()


def _find(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    open_object_store.cache_clear()
