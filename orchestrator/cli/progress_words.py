"""What the bars and the lines of progress share: titles of stages, rates, the time that is left, faults of workers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

TITLES = {
    "synth": "Drawing faces",
    "catalog": "Reading photos",
    "images": "Encoding faces",
    "splits": "Splitting",
    "training": "Training",
    "comparison": "Comparing",
    "refit": "Refitting",
    "report": "Drawing",
    "encoder": "Training encoder",
    "identify": "Naming faces",
    "video": "Naming faces",
    "copy": "Writing the copy",
    "live": "Naming faces",
}

UNITS = {
    "synth": "photos",
    "catalog": "photos",
    "images": "photos",
    "training": "trainings",
    "identify": "photos",
    "video": "frames",
    "copy": "frames",
    "live": "frames",
}

ENDS_EARLY = frozenset(["encoder"])
"""Stages that may end before their total is reached."""


class FaultLines:
    """Prints the faults of workers above a bar, or between lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told: frozenset[str] = frozenset()
        self._of_stage = ""

    def tell(self, stage: str, faults: Sequence[str]) -> None:
        """Print each fault of a stage when it begins, and a line when all are over."""
        if stage != self._of_stage:  # other workers do the next stage: nothing was fixed
            self._of_stage, self._told = stage, frozenset()
        for fault in faults:
            if fault not in self._told:
                self._console.print(f"Fault: {fault}", markup=False, soft_wrap=True)
        if self._told and not faults:
            self._console.print("No fault any more", markup=False, soft_wrap=True)
        self._told = frozenset(faults)


def rate_words(stage: str, done: int, began: float, before: int) -> str:
    seconds = time.monotonic() - began
    if done <= before or seconds < 0.5 or stage not in UNITS:
        return ""
    rate = (done - before) / seconds
    return f"{rate:.1f} {UNITS[stage]}/s" if rate >= 1 else f"{60 * rate:.1f} {UNITS[stage]}/min"


def left_words(missing: int, done: int, began: float, before: int) -> str:
    seconds = time.monotonic() - began
    if not missing or done <= before or seconds < 0.5:
        return ""
    left = missing * seconds / (done - before)
    return f"about {left:.0f} s left" if left < 100 else f"about {left / 60:.0f} min left"
