"""Find the faces of a photo that count, each with a picture in which it stands upright.

detect (under `all` also in tiles) ▶ choose ▶ stand upright
   └── no face: photo turned ▶ tiles ▶ the settings' ladder ▶ `no_face`
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from storage.engine_settings import EngineSettings, FacePolicy
from workers.faces.detect.boxes import Detection
from workers.faces.detect.cascade import Detector
from workers.faces.detect.detectors import load_detector
from workers.faces.detect.select_faces import select_faces
from workers.faces.detect.tiles import SAME_FACE, SMALLEST_SEEN, search_tiles, shared_part
from workers.faces.detect.upright import CONFIRMED, PICTURE, SEEN_WHOLE, Stance, TurnedPhoto, look_closely, may_lie
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

IN_TILE = 0.7
"""Mean score that a face in a tile needs. The faces of the montages have 0.74 and more, false ones in blurred noise up
to 0.68."""

IN_TURNED = 0.6
"""Score of a close look that a face in a turned photo needs."""

BETTER = 0.15
"""By which that score must exceed the score of a face in the photo as it is."""

SEVERAL = ("all", "consistent")
"""Policies by which several faces of a photo count: an unsure one stays beside a sure one in the turned photo."""

QUARTER_TURNS = (1, 3, 2)
"""A phone on its side is likelier than one upside down."""

SURE = Stance(0.0, 1.0)
"""Of a detection that needs no close look."""

FullSize = Callable[[], Photo]
"""Gives the photo with as many of its pixels as memory allows."""


class PlacedFace(NamedTuple):
    """A face, the photo in whose pixels its box is meant, and how many faces the photo shows."""

    photo: Photo
    face: Detection
    stance: Stance | None = None
    in_photo: int = 1

    def looked_at(self) -> PlacedFace:
        """With the result of a close look, where the detection calls for one."""
        if self.stance:
            return self
        return self._replace(stance=look_closely(self.photo.rgb, self.face.box) if may_lie(self.face) else SURE)

    def apart(self) -> PlacedFace:
        """With its surroundings instead of the photo, which takes more memory."""
        part, box = self.photo.part(self.face.box, PICTURE)
        return self._replace(photo=part, face=self.face.moved(box))

    @property
    def score(self) -> float:
        """Of the close look; 0 without one."""
        return self.stance.score if self.stance else 0.0

    @property
    def mean_score(self) -> float:
        """Of the detector and the close look."""
        return (self.face.score + self.score) / 2


class FaceFinder:
    """The detectors of the settings, loaded."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings, name = settings, settings.detector
        self._detectors = {one: load_detector(name, one, settings.provider) for one in (settings.policy, "all")}
        light = {"cascade": "blaze", "yunet-cascade": "yunet"}.get(name, name)
        self._light: Detector = load_detector(light, provider=settings.provider)
        self._is_cascade = name in ("cascade", "yunet-cascade")
        self._small = "yunet" if name in ("yunet", "yunet-cascade") else "blaze"

    def find(self, photo: Photo, policy: FacePolicy, full: FullSize | None) -> list[PlacedFace] | Refusal:
        """The faces that the policy chooses, by falling area, each in a photo in which it stands upright.

        Args:
            photo: as decoded.
            full: the same photo for the search of small faces; None where they are not searched for.

        Returns:
            At least one face; or `no_face` or `several_faces`.
        """
        tiles = functools.cache(full) if full and self._settings.smallest_face else None
        found = self._everywhere(photo, tiles) if policy == "all" and tiles else self._as_it_is(policy, photo)
        chosen = _choose(found, policy, photo)
        if isinstance(chosen, Refusal) and chosen.outcome != "no_face":
            return chosen
        seen = [] if isinstance(chosen, Refusal) else [one.looked_at() for one in chosen]
        best = max((one.score for one in seen), default=0.0)
        if best < CONFIRMED:
            for sightings in self._further(photo, policy, None if seen else tiles, max(IN_TURNED, best + BETTER)):
                also = _apart(seen, sightings) if sightings and policy in SEVERAL else []
                other = _choose(sightings + also, policy, photo)
                if not isinstance(other, Refusal):
                    return self._upright(other, policy, photo)
        return self._upright(seen, policy, photo) if seen else self._no_face(photo, tiles)

    def _further(
        self, photo: Photo, policy: FacePolicy, tiles: FullSize | None, least: float
    ) -> Iterator[list[PlacedFace]]:
        """The faces of each further search, in order; those in a turned photo have at least that score."""
        yield _in_turned(photo, self._light_look, least)
        if tiles and policy != "all":
            yield self._in_tiles(tiles(), 1)
        for rung in self._settings.ladder:
            if rung == "rotate":
                yield _in_turned(photo, lambda rgb: self._detect("all", rgb), least)
            elif tiles:
                yield self._in_tiles(tiles(), 2)

    def _as_it_is(self, policy: FacePolicy, photo: Photo) -> list[PlacedFace]:
        return [PlacedFace(photo, face) for face in self._detect(policy, photo.rgb)]

    def _everywhere(self, photo: Photo, tiles: FullSize) -> list[PlacedFace]:
        """What the light detector, the CNN and the tiles show: a cascade would stop at sure faces."""
        found = [PlacedFace(photo, face) for face in self._light_look(photo.rgb)]
        found += _apart([PlacedFace(photo, face) for face in self._thorough_look(photo.rgb)], found)
        return found + _apart(self._in_tiles(tiles(), 1), found)

    def _detect(self, policy: FacePolicy, rgb: Pixels) -> list[Detection]:
        return self._detectors[policy](rgb, self._settings.detect_side)

    def _thorough_look(self, rgb: Pixels) -> list[Detection]:
        """What the second detector of a cascade finds; nothing more where there is one detector."""
        if not self._is_cascade:
            return []
        return load_detector("cnn", provider=self._settings.provider)(rgb, self._settings.detect_side)

    def _light_look(self, rgb: Pixels) -> list[Detection]:
        return self._light(rgb, self._settings.detect_side)

    def _in_tiles(self, photo: Photo, times: int) -> list[PlacedFace]:
        """The faces in tiles of a photo that is enlarged so many times."""
        smallest = self._smallest(photo) / (photo.scale * times)
        looked = [PlacedFace(photo, face).looked_at() for face in search_tiles(self._small, photo.rgb, smallest)]
        return _best([one for one in looked if one.mean_score >= IN_TILE])

    def _smallest(self, photo: Photo) -> float:
        """Width of the smallest face to search for in tiles, pixels of the full photo: a reduced photo shows less."""
        asked = self._settings.smallest_face
        return max(asked, photo.scale * SMALLEST_SEEN[self._small]) if photo.scale > 1 else asked

    def _upright(self, seen: list[PlacedFace], policy: FacePolicy, photo: Photo) -> list[PlacedFace]:
        """Each face in a picture in which it stands upright; those found at full size keep their surroundings only."""
        turned = {id(one.photo): TurnedPhoto(one.photo, lambda rgb: self._detect(policy, rgb)) for one in seen}
        upright = []
        for one in seen:
            where, face = turned[id(one.photo)].upright(one.face, one.stance.turn if one.stance else 0.0)
            standing = one._replace(photo=where, face=face)
            upright.append(standing.apart() if where.scale < photo.scale else standing)
        return upright

    def _no_face(self, photo: Photo, tiles: FullSize | None) -> Refusal:
        """The outcome, with the smallest face that was searched for in pixels of the full photo."""
        smallest = max(photo.rgb.shape) * photo.scale * SEEN_WHOLE
        if tiles:
            halved = 2 if "upsample" in self._settings.ladder else 1
            smallest = min(smallest, self._smallest(tiles()) / halved)
        return Refusal("no_face", f"no face of {smallest:.0f} pixels or more found")


