"""Decide about photos that a worker handed back: unreadable, or to be sent again.

A photo is unreadable where the orchestrator itself cannot read it though it can read others of the same dataset; or
where it can read none, and several worker processes, which can, say so. Else the worker is at fault.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from storage.handed_back import Note, read_notes
from storage.runs import Run
from workers.faces.refusal import Refusal
from workers.jobs.catalogued_file import SAMPLE, dataset_of, read_catalogued, sample_of
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.write_failure import write_failure

PHOTOS_PER_LOOK = 64
"""Each is read whole; the orchestrator has other things to do."""

WITNESSES = 2
"""Processes that must say the same where the orchestrator cannot look itself."""

SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 30.0
"""Before a photo is sent again; it doubles each time."""


@dataclass
class _Case:
    """A photo that was handed back."""

    processes: set[tuple[str, int]] = field(default_factory=set)
    notes: int = 0
    due: float = 0.0
    sentence: str = ""


class PhotoJudge:
    """The photos of one run that workers handed back and that have no outcome.

    Args:
        photos: photo_key to path.
        clock: seconds, monotonic.
    """

    def __init__(self, run: Run, photos: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._run, self._photos, self._clock = run, photos, clock
        self._cases: defaultdict[str, _Case] = defaultdict(_Case)
        self._new: dict[str, tuple[Note, str]] = {}

    def look(self, done: Collection[str]) -> set[str]:
        """Read the notes of workers, and judge some of the photos in them.

        Args:
            done: keys of photos that have an outcome.

        Returns:
            The photos that are sent no more by whatever message they were in: give each a message of its own as soon
            as it is `due`.

        Raises:
            StoreError: the run's folder cannot be read or written.
        """
        for key in [key for key in self._cases if key in done]:
            del self._cases[key]
        for note in read_notes(self._run):
            self._new.update({key: (note, cause) for key, cause in note.photos.items() if key in self._photos})
            note.path.unlink(missing_ok=True)
        chosen = list(self._new)[:PHOTOS_PER_LOOK]
        told = {key: self._new.pop(key) for key in chosen}
        told = {key: value for key, value in told.items() if key not in done}
        if told:
            self._judge(told)
        return {key for key in told if key in self._cases}

    @property
    def alone(self) -> set[str]:
        """Photos that go in messages of their own."""
        return set(self._cases)

    @property
    def due(self) -> set[str]:
        """Photos that may be sent again now."""
        now = self._clock()
        return {key for key, case in self._cases.items() if now >= case.due}

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with workers, a sentence for each photo that they could not read."""
        return tuple(sorted({case.sentence for case in self._cases.values() if case.sentence}))

    def _judge(self, told: Mapping[str, tuple[Note, str]]) -> None:
        photos = {key: PhotoRef(key, self._photos[key]) for key in told}
        first = {key for key, photo in photos.items() if self._why_lost(photo)}
        others = [photo for key, photo in photos.items() if key not in first]
        if first and not others:
            others = sample_of(self._run, but=first) or sample_of(self._run)
        for key, (note, cause) in told.items():
            case = self._cases[key]
            case.processes.add((note.host, note.pid))
            case.notes += 1
            # both anew: the mount may have been lost, or come back, since the first look
            lost = self._why_lost(photos[key]) if key in first else ""
            if lost and any(not self._why_lost(other) for other in others[:SAMPLE]):
                self._give_up(key, lost)
            elif lost and self._is_witnessed(case):
                self._give_up(key, cause)
            else:
                self._send_again(key, note, cause, here=not lost)

    def _why_lost(self, photo: PhotoRef) -> str:
        """Why the orchestrator cannot read this photo now; empty where it can."""
        found = read_catalogued(dataset_of(self._run), photo, self._run.plan.engine.limits.file_bytes)
        return found.reason if isinstance(found, Refusal) else ""

    def _is_witnessed(self, case: _Case) -> bool:
        return len(case.processes) >= WITNESSES or case.notes > self._run.plan.experiment.attempts

    def _give_up(self, key: str, reason: str) -> None:
        write_failure(self._run, key, "unreadable", reason, self._cases[key].notes)
        del self._cases[key]

    def _send_again(self, key: str, note: Note, cause: str, here: bool) -> None:
        case = self._cases[key]
        case.due = self._clock() + min(LONGEST_WAIT_SECONDS, SHORTEST_WAIT_SECONDS * 2 ** (case.notes - 1))
        if here:
            words = f"a worker on {note.host} cannot read {self._photos[key]}, which the orchestrator can: {cause}"
            case.sentence = f"{words}. Mount the same photos there, readable for the worker's user"
