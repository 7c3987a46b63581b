"""These tests run where somebody asks for them, and need a Docker engine."""

from __future__ import annotations

import os
from pathlib import Path

ASKED = "LINEUP_TEST_COMPOSE"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the tests of this folder unless they are asked for."""
    return True if collection_path.name.startswith("test_") and not os.environ.get(ASKED) else None
