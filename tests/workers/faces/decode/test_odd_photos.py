"""The photos that people report: each is read as it is meant, or named with what to do about it.

The first tests build each kind; the last ones read the files of the data folder, where it is there.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.engine_settings import EngineSettings, Limits
from tests.workers.faces.conftest import as_bytes
from tests.workers.faces.odd_photos import ODD_PHOTOS, SAME_FACE
from workers.faces.decode.guarded_reader import GuardedReader, guarded_reader
from workers.faces.decode.reader_process import MEMORY_BYTES
from workers.faces.engine import load_engine
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal


def read(data: bytes) -> Photo:
    photo = guarded_reader().image(data, Limits())
    assert isinstance(photo, Photo), photo
    return photo


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    return data[:2] + segment(marker, body) + data[2:]


def with_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with a chunk behind its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_end_mark_is_read_with_a_note(face: Pixels, progressive: bool) -> None:
    whole = as_bytes(face, "JPEG", quality=95, progressive=progressive)
    photo = read(whole[:-2])
    assert photo.reading.startswith("the file is cut")
    assert np.array_equal(photo.rgb, read(whole).rgb)


def test_a_jpeg_without_its_last_hundredth_is_read_and_one_without_its_last_tenth_is_not(face: Pixels) -> None:
    large = np.asarray(Image.fromarray(face).resize((1000, 1000)))
    whole = as_bytes(large, "JPEG", quality=95)
    photo = read(whole[: int(len(whole) * 0.99)])
    assert photo.reading.startswith("the file is cut")
    assert np.abs(photo.rgb[:900].astype(int) - read(whole).rgb[:900]).max() == 0
    refused = guarded_reader().image(whole[: int(len(whole) * 0.85)], Limits())
    assert isinstance(refused, Refusal)
    assert (refused.outcome, "% of its rows are missing" in refused.reason) == ("unreadable", True)


def test_grey_rows_at_the_lower_edge_of_a_cut_jpeg_are_not_taken_for_missing_ones(face: Pixels) -> None:
    framed = np.concatenate([face, np.full_like(face[:100], 128)])
    assert read(as_bytes(framed, "JPEG", quality=95)[:-2]).rgb.shape == (350, 250, 3)


def test_a_progressive_jpeg_without_its_last_passes_is_not_read(face: Pixels) -> None:
    whole = as_bytes(face, "JPEG", quality=95, progressive=True)
    refused = guarded_reader().image(whole[: whole.rindex(b"\xff\xda")], Limits())
    assert isinstance(refused, Refusal)
    assert "progressive" in refused.reason


@pytest.mark.parametrize("mark", [b"Exif\0\0", b"Exif\0\0Exif\0\0"])
def test_exif_turns_a_jpeg_also_with_a_repeated_header(face: Pixels, mark: bytes) -> None:
    exif = mark + b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    data = with_segment(as_bytes(face[:, :200], "JPEG"), 0xE1, exif)
    assert read(data).rgb.shape == (200, 250, 3)


@pytest.mark.parametrize("how", ["jpeg", "png", "png packed"])
def test_xmp_turns_a_photo_without_exif(face: Pixels, how: str) -> None:
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    wide = face[:, :200]
    if how == "jpeg":
        data = with_segment(as_bytes(wide, "JPEG"), 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)
    else:
        text = b"\1\0\0\0" + zlib.compress(xmp) if how == "png packed" else b"\0\0\0\0" + xmp
        data = with_chunk(as_bytes(wide), b"iTXt", b"XML:com.adobe.xmp\0" + text)
    assert read(data).rgb.shape == (200, 250, 3)


def test_a_motion_photo_is_its_picture(face: Pixels) -> None:
    whole = as_bytes(face, "JPEG", quality=95)
    assert np.array_equal(read(whole + b"\0\0\0\x18ftypmp42" + bytes(10_000)).rgb, read(whole).rgb)


@pytest.mark.parametrize("kind", [b"iTXt", b"zTXt", b"tEXt", b"iCCP"])
def test_large_text_and_colour_profiles_of_a_png_are_left_out(face: Pixels, kind: bytes) -> None:
    large = np.random.default_rng(1).bytes(3_000_000)
    bodies = {
        b"iTXt": b"key\0\0\0\0\0" + large,
        b"zTXt": b"key\0\0" + zlib.compress(large),
        b"tEXt": b"key\0" + large,
        b"iCCP": b"name\0\0" + zlib.compress(large),
    }
    assert np.array_equal(read(with_chunk(as_bytes(face), kind, bodies[kind])).rgb, face)


def test_a_large_colour_profile_of_a_jpeg_is_left_out(face: Pixels) -> None:
    data = whole = as_bytes(face, "JPEG", quality=95)
    for number in range(50):
        data = with_segment(data, 0xE2, b"ICC_PROFILE\0" + bytes([number + 1, 50]) + bytes(60_000))
    assert np.array_equal(read(data).rgb, read(whole).rgb)


@pytest.mark.parametrize(("scale", "white"), [(1 / 255, "1"), (1.0, "255"), (257.0, "65535"), (1e4, "the largest")])
def test_floating_point_grey_is_scaled_by_its_range(face: Pixels, scale: float, white: str) -> None:
    grey = np.asarray(Image.fromarray(face).convert("L")).copy()
    grey[0, 0] = 255
    buffer = io.BytesIO()
    Image.fromarray(grey.astype(np.float32) * np.float32(scale)).save(buffer, "TIFF")
    assert np.abs(read(buffer.getvalue()).rgb[..., 0].astype(int) - grey).max() <= 1, white


def test_not_a_number_becomes_black() -> None:
    values = np.full((64, 64), 0.5, np.float32)
    values[0, :3] = (np.nan, np.inf, -np.inf)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "TIFF")
    assert read(buffer.getvalue()).rgb[0, :4, 0].tolist() == [0, 255, 0, 128]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {"compress_level": 1}),
        ("TIFF", {"compression": "raw"}),
        pytest.param("WEBP", {"method": 0}, marks=pytest.mark.slow),
        ("WEBP", {"lossless": True, "quality": 0, "method": 0}),
    ],
    ids=["jpeg", "progressive jpeg", "png", "tiff", "webp", "lossless webp"],
)
def test_a_photo_of_almost_200_megapixels_is_read_small_within_the_memory_told(
    kind: str, options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    buffer = io.BytesIO()
    Image.new("L", (14_000, 14_000), 90).save(buffer, kind, **options)
    limits = Limits(file_bytes=300_000_000)
    reader = GuardedReader()
    photo = reader.image(buffer.getvalue(), limits)
    status = Path(f"/proc/{reader.pid}/status").read_text()
    reader.close()
    assert isinstance(photo, Photo), photo
    assert 1280 <= max(photo.rgb.shape) < 2560
    assert np.abs(photo.rgb.astype(int) - 90).max() <= 1
    peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
    assert peak < MEMORY_BYTES + 100_000_000


def test_the_table_of_odd_photos_is_complete(shared_data: Path) -> None:
    assert {path.name for path in (shared_data / "odd-photos").iterdir()} == set(ODD_PHOTOS)


@pytest.mark.parametrize("name", ODD_PHOTOS)
def test_every_odd_photo_becomes_what_it_should(shared_data: Path, name: str) -> None:
    size, said = ODD_PHOTOS[name]
    data = (shared_data / "odd-photos" / name).read_bytes()
    head, photo = guarded_reader().header(data), guarded_reader().image(data, Limits())
    if size is None:
        assert head == photo == Refusal("unreadable", said)
    else:
        assert not isinstance(head, Refusal)
        assert isinstance(photo, Photo)
        assert (head.width, head.height) == size
        assert (round(photo.rgb.shape[1] * photo.scale), round(photo.rgb.shape[0] * photo.scale)) == size
        assert photo.reading.startswith(said)
        assert bool(photo.reading) == bool(said)


def test_one_face_in_sixteen_files_is_one_person(shared_data: Path) -> None:
    files = [(name, (shared_data / "odd-photos" / name).read_bytes()) for name in SAME_FACE]
    found = load_engine(EngineSettings()).encode_photos(files, before=lambda _: None)
    first = found[0].faces[0].embedding
    assert all(np.linalg.norm(result.faces[0].embedding - first) < 0.2 for result in found)
