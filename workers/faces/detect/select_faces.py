"""Which faces of a photo count: a policy is a value, not a branch somewhere."""

from __future__ import annotations

from workers.faces.detect.boxes import Detection
from workers.faces.refusal import Refusal


def select_faces(found: list[Detection], policy: str) -> list[Detection] | Refusal:
    """The faces that count, by falling area.

    Args:
        found: every detection in the photo.
        policy: "largest", "require-one" or "all".

    Returns:
        At least one detection; or `no_face`, or `several_faces` under "require-one".
    """
    if not found:
        return Refusal("no_face", "no face found")
    # Position settles ties, so that the order never depends on the detector's.
    ordered = sorted(found, key=lambda face: (-face.box.area, face.box.left, face.box.top))
    if policy == "all":
        return ordered
    if policy == "require-one" and len(ordered) > 1:
        return Refusal("several_faces", f"{len(ordered)} faces, and the policy requires one")
    return ordered[:1]
