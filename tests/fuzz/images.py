"""Images: mutated files of every format that Lineup reads become a photo or a refusal."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from storage.engine_settings import Limits
from storage.schemas import OUTCOMES
from tests.conftest import SHARED_DATA
from tests.fuzz.mutations import EXTREMES, mutated
from tests.fuzz.target import Target
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.decode.pillow_formats import FORMATS
from workers.faces.decode.read_image import Header, read_header, read_image
from workers.faces.refusal import Refusal

LIMITS = Limits(shortest_side=1, pixels=1_000_000, working_side=64)


def _seeds() -> list[bytes]:
    """Small pictures in every format and in the modes that each knows."""
    noise = np.random.default_rng(1).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[274] = 6
    made = []
    for form in FORMATS:
        for mode in ("RGB", "L", "P", "RGBA", "CMYK", "I;16", "1"):
            for options in ({}, {"exif": exif}):
                buffer = io.BytesIO()
                picture = Image.fromarray(noise)
                picture = picture.convert("I").convert(mode) if mode == "I;16" else picture.convert(mode)
                try:
                    picture.save(buffer, form, **options)
                except (OSError, ValueError, KeyError, TypeError):  # the format has no such mode
                    continue
                made.append(buffer.getvalue())
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", progressive=True)
    made.append(buffer.getvalue())
    return made


def _read(data: bytes) -> str:
    """Header and pixels agree with each other, and a refusal has an outcome and one line of reason."""
    head, photo = read_header(data), read_image(data, LIMITS)
    for refusal in (head, photo):
        if isinstance(refusal, Refusal):
            assert refusal.outcome in OUTCOMES
            assert refusal.outcome != "ok"
            assert refusal.reason
            assert len(refusal.reason.splitlines()) == 1
    if isinstance(photo, Refusal):
        return photo.outcome
    assert isinstance(head, Header)
    assert photo.rgb.dtype == np.uint8
    assert photo.rgb.flags.c_contiguous
    assert photo.rgb.ndim == 3
    assert photo.rgb.shape[2] == 3
    assert max(photo.rgb.shape) < 2 * LIMITS.working_side
    return f"ok {head.format}"


def _tiff(entries: list[tuple[int, int, int, bytes]], order: str) -> bytes:
    body = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        body += struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")[:4]
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8) + body + bytes(4)


_TAGS = (254, 256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 282, 284, 317, 322, 323, 324, 325, 339, 700, 34665)
_VALUE = st.one_of(st.sampled_from(EXTREMES), st.binary(min_size=4, max_size=4))
_ENTRY = st.tuples(
    st.one_of(st.sampled_from(_TAGS), st.integers(0, 65535)),
    st.integers(0, 14),
    st.one_of(st.integers(0, 8), st.sampled_from((1 << 16, 1 << 22, (1 << 32) - 1))),
    _VALUE,
)


@st.composite
def _headers(draw: st.DrawFn) -> bytes:
    """A TIFF directory of arbitrary entries: alone, as EXIF in a JPEG, or as EXIF in a PNG."""
    directory = _tiff(draw(st.lists(_ENTRY, max_size=24)), draw(st.sampled_from("<>")))
    where = draw(st.sampled_from(("tiff", "jpeg", "png")))
    if where == "tiff":
        return directory + draw(st.binary(max_size=64))
    buffer = io.BytesIO()
    Image.new("RGB", (40, 48)).save(buffer, "JPEG" if where == "jpeg" else "PNG")
    data = buffer.getvalue()
    if where == "jpeg":
        piece = draw(st.sampled_from((b"Exif\0\0", b"Exif\0\0Exif\0\0", b""))) + directory
        segment = b"\xff\xe1" + struct.pack(">H", len(piece) + 2) + piece
        return data[:2] + segment * draw(st.integers(1, 40)) + data[2:]
    kind = draw(st.sampled_from((b"eXIf", b"iTXt", b"zTXt", b"iCCP", b"acTL", b"fcTL", b"PLTE", b"tRNS", b"IHDR")))
    chunk = struct.pack(">I", len(directory)) + kind + directory + struct.pack(">I", zlib.crc32(kind + directory))
    at = draw(st.sampled_from((33, len(data) - 12)))  # after IHDR, or before IEND
    return data[:at] + chunk * draw(st.integers(1, 40)) + data[at:]


def _read_guarded(data: bytes) -> str:
    """The reading process may die of a file; its caller gets an outcome all the same."""
    head, photo = guarded_reader().header(data), guarded_reader().image(data, LIMITS)
    assert isinstance(head, Header) or head.outcome in OUTCOMES
    return photo.outcome if isinstance(photo, Refusal) else "ok"


HEIC = sorted((SHARED_DATA / "odd-photos").glob("*.HEIC")) if SHARED_DATA.is_dir() else []
"""No encoder is at hand that could draw one."""

TARGETS = (
    Target("images", mutated(_seeds()), _read),
    Target("headers", _headers(), _read),
    Target("guarded", mutated([*(path.read_bytes() for path in HEIC), *_seeds()]), _read_guarded),
)
