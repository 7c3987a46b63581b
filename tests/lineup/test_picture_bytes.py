"""Every way in which Python holds a picture gives the same pixels to the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lineup.picture_bytes import name_of_picture, picture_bytes
from storage.engine_settings import Limits
from storage.errors import InputError
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

MOST = 10_000_000


def pixels(picture: Any) -> Pixels:
    data = picture_bytes(picture, MOST)
    assert isinstance(data, bytes)
    photo = guarded_reader().image(data, Limits())
    assert isinstance(photo, Photo)
    return photo.rgb


@pytest.fixture
def file(picture: Pixels, tmp_path: Path) -> Path:
    path = tmp_path / "face.png"
    Image.fromarray(picture).save(path)
    return path


def test_path_string_bytes_image_and_array_are_one_picture(picture: Pixels, file: Path) -> None:
    data = file.read_bytes()
    for same in (file, str(file), data, bytearray(data), memoryview(data), Image.fromarray(picture), picture):
        assert np.array_equal(pixels(same), picture), type(same)


def test_a_grey_array_is_a_picture(picture: Pixels) -> None:
    grey = np.ascontiguousarray(picture[..., 0])
    assert np.array_equal(pixels(grey), np.repeat(grey[..., None], 3, axis=2))


def test_an_image_with_transparency_or_a_palette_is_a_picture(picture: Pixels) -> None:
    image = Image.fromarray(picture)
    assert pixels(image.convert("RGBA")).shape == picture.shape
    assert pixels(image.convert("P")).shape == picture.shape


def test_an_image_that_states_its_orientation_is_turned_upright(picture: Pixels) -> None:
    image = Image.fromarray(np.rot90(picture))  # counter-clockwise
    image.getexif()[0x0112] = 6  # to be turned clockwise
    assert np.array_equal(pixels(image), picture)


@pytest.mark.parametrize(
    "wrong", [np.zeros((9, 9, 3)), np.zeros((9, 9, 4), np.uint8), np.zeros((0, 9, 3), np.uint8), 7, None, ["a.jpg"]]
)
def test_what_is_no_picture_is_an_error(wrong: Any) -> None:
    with pytest.raises(InputError, match="is no picture"):
        picture_bytes(wrong, MOST)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert isinstance(picture_bytes(tmp_path / "none.jpg", MOST), Refusal)


def test_an_error_calls_a_picture_by_its_path_or_its_kind(picture: Pixels) -> None:
    assert name_of_picture(Path("a.jpg")) == "a.jpg"
    assert name_of_picture(picture) == "the ndarray"
