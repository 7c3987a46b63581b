"""A fuzz target: a strategy for hostile inputs, and a check that returns the outcome's name or raises.

A check names every outcome that is allowed. Any exception that leaves it, and any death of its process, is a crash.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Target:
    """What is fed to which part of Lineup.

    Attributes:
        name: on the command line and in the result.
        inputs: hypothesis draws from it.
        check: takes one input and returns the name of its outcome; raises where Lineup does not hold its promise.
    """

    name: str
    inputs: SearchStrategy[Any]
    check: Callable[[Any], str]
