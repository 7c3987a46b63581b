"""Time the fit of a model: the first in its process apart from the warm ones.

The first fit imports and compiles. A classical model is fitted again, warm, and the second model is kept; it has the
same bits. A network would take twice as long, so its compiled step is traced on a few faces before the clock starts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from workers.cores import usable_cores

Fit = TypeVar("Fit")

SECOND_FIT_SECONDS = 10.0
"""A first fit that took more processor time is not done again: importing takes a second or two, a small part of it."""

REPEATS = 3
"""Warm fits at most."""

REPEAT_SECONDS = 0.5
"""No further warm fit starts once the warm ones have taken this long together."""


@dataclass(frozen=True)
class TimedFit(Generic[Fit]):
    """The last of the fits, and their times.

    Attributes:
        fitted: what the last fit returned.
        first_seconds: wall time of the first, with what the process had to import or compile for it.
        warm_seconds: wall time of each warm fit; empty where the first took more than SECOND_FIT_SECONDS.
        cpu_seconds: processor time of each warm fit, of the first where there is none.
        load: of the machine over one minute when the first began; None where the system does not tell.
    """

    fitted: Fit
    first_seconds: float
    warm_seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]
    load: float | None

    def columns(self) -> dict[str, Any]:
        """The columns of FITS (`storage.schemas`) that are about the fit and its machine."""
        warm = self.warm_seconds or (self.first_seconds,)
        return {
            "fit_first_seconds": self.first_seconds,
            "fit_seconds": float(np.median(warm)),
            "fit_least_seconds": min(warm),
            "fit_cpu_seconds": float(np.median(self.cpu_seconds)),
            "warm_fits": len(self.warm_seconds),
            "cores": usable_cores(),
            "load": self.load,
        }


def time_fit(
    fit: Callable[[], Fit], warm_up: Callable[[], object] | None = None, again: Callable[[], None] = lambda: None
) -> TimedFit[Fit]:
    """Fit and time.

    Args:
        fit: gives the same model each time.
        warm_up: imports and compiles what `fit` needs, instead of a second fit; its time counts to the first only.
        again: called before the second fit.
    """
    load = load_average()
    if warm_up is not None:
        _, warming, _ = _timed(warm_up)
        fitted, seconds, cpu = _timed(fit)
        return TimedFit(fitted, warming + seconds, (seconds,), (cpu,), load)
    fitted, first, cpu = _timed(fit)
    if cpu > SECOND_FIT_SECONDS:
        return TimedFit(fitted, first, (), (cpu,), load)
    again()
    walls: list[float] = []
    cpus: list[float] = []
    while len(walls) < REPEATS and sum(walls) < REPEAT_SECONDS:
        del fitted  # two models at once would need twice the memory
        fitted, seconds, cpu = _timed(fit)
        walls.append(seconds)
        cpus.append(cpu)
    return TimedFit(fitted, first, tuple(walls), tuple(cpus), load)


def load_average() -> float | None:
    """The machine's load over one minute; None where the system does not tell."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _timed(call: Callable[[], Fit]) -> tuple[Fit, float, float]:
    """(what the call returned, wall seconds, processor seconds of this process)."""
    wall, cpu = time.perf_counter(), time.process_time()
    returned = call()
    return returned, time.perf_counter() - wall, time.process_time() - cpu
