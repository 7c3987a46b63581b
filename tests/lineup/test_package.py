"""What `import lineup` gives, and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lineup

ROOT = Path(__file__).parents[2]


def test_these_names_are_public_and_no_other() -> None:
    public = ["Classifier", "Encoder", "IdentifiedFace", "LineupError", "Result", "open_run", "run", "runs"]
    assert sorted(lineup.__all__) == dir(lineup) == public


def test_every_public_name_is_there_and_explained() -> None:
    assert all(getattr(lineup, name).__doc__ for name in lineup.__all__)


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'runn'"):
        _ = lineup.runn


def test_the_import_takes_less_than_0_3_seconds_of_the_processor() -> None:
    def processor_seconds() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", "import lineup"], check=True)
        after = os.times()
        return after.children_user - before.children_user + after.children_system - before.children_system

    assert min(processor_seconds() for _ in range(3)) < 0.3


def test_the_import_loads_nothing_heavy() -> None:
    listing = "import lineup, sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"numpy", "pyarrow", "sklearn", "pandas", "celery", "redis", "pydantic"}


def test_type_checkers_find_its_types() -> None:
    assert (ROOT / "lineup/py.typed").exists()
