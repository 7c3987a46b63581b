"""A run to learn from."""

from __future__ import annotations

import pytest

from storage.experiments import Protocol
from storage.runs import Run
from tests.tiny_run import tiny_run


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four people, six photos each."""
    return tiny_run(tmp_path_factory.mktemp("closed"))


@pytest.fixture(scope="session")
def open_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Six people, two of whom are strangers."""
    protocol = Protocol(min_photos_per_person=2, unknown_share=0.34)
    return tiny_run(tmp_path_factory.mktemp("open"), people=6, photos=4, protocol=protocol)
