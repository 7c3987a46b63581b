"""Choose the faces of a photo by the policy of the settings."""

from __future__ import annotations

from workers.faces.detect.boxes import Box, Detection
from workers.faces.refusal import Refusal

OFFSET_WEIGHT = 2
"""Of the squared distance from the photo's centre, in widths of the face."""

FARTHEST = 2.0
"""The greatest squared distance that counts: a face beside the centre needs five times the area of one in it. How far
beside it stands says nothing of who is meant: where nobody is in the middle, as in full-length pictures, the largest
face is. docs/engine.md has what was measured."""

ONLY, CENTRAL = "only", "central"
"""Why a face was chosen: it is the photo's only one; it is the central one."""


def select_faces(found: list[Detection], policy: str, size: tuple[int, int]) -> list[Detection] | Refusal:
    """Choose the faces that count, by falling area; under "consistent" by falling centrality.

    Args:
        found: every detection in the photo.
        policy: "largest", "central", "consistent", "require-one" or "all".
        size: width and height of the picture in whose pixels the boxes are meant.

    Returns:
        At least one detection; or a refusal: `no_face`, or `several_faces` under "require-one". Under "consistent" all
        of them, the central one first: what trains chooses among them when it is known (workers/learning).

    >>> small, large = Detection(Box(40, 40, 59, 59), 0.9, "hog"), Detection(Box(0, 0, 29, 29), 0.6, "hog")
    >>> select_faces([small, large], "largest", (100, 100)) == [large]
    True
    >>> select_faces([small, large], "central", (100, 100)) == [small]
    True
    """
    if not found:
        return Refusal("no_face", "no face found")
    if policy in ("central", "consistent"):
        by_centrality = sorted(found, key=lambda face: (-centrality(face.box, size), *_place(face.box)))
        return by_centrality[:1] if policy == "central" else by_centrality
    # Ties are ordered by position, so that the detector's order does not matter.
    ordered = sorted(found, key=lambda face: (-face.box.area, *_place(face.box)))
    if policy == "all":
        return ordered
    if policy == "require-one" and len(ordered) > 1:
        return Refusal("several_faces", f"{len(ordered)} faces, and the policy requires one")
    return ordered[:1]


def centrality(box: Box, size: tuple[int, int]) -> float:
    """The area of a face in the middle of the photo, in square pixels; a fifth of it far beside.

    Args:
        size: width and height of the picture in whose pixels the box is meant.

    >>> centrality(Box(0, 0, 9, 9), (10, 10)), round(centrality(Box(0, 0, 9, 9), (900, 10)), 1)
    (100.0, 20.0)
    """
    x, y = box.centre
    width, height = size
    squared = ((x - (width - 1) / 2) ** 2 + (y - (height - 1) / 2) ** 2) / box.area
    return box.area / (1 + OFFSET_WEIGHT * min(FARTHEST, squared))


def why_chosen(policy: str, place: int, seen: int) -> str:
    """Why a face counts, as the table of faces says it.

    Args:
        place: of the face among the chosen ones.
        seen: faces that were found in the photo.
    """
    if seen == 1:
        return ONLY
    return {"all": "every", "consistent": CENTRAL if place == 0 else "further"}.get(policy, policy)


def _place(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom
