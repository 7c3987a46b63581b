"""A short slice of `make fuzz`, the same inputs each time."""

from __future__ import annotations

import pytest

from tests.fuzz.all_targets import ALL
from tests.fuzz.run_target import feed_some

INPUTS = 150


@pytest.mark.parametrize("name", ALL)
def test_hostile_inputs_have_an_outcome(name: str) -> None:
    assert feed_some(ALL[name], INPUTS).outcomes