def _in_turned(photo: Photo, detect: Callable[[Pixels], list[Detection]], least: float) -> list[PlacedFace]:
    """The faces in the photo's three other quarter turns."""
    turned = (photo.quarter_turned(turns) for turns in QUARTER_TURNS)  # in memory one by one
    looked = [PlacedFace(one, face).looked_at() for one in turned for face in detect(one.rgb)]
    return _best([one for one in looked if one.score >= least])


def _best(faces: Iterable[PlacedFace]) -> list[PlacedFace]:
    """Of several at one place the one with the best score."""
    kept: list[PlacedFace] = []
    for one in sorted(faces, key=lambda face: -face.score):
        kept += _apart([one], kept)
    return kept


def _apart(sightings: list[PlacedFace], others: list[PlacedFace]) -> list[PlacedFace]:
    """Those that show none of the other faces."""
    boxes = [other.photo.full_box(other.face.box) for other in others]
    return [
        one for one in sightings if all(shared_part(one.photo.full_box(one.face.box), box) < SAME_FACE for box in boxes)
    ]


def _choose(sightings: list[PlacedFace], policy: FacePolicy, photo: Photo) -> list[PlacedFace] | Refusal:
    """The choice of the policy among faces of several pictures of a photo: by their boxes in the full one."""
    placed = [one.face.moved(one.photo.full_box(one.face.box)) for one in sightings]
    origin = {id(face): one for face, one in zip(placed, sightings, strict=True)}
    height, width = photo.rgb.shape[:2]
    chosen = select_faces(placed, policy, (round(width * photo.scale), round(height * photo.scale)))
    if isinstance(chosen, Refusal):
        return chosen
    return [origin[id(face)]._replace(in_photo=len(sightings)) for face in chosen]
