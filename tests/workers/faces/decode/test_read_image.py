"""Untrusted bytes become correct pixels or a refusal, within bounded memory."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from storage.engine_settings import Limits
from tests.workers.faces.bad_inputs import BAD_INPUTS
from tests.workers.faces.conftest import as_bytes
from workers.faces.decode.read_image import Header, read_header, read_image
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

SMALL = Limits(shortest_side=1)


def decoded(data: bytes, limits: Limits = SMALL) -> Photo:
    photo = read_image(data, limits)
    assert isinstance(photo, Photo), photo
    return photo


def refused(data: bytes, limits: Limits = SMALL) -> Refusal:
    refusal = read_image(data, limits)
    assert isinstance(refusal, Refusal)
    assert refusal.reason
    return refusal


@pytest.mark.parametrize("name", sorted(BAD_INPUTS))
def test_every_bad_input_has_its_outcome(shared_data: Path, name: str) -> None:
    data = (shared_data / "bad-inputs" / name).read_bytes()
    outcome, width, height = BAD_INPUTS[name]
    head, photo = read_header(data), read_image(data, Limits())

    assert (photo.outcome if isinstance(photo, Refusal) else "ok") == outcome
    assert (isinstance(head, Header) and (head.width, head.height)) == (width is not None and (width, height))
    if isinstance(photo, Photo):
        assert photo.rgb.shape == (height, width, 3)


def test_the_table_of_bad_inputs_is_complete(shared_data: Path) -> None:
    assert {path.name for path in (shared_data / "bad-inputs").iterdir()} == set(BAD_INPUTS)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_photo_turned_by_exif_comes_out_upright(shared_data: Path, orientation: int) -> None:
    folder = shared_data / "bad-inputs"
    upright = decoded((folder / "hopper.webp").read_bytes()).rgb.astype(int)
    turned = decoded((folder / f"hopper_orientation_{orientation}.webp").read_bytes()).rgb.astype(int)
    assert np.abs(upright - turned).mean() < 12  # each was compressed anew


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_undone_exactly(kind: str, orientation: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    data = as_bytes(picture, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
    photo = decoded(data)

    assert np.array_equal(photo.rgb, np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")))
    assert read_header(data) == Header(photo.rgb.shape[1], photo.rgb.shape[0], kind, orientation)


def test_exif_after_the_pixels_of_a_png_is_applied() -> None:
    picture = np.zeros((40, 50, 3), np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    data = as_bytes(picture)
    body = b"eXIf" + exif.tobytes()[6:]
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    end = data.index(b"IEND") - 4
    assert decoded(data[:end] + chunk + data[end:]).rgb.shape == (50, 40, 3)


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
def test_the_content_decides_the_format(kind: str, face: Pixels) -> None:
    head = read_header(as_bytes(face, kind))
    assert isinstance(head, Header)
    assert (head.format, head.width, head.height) == (kind, 250, 250)


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_file_is_unreadable(kind: str, share: float, face: Pixels) -> None:
    whole = as_bytes(face, kind)
    assert refused(whole[: int(len(whole) * share)]).outcome == "unreadable"


def test_16_bit_grey_keeps_its_range() -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (64, 1))
    for kind in ("PNG", "TIFF"):
        rgb = decoded(as_bytes(ramp, kind)).rgb  # type: ignore[arg-type]
        assert (rgb[0, 0, 0], rgb[0, -1, 0]) == (0, 255)
        assert abs(int(rgb[0, 32, 0]) - 129) <= 1


def test_transparency_becomes_white() -> None:
    clear = np.zeros((40, 40, 4), np.uint8)
    assert (decoded(as_bytes(clear)).rgb == 255).all()


def test_cmyk_is_converted_to_the_colour_that_it_shows() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).convert("CMYK").save(buffer, "JPEG", quality=95)
    assert np.abs(decoded(buffer.getvalue()).rgb.mean(axis=(0, 1)) - [200, 30, 30]).max() < 4


def test_an_animation_is_read_as_its_first_frame() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert tuple(decoded(buffer.getvalue()).rgb[0, 0]) == (255, 0, 0)


def png_bomb(side: int) -> bytes:
    """A valid PNG of side x side black pixels in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    squeezer = zlib.compressobj(9)
    row = bytes(side // 8 + 1)
    pixels = b"".join(squeezer.compress(row) for _ in range(side)) + squeezer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_before_memory_is_allocated() -> None:
    bomb = png_bomb(20_000)
    tracemalloc.start()
    try:
        assert refused(bomb).outcome == "too_large"
        assert read_header(bomb) == Header(20_000, 20_000, "PNG", 1)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_gif_with_a_frame_far_larger_than_its_screen_is_refused_before_memory_is_allocated() -> None:
    frame = struct.pack("<HHHHB", 0, 65280, 65535, 65321, 0)
    bomb = b"GIF89a" + struct.pack("<HH", 32, 32) + b"\x00\x00\x00" + b"!\xf9\x04\xc9\x00\x00\x00\x00" + b"," + frame
    started = time.process_time()
    for limits in (SMALL, Limits(pixels=10**9)):
        assert refused(bomb, limits).outcome == "too_large"
    assert read_header(bomb) == Header(65535, 130601, "GIF", 1)
    assert time.process_time() - started < 1  # Pillow would paint its four gigabytes


@pytest.mark.parametrize("cut", range(0, 44, 3))
def test_a_truncated_gif_is_unreadable_wherever_it_ends(cut: int) -> None:
    buffer = io.BytesIO()
    Image.new("P", (40, 40)).save(buffer, "GIF")
    assert refused(buffer.getvalue()[:cut]).outcome == "unreadable"


def test_a_file_with_too_many_bytes_is_too_large(face: Pixels) -> None:
    assert refused(as_bytes(face), Limits(file_bytes=1000)).outcome == "too_large"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photo_of_many_times_the_working_size_is_decoded_smaller(kind: str, face: Pixels) -> None:
    large = np.asarray(Image.fromarray(face).resize((1000, 1000)))
    data = as_bytes(large, kind)
    photo, head = decoded(data, Limits(working_side=250)), read_header(data)
    assert photo.rgb.shape == (250, 250, 3)
    assert photo.scale == 4.0
    assert isinstance(head, Header)
    assert (head.width, head.height) == (1000, 1000)
    assert np.abs(photo.rgb.astype(int) - face).mean() < 4


SEEDS = [
    as_bytes(np.random.default_rng(1).integers(0, 256, (48, 48, 3), dtype=np.uint8), kind)
    for kind in ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.sampled_from(SEEDS),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12),
    cut=st.floats(0.05, 1.0),
)
@example(seed=SEEDS[0], flips=[(0.25, 0)], cut=0.3125)  # an AVIF whose item is missing
def test_mutated_images_are_photos_or_refusals(seed: bytes, flips: list[tuple[float, int]], cut: float) -> None:
    data = bytearray(seed[: max(int(len(seed) * cut), 1)])
    for place, value in flips:
        data[int(place * len(data))] = value
    limits = Limits(shortest_side=1, pixels=1_000_000)
    photo, head = read_image(bytes(data), limits), read_header(bytes(data))

    if isinstance(photo, Photo):
        assert photo.rgb.dtype == np.uint8
        assert photo.rgb.flags.c_contiguous
        assert isinstance(head, Header)
        assert photo.rgb.shape == (head.height, head.width, 3)
    else:
        assert photo.outcome in ("unreadable", "too_large", "too_small")


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=400))
@example(data=b"P4 1 1 \0")
def test_random_bytes_are_refused(data: bytes) -> None:
    found = read_image(data, SMALL)
    assert isinstance(found, Refusal) or data.startswith(b"P")  # a portable map is a photo from five bytes on


def test_every_photo_of_a_folder_of_grey_maps_is_read(shared_data: Path) -> None:
    photos = sorted((shared_data / "orl").glob("*/*.pgm"))
    assert len(photos) == 400
    assert {decoded(path.read_bytes()).rgb.shape for path in photos} == {(112, 92, 3)}
