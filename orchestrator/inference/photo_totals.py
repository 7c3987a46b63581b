"""Counts and times of the answers for photos: some bytes are kept of each, so that an archive has room."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence

import numpy as np

from orchestrator.inference.photos import PhotoAnswer
from orchestrator.text import counted
from workers.learning.configurations import UNKNOWN


class PhotoTotals:
    """The sums over all answers that were added.

    Attributes:
        photos: how many there were.
        any_read: whether one of them could be read.
    """

    def __init__(self) -> None:
        self.photos = 0
        self.any_read = False
        self._outcomes: Counter[str] = Counter()
        self._stored = self._known = 0
        self._seconds, self._milliseconds = array("d"), array("d")

    def add(self, answer: PhotoAnswer) -> None:
        """Add the answer for a photo."""
        self.photos += 1
        self.any_read = self.any_read or answer.was_read
        self._outcomes[answer.outcome] += 1
        self._stored += answer.stored
        if answer.was_read and not answer.stored and answer.seconds:
            self._seconds.append(answer.seconds)
        for face in answer.faces:
            self._known += face.named.name != UNKNOWN
            self._milliseconds.append(face.named.milliseconds)

    @property
    def line(self) -> str:
        """All of it in words.

        The first photo, which is slower, is in the median of the times; those whose faces were stored, and those whose
        time nobody noted, are not.
        """
        words = ", ".join(f"{count} {outcome}" for outcome, count in self._outcomes.most_common())
        faces = counted(len(self._milliseconds), "face")
        line = f"{counted(self.photos, 'photo')} ({words}), {faces}, {self._known} of them known."
        if self._stored:
            line += f" Of {counted(self._stored, 'photo')} the faces were in the store."
        if self._seconds:
            line += f" Finding and encoding: {1000 * float(np.median(self._seconds)):.0f} ms a photo (median)."
        return f"{line} {_naming_time(self._milliseconds)}".rstrip()


def _naming_time(milliseconds: Sequence[float]) -> str:
    """The time that the model took for a face; empty where there is no face."""
    if not milliseconds:
        return ""
    median, late = np.percentile(milliseconds, [50, 95])
    return f"Naming: {median:.3f} ms a face (median), {late:.3f} ms (95th percentile)."
