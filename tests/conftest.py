"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
