"""A WebP has the pixels that Pillow gives; one with any fault is left to it, one beyond it is averaged in decoding."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import PIL.Image
import pytest

from storage.engine_settings import Limits
from tests.workers.faces.conftest import as_bytes
from workers.faces.decode import still_webp as module
from workers.faces.decode.clean_jpeg import own_room
from workers.faces.decode.read_image import read_header, read_image
from workers.faces.decode.riff_file import riff_essence
from workers.faces.decode.still_webp import StillWebp, read_still_webp, still_webp
from workers.faces.decode.to_rgb import small_rgb
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

SIZE = (203, 241)
"""Width and height; no multiple of a block."""

WAYS: list[dict[str, Any]] = [
    {"quality": 80},
    {"quality": 100, "method": 6},
    {"quality": 10, "alpha_quality": 20},
    {"lossless": True},
    {"lossless": True, "exact": True, "quality": 100},
]


@pytest.fixture(scope="module")
def picture(face: Pixels) -> PIL.Image.Image:
    return PIL.Image.fromarray(face[: SIZE[1], : SIZE[0]])


@pytest.fixture(scope="module")
def clear(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The picture, more transparent from row to row."""
    clear = picture.convert("RGBA")
    clear.putalpha(PIL.Image.linear_gradient("L").resize(SIZE))
    return clear


def webp(picture: PIL.Image.Image, **how: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", **how)
    return file.getvalue()


def damaged(data: bytes) -> bytes:
    """The first half, in a file that claims to be whole."""
    half = data[: len(data) // 4 * 2]
    lengths = [(len(half) - before).to_bytes(4, "little") for before in (8, 20)]  # of the file and its only chunk
    return half[:4] + lengths[0] + half[8:16] + lengths[1] + half[20:]


def in_pillow(data: bytes, factor: int = 1) -> Pixels:
    return np.asarray(small_rgb(PIL.Image.open(io.BytesIO(data)), factor))


def decoded(data: bytes, factor: int = 1) -> Pixels:
    still = still_webp(data)
    assert still is not None
    found = read_still_webp(data, still, factor, own_room)
    assert found is not None
    return found


@pytest.mark.parametrize("factor", [0, 1, 3])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
@pytest.mark.parametrize("how", WAYS)
def test_the_pixels_are_pillow_s(how: dict[str, Any], mode: str, factor: int, clear: PIL.Image.Image) -> None:
    data = webp((clear if mode == "RGBA" else clear.convert("RGB")).convert(mode), **how)
    assert np.array_equal(decoded(data, factor), in_pillow(data, factor))


def test_the_pixels_are_written_where_they_are_wanted(picture: PIL.Image.Image) -> None:
    data, memory = webp(picture), np.zeros(1_000_000, np.uint8)
    found = read_still_webp(data, StillWebp(*SIZE, has_alpha=False), 1, lambda size: memory[:size])
    assert found is not None
    assert np.shares_memory(found, memory)
    assert np.array_equal(found, in_pillow(data))


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_one_too_large_for_pillow_is_averaged_while_it_is_decoded(
    mode: str, lossless: bool, clear: PIL.Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PILLOW_PIXELS", 1000)
    data = webp(clear.convert(mode).crop((0, 0, 201, 240)), lossless=lossless, quality=95)
    assert np.abs(decoded(data, 3).astype(int) - in_pillow(data, 3)).mean() < 1
    assert np.array_equal(decoded(data), in_pillow(data))
    assert decoded(webp(clear), 3).shape == (81, 68, 3)


def test_a_damaged_one_that_is_too_large_for_pillow_is_unreadable(
    picture: PIL.Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PILLOW_PIXELS", 1000)
    assert read_image(damaged(webp(picture)), Limits()) == Refusal("unreadable", "WEBP: damaged")


def test_a_damaged_or_cut_one_is_left_to_pillow(picture: PIL.Image.Image) -> None:
    data = webp(picture)
    assert still_webp(data[:-1]) is None
    assert still_webp(data[:40]) is None
    assert read_still_webp(damaged(data), StillWebp(*SIZE, has_alpha=False), 1, own_room) is None
    refused = read_image(damaged(data), Limits())
    assert isinstance(refused, Refusal)
    assert refused.outcome == "unreadable"


def test_a_size_that_is_not_the_picture_s_is_not_written(picture: PIL.Image.Image) -> None:
    data = webp(picture)
    for size in ((SIZE[0] - 1, SIZE[1]), (SIZE[0], SIZE[1] - 1), (SIZE[0] + 1, SIZE[1])):
        assert read_still_webp(data, StillWebp(*size, has_alpha=False), 1, own_room) is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_animation_is_its_first_frame(mode: str, clear: PIL.Image.Image) -> None:
    first, exif = clear.convert(mode), PIL.Image.Exif()
    exif[0x0112] = 6
    others = [PIL.Image.new(mode, SIZE, colour) for colour in ("red", "blue")]
    data = webp(first, save_all=True, append_images=others, exif=exif)
    essence = riff_essence(data)
    assert not isinstance(essence, Refusal)
    assert still_webp(data) is None
    assert still_webp(essence.data) == StillWebp(*SIZE, has_alpha=mode == "RGBA")
    photo = read_image(data, Limits())
    assert isinstance(photo, Photo)
    assert np.array_equal(photo.rgb, np.rot90(in_pillow(data), 3))
    assert isinstance(read_image(data[:-10], Limits()), Refusal)


def test_where_libwebp_is_out_of_reach_pillow_decodes(face: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    data = as_bytes(face, "WEBP")
    found, head = read_image(data, Limits()), read_header(data)
    monkeypatch.setattr(module, "_libwebp", lambda: None)
    again = read_image(data, Limits())
    assert isinstance(found, Photo)
    assert isinstance(again, Photo)
    assert np.array_equal(found.rgb, again.rgb)
    assert head == read_header(data)
