"""Choose the faces of a photo by the policy of the settings."""

from __future__ import annotations

from workers.faces.detect.boxes import Detection
from workers.faces.refusal import Refusal


def select_faces(found: list[Detection], policy: str) -> list[Detection] | Refusal:
    """Choose the faces that count, by falling area.

    Args:
        found: every detection in the photo.
        policy: "largest", "require-one" or "all".

    Returns:
        At least one detection; or a refusal: `no_face`, or `several_faces` under "require-one".

    >>> from workers.faces.detect.boxes import Box
    >>> small, large = Detection(Box(0, 0, 9, 9), 0.9, "hog"), Detection(Box(20, 0, 59, 39), 0.6, "hog")
    >>> select_faces([small, large], "largest") == [large]
    True
    """
    if not found:
        return Refusal("no_face", "no face found")
    # Ties are ordered by position, so that the detector's order does not matter.
    ordered = sorted(found, key=lambda face: (-face.box.area, face.box.left, face.box.top))
    if policy == "all":
        return ordered
    if policy == "require-one" and len(ordered) > 1:
        return Refusal("several_faces", f"{len(ordered)} faces, and the policy requires one")
    return ordered[:1]
