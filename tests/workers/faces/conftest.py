"""Drawn faces, made once and shared by the tests."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from workers.faces.photo import Pixels
from workers.synthetic.identity import draw_identity
from workers.synthetic.render import render
from workers.synthetic.scene import draw_scene

PEOPLE, PHOTOS = 3, 2


def as_bytes(rgb: Pixels, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def drawn() -> dict[tuple[int, int], Pixels]:
    """(person, photo) -> 250 x 250 RGB uint8 with one face."""
    return {
        (person, photo): np.asarray(render(draw_identity(5, person), draw_scene(5, person, photo), 250))
        for person in range(PEOPLE)
        for photo in range(PHOTOS)
    }


@pytest.fixture(scope="session")
def face(drawn: dict[tuple[int, int], Pixels]) -> Pixels:
    return drawn[0, 0]


@pytest.fixture(scope="session")
def photos(drawn: dict[tuple[int, int], Pixels]) -> list[tuple[str, bytes]]:
    """(key, PNG bytes), a face each."""
    return [(f"{person}-{photo}", as_bytes(rgb)) for (person, photo), rgb in drawn.items()]


@pytest.fixture(scope="session")
def chips(drawn: dict[tuple[int, int], Pixels]) -> dict[tuple[int, int], Pixels]:
    """The encoder's 150 x 150 chips of the drawn faces, found by HOG."""
    from workers.faces.align.chips import encoder_chip
    from workers.faces.align.landmarks import load_landmarks
    from workers.faces.detect.detectors import load_detector

    hog, landmarks = load_detector("hog"), load_landmarks("68")
    made = {}
    for key, rgb in drawn.items():
        box = hog(rgb, 640)[0].box
        made[key] = encoder_chip(rgb, landmarks([(rgb, box)])[0])
    return made
