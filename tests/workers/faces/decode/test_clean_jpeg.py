"""A JPEG without faults has the pixels that Pillow gives; one with any is left to Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

from storage.engine_settings import Limits
from workers.faces.decode.clean_jpeg import own_room, read_clean_jpeg
from workers.faces.decode.read_image import read_image
from workers.faces.photo import Photo, Pixels

SIZE = (203, 241)
"""Width and height; no multiple of a block."""


@pytest.fixture(scope="module")
def picture(face: Pixels) -> PIL.Image.Image:
    return PIL.Image.fromarray(face[: SIZE[1], : SIZE[0]])


@pytest.mark.parametrize(
    "how",
    [
        {"quality": 95, "subsampling": 0},
        {"quality": 80, "subsampling": 1},
        {"quality": 60, "subsampling": 2},
        {"progressive": True},
        {"restart_marker_rows": 1},
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_pixels_are_pillow_s(how: dict[str, Any], mode: str, picture: PIL.Image.Image) -> None:
    data = jpeg(picture.convert(mode), **how)
    found = read_clean_jpeg(data, SIZE, own_room)
    assert found is not None
    assert np.array_equal(found, np.asarray(PIL.Image.open(io.BytesIO(data)).convert("RGB")))


def test_the_pixels_are_written_where_they_are_wanted(picture: PIL.Image.Image) -> None:
    memory = np.zeros(1_000_000, np.uint8)
    found = read_clean_jpeg(jpeg(picture), SIZE, lambda size: memory[:size])
    assert found is not None
    assert np.shares_memory(found, memory)
    assert found.ravel().tolist() == memory[: found.size].tolist()


@pytest.mark.parametrize("mode", ["CMYK", "as RGB"])
def test_other_colours_are_left_to_pillow(mode: str, picture: PIL.Image.Image) -> None:
    data = jpeg(picture, keep_rgb=True) if mode == "as RGB" else jpeg(picture.convert(mode))
    assert read_clean_jpeg(data, SIZE, own_room) is None
    assert isinstance(read_image(data, Limits()), Photo)


def test_a_size_that_pillow_does_not_see_is_left_to_it_and_asks_for_no_memory(picture: PIL.Image.Image) -> None:
    def no_room(_: int) -> Pixels:
        raise AssertionError("memory was asked for")

    assert read_clean_jpeg(jpeg(picture), (SIZE[0], SIZE[1] + 1), no_room) is None


def test_a_file_with_any_fault_is_left_to_pillow(picture: PIL.Image.Image) -> None:
    data = jpeg(picture)
    middle = len(data) // 2
    assert read_clean_jpeg(data[:-2], SIZE, own_room) is None  # no end mark
    assert read_clean_jpeg(data[:middle], SIZE, own_room) is None
    assert read_clean_jpeg(data[:middle] + b"\xff\xd9" + data[middle:], SIZE, own_room) is None
    assert read_clean_jpeg(b"\xff\xd8\xff", SIZE, own_room) is None


def test_a_turned_photo_is_turned_after_decoding(picture: PIL.Image.Image) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    upright, turned = (read_image(data, Limits()) for data in (jpeg(picture), jpeg(picture, exif=exif)))
    assert isinstance(upright, Photo)
    assert isinstance(turned, Photo)
    assert np.array_equal(turned.rgb, np.rot90(upright.rgb, 3))


def jpeg(picture: PIL.Image.Image, **how: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", **how)
    return file.getvalue()
