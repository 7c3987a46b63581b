"""Remember which runs want no work, so that a round does not read every finished run of the store again.

Whatever gives a run work again (resume, retry, forget, a deleted report) adds or deletes a name in its folder or in its
report's, which changes that folder's time. In case there is no such time, as in an object store, one remembered run a
round is looked at all the same.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from storage.object_path import ObjectPath

SURE_SECONDS = 2.0
"""A run is remembered when it is unchanged for so long. FAT, the coarsest of file systems, has a time in steps of 2 s:
a change in the same step as the one before would not be seen."""

Times = tuple[int, int]
"""When names were last added to or deleted from a run's folder, and from its report's; nanoseconds."""


class SettledRuns:
    """The runs of a store, but those that want no work and have not changed since that was seen."""

    def __init__(self, store: Path) -> None:
        self._runs = store / "runs"
        self._found: dict[str, Times] = {}
        self._unchanged: dict[str, tuple[Times, float]] = {}
        self._settled: dict[str, Times] = {}
        self._turn = 0

    def unsettled(self) -> list[str]:
        """The names of the runs to look at, newest first."""
        found = self._look()
        self._settled = {name: times for name, times in self._settled.items() if found.get(name) == times}
        self._unchanged = {name: seen for name, seen in self._unchanged.items() if found.get(name) == seen[0]}
        self._found = found
        names = [name for name in found if name not in self._settled]
        names += self._next_settled()
        return [name for _, name in sorted(_planned(self._runs, names), reverse=True)]

    def settle(self, name: str) -> None:
        """Note that a run which `unsettled` has just named wants no work."""
        times, now = self._found[name], time.monotonic()
        _, since = self._unchanged.setdefault(name, (times, now))
        if now - since >= SURE_SECONDS:
            self._settled[name] = times

    def _next_settled(self) -> list[str]:
        names = list(self._settled)
        self._turn += 1
        return [names[self._turn % len(names)]] if names else []

    def _look(self) -> dict[str, Times]:
        if isinstance(self._runs, ObjectPath):  # which has no time of a folder
            return {path.name: (0, 0) for path in self._runs.iterdir()}
        try:
            with os.scandir(self._runs) as entries:
                return {entry.name: _times(entry) for entry in entries}
        except FileNotFoundError:
            return {}


def _times(entry: os.DirEntry[str]) -> Times:
    try:
        folder = entry.stat().st_mtime_ns
    except FileNotFoundError:  # deleted since it was listed
        return 0, 0
    try:
        return folder, os.stat(f"{entry.path}/report").st_mtime_ns  # noqa: PTH116 - a thousand a round
    except OSError:
        return folder, 0


def _planned(runs: Path, names: list[str]) -> list[tuple[int, str]]:
    """Those of the names that have a plan, with its time."""
    found = []
    for name in names:
        try:
            found.append(((runs / name / "run.json").stat().st_mtime_ns, name))
        except OSError:
            continue
    return found
