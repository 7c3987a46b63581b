"""Tracks: the boxes of one face over the frames of a video, and one vote on who it is.

followed (each frame) ▶ seen (each detection) ▶ … ▶ finished ▶ appearances
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from workers.faces.detect.boxes import Box, between, overlap
from workers.faces.embed.face_encoder import Embedding
from workers.learning.configurations import UNKNOWN
from workers.recognition.recogniser import Named

LEAST_OVERLAP = 0.3
"""Intersection over union of a track's box and a detection that may be the same face."""

MISSED_SECONDS = 0.5
"""A track whose face no detection has found for so long has ended; shorter gaps are filled in."""

REMEMBERED = 5
"""Embeddings of a track that a detection is compared with: a face turns within seconds."""

GAP_SECONDS = 1.0
"""A person who is out of sight for less has appeared once."""


@dataclass(frozen=True)
class Sighting:
    """A detected face, encoded and named by itself.

    Attributes:
        embedding: (128,) float32.
    """

    box: Box
    named: Named
    embedding: Embedding


@dataclass(frozen=True)
class Track:
    """A face over some frames.

    Attributes:
        number: from 1, in the order of the first frames.
        boxes: frame number to box, without a gap.
        named: what all its detections together say (`vote`).
        votes: number of detections.
    """

    number: int
    boxes: dict[int, Box]
    named: Named
    votes: int


@dataclass(frozen=True)
class Appearance:
    """A person in sight, without a long gap; of unknown people each track by itself.

    Attributes:
        begin, end: seconds of the first and the last frame.
        likeness: known score, 0 to 100 %; the median over the tracks, by their votes.
        tracks: their numbers.
        votes: number of detections.
    """

    name: str
    nearest: str
    begin: float
    end: float
    likeness: float
    tracks: tuple[int, ...]
    votes: int


@dataclass
class _OpenTrack:
    begin: int
    box: Box
    boxes: dict[int, Box] = field(default_factory=dict)
    sightings: list[Sighting] = field(default_factory=list)
    last_seen: int = -1
    second: float = 0.0

    def add(self, number: int, second: float, sighting: Sighting) -> None:
        """A detection in this frame; frames without a box since the last one are filled in."""
        if self.sightings and number - 1 not in self.boxes:
            self._fill(number, sighting.box)
        self.boxes[number] = self.box = sighting.box
        self.sightings.append(sighting)
        self.last_seen, self.second = number, second

    def _fill(self, number: int, box: Box) -> None:
        last = max(self.boxes)
        for missing in range(last + 1, number):
            self.boxes[missing] = between(self.boxes[last], box, (missing - last) / (number - last))

    def ended(self, number: int, needed: float | None) -> Track:
        named = vote([each.named for each in self.sightings], needed)
        return Track(number, dict(sorted(self.boxes.items())), named, len(self.sightings))

    def distance(self, embedding: Embedding) -> float:
        """To the mean of its latest embeddings."""
        mean = np.mean([each.embedding for each in self.sightings[-REMEMBERED:]], axis=0)
        return float(np.linalg.norm(mean - embedding))


