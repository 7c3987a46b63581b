"""Feed one target until its time is up; a failing input is shrunk and kept in build/fuzz."""

from __future__ import annotations

import faulthandler
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz.target import Target

ROUND = 200
"""Inputs between two looks at the clock."""


@dataclass
class Result:
    """What became of the inputs of a target: how many had each outcome, and the trace of each crash."""

    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)

    def line(self, name: str) -> str:
        """One line for the terminal."""
        counts = ", ".join(f"{outcome} {count}" for outcome, count in sorted(self.outcomes.items()))
        total = sum(self.outcomes.values())
        return f"{name}: {total} inputs, {len(self.outcomes)} outcomes ({counts}), {len(self.crashes)} crashes"


def feed(target: Target, seconds: float, first_seed: int = 0, before: Callable[[Any], None] | None = None) -> Result:
    """Rounds of inputs with one seed after the other, until the time is up or an input crashes.

    Args:
        before: called with each input before it is checked.
    """
    result = Result()
    end = time.monotonic() + seconds
    number = first_seed
    while time.monotonic() < end and not result.crashes:
        _round(target, result, number, before)
        number += 1
    return result


def feed_some(target: Target, inputs: int) -> Result:
    """The same few inputs each time; raises what the check raises."""
    result = Result()

    @settings(
        max_examples=inputs, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None, database=None
    )
    @given(target.inputs)
    def check(each: Any) -> None:
        result.outcomes[target.check(each)] += 1

    check()
    return result


def _round(target: Target, result: Result, number: int, before: Callable[[Any], None] | None) -> None:
    @seed(number)
    @settings(max_examples=ROUND, suppress_health_check=list(HealthCheck), deadline=None, database=None)
    @given(target.inputs)
    def check(each: Any) -> None:
        if before:
            before(each)
        result.outcomes[target.check(each)] += 1

    try:
        check()
    except Exception:  # noqa: BLE001 - whatever leaves a check is a crash
        result.crashes.append(traceback.format_exc())


def keep_last(path: Path) -> Callable[[Any], None]:
    """A function that keeps the newest input in a file, should its process die at it."""
    faulthandler.enable()
    path.parent.mkdir(parents=True, exist_ok=True)

    def keep(each: Any) -> None:
        path.write_bytes(each if isinstance(each, bytes) else repr(each).encode())

    return keep
