"""A bare process of face_recognition 1.3.0, used as its README does; runs in the peer's own environment.

Where a photo shows several people only the largest face is encoded, as Lineup does by default.
"""

from __future__ import annotations

from collections.abc import Sequence

import face_recognition  # type: ignore[import-not-found]  # of the other environment

from benchmarks.loop import serve


def area(location: tuple[int, int, int, int]) -> int:
    """Of (top, right, bottom, left)."""
    top, right, bottom, left = location
    return (bottom - top) * (right - left)


def work(paths: Sequence[str]) -> dict[str, float]:
    """Its functions at their defaults: HOG on the photo enlarged once, 5 landmarks, the ResNet on one chip."""
    for path in paths:
        picture = face_recognition.load_image_file(path)
        locations = face_recognition.face_locations(picture)
        if locations:
            face_recognition.face_encodings(picture, [max(locations, key=area)])
    return {}


if __name__ == "__main__":
    serve(work)