class Tracker:
    """Joins detections to tracks, frame by frame.

    Args:
        farthest: Euclidean distance of embeddings beyond which a face in the same place is another person's.
    """

    def __init__(self, farthest: float) -> None:
        self._farthest = farthest
        self._open: list[_OpenTrack] = []
        self._closed: list[_OpenTrack] = []
        self._number = 1

    @property
    def boxes(self) -> list[Box]:
        """Where each open track is now."""
        return [track.box for track in self._open]

    def followed(self, number: int, boxes: Sequence[Box | None]) -> None:
        """Where the open tracks are in this frame; None for one that cannot be followed: its face may return."""
        for track, box in zip(self._open, boxes, strict=True):
            if box is not None and number - 1 in track.boxes:
                track.boxes[number] = track.box = box

    def seen(self, number: int, second: float, sightings: Sequence[Sighting]) -> None:
        """The detections of this frame, which may continue a track or begin one."""
        free = dict(enumerate(sightings))
        for place, found in self._pairs(sightings):
            if found in free and self._open[place].last_seen < number:
                self._open[place].add(number, second, free.pop(found))
        for track in self._open:
            if track.last_seen < number:
                track.boxes.pop(number, None)  # followed, and not there
        self._close([track for track in self._open if second - track.second > MISSED_SECONDS])
        for sighting in free.values():
            track = _OpenTrack(number, sighting.box)
            track.add(number, second, sighting)
            self._open.append(track)

    def cut(self) -> None:
        """Another scene begins: what was followed is not in it."""
        self._close(list(self._open))

    def finished(self, needed: float | None) -> list[Track]:
        """All tracks, ended; but those that `take_ended` has given.

        Args:
            needed: the likeness from which a face is known; None where every face gets a name.
        """
        self.cut()
        return self.take_ended(needed)

    def take_ended(self, needed: float | None) -> list[Track]:
        """The tracks that have ended since the last call, in the order of their first frames."""
        ended = sorted(self._closed, key=lambda track: (track.begin, track.sightings[0].box.left))
        self._closed = []
        first, self._number = self._number, self._number + len(ended)
        return [track.ended(number, needed) for number, track in enumerate(ended, first)]

    def _pairs(self, sightings: Sequence[Sighting]) -> list[tuple[int, int]]:
        """Open tracks and sightings that may be the same face, by their places; the surest first."""
        pairs = [
            (overlap(track.box, sighting.box), place, found)
            for place, track in enumerate(self._open)
            for found, sighting in enumerate(sightings)
            if self._may_be(track, sighting)
        ]
        return [(place, found) for _, place, found in sorted(pairs, reverse=True)]

    def _may_be(self, track: _OpenTrack, sighting: Sighting) -> bool:
        near = overlap(track.box, sighting.box) >= LEAST_OVERLAP
        return near and track.distance(sighting.embedding) <= self._farthest

    def _close(self, tracks: list[_OpenTrack]) -> None:
        self._closed += tracks
        self._open = [track for track in self._open if track not in tracks]


def vote(answers: Sequence[Named], needed: float | None) -> Named:
    """What the answers for one face say together.

    The person is the one whom most answers find nearest. The known score is the median over all answers, where an
    answer that finds another person nearest counts as 0: so a face is known if at least half of its answers name that
    person and are good enough.

    Args:
        answers: at least one.
        needed: the likeness from which a face is known; None where every face gets a name.
    """
    by_person: defaultdict[str, list[Named]] = defaultdict(list)
    for answer in answers:
        by_person[answer.nearest].append(answer)
    nearest = max(by_person, key=lambda name: (len(by_person[name]), sum(each.likeness for each in by_person[name])))
    likeness = float(np.median([each.likeness if each.nearest == nearest else 0.0 for each in answers]))
    typical = min(by_person[nearest], key=lambda each: abs(each.likeness - likeness))
    known = needed is None or likeness >= needed
    milliseconds = float(np.median([each.milliseconds for each in answers]))
    name = nearest if known else UNKNOWN
    return replace(typical, name=name, likeness=likeness, milliseconds=milliseconds)


def appearances(tracks: Iterable[Track], seconds: Sequence[float]) -> list[Appearance]:
    """Who is in sight from when to when, in the order of the first frames.

    Args:
        seconds: of each frame.
    """
    done: list[Appearance] = []
    latest: dict[str, int] = {}
    for track in tracks:
        named = track.named
        begin, end = seconds[min(track.boxes)], seconds[max(track.boxes)]
        one = Appearance(named.name, named.nearest, begin, end, named.likeness, (track.number,), track.votes)
        before = latest.get(named.name)
        if named.name != UNKNOWN and before is not None and begin - done[before].end <= GAP_SECONDS:
            done[before] = _joined(done[before], one)
        else:
            latest[named.name] = len(done)
            done.append(one)
    return done


def _joined(first: Appearance, then: Appearance) -> Appearance:
    votes = first.votes + then.votes
    likeness = (first.likeness * first.votes + then.likeness * then.votes) / votes
    end, tracks = max(first.end, then.end), (*first.tracks, *then.tracks)
    return replace(first, end=end, likeness=likeness, tracks=tracks, votes=votes)
