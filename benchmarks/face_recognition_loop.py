"""A measured process of face_recognition 1.3.0, used as its README shows; runs in the environment build/bench-venv.

Of several faces in a photo only the largest is encoded, as Lineup does by default.
"""

from __future__ import annotations

from collections.abc import Sequence

import face_recognition  # type: ignore[import-not-found]  # in build/bench-venv

from benchmarks.measured_loop import serve


def area(location: tuple[int, int, int, int]) -> int:
    """Pixels in a box (top, right, bottom, left)."""
    top, right, bottom, left = location
    return (bottom - top) * (right - left)


def work(paths: Sequence[str]) -> dict[str, float]:
    """Call its functions with their defaults: HOG on the photo enlarged once, 5 landmarks, one pass of the ResNet."""
    for path in paths:
        picture = face_recognition.load_image_file(path)
        locations = face_recognition.face_locations(picture)
        if locations:
            face_recognition.face_encodings(picture, [max(locations, key=area)])
    return {}


if __name__ == "__main__":
    serve(work)
