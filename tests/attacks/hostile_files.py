"""Small files that make a parser work or take memory without end, each built here."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image


def _jpeg(side: int = 48, **options: object) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def _png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def _png_rows(row_bytes: int, rows: int) -> bytes:
    squeezer = zlib.compressobj(9)
    row = bytes(row_bytes + 1)
    return b"".join(squeezer.compress(row) for _ in range(rows)) + squeezer.flush()


def _tiff(entries: list[tuple[int, int, int, int]], rest: bytes = b"") -> bytes:
    """(tag, type, count, value or offset); `rest` follows the directory."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4) + rest


def exif_segments() -> bytes:
    """16 MB of EXIF segments of a few bytes; joining them one by one took 88 s."""
    data = _jpeg()
    segment = b"\xff\xe1" + struct.pack(">H", 12) + b"Exif\0\0ABCD"
    return data[:2] + segment * (16_000_000 // len(segment)) + data[2:]


def comment_segments() -> bytes:
    """16 MB of empty comments before the picture."""
    data = _jpeg()
    return data[:2] + b"\xff\xfe\0\x02" * 4_000_000 + data[2:]


def padding() -> bytes:
    """16 MB of fill bytes before the picture."""
    data = _jpeg()
    return data[:2] + b"\xff" * 16_000_000 + data[2:]


def scans() -> bytes:
    """A progressive JPEG of 6000 x 6000 whose last scan comes 2,000 times: each goes over the whole picture."""
    buffer = io.BytesIO()
    Image.new("L", (6000, 6000)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * min(2_000, 30_000_000 // len(last)) + data[-2:]


def strips() -> bytes:
    """A TIFF of 4 million strips: 32 MB of their places and sizes."""
    count = 4_000_000
    after = 8 + 2 + 10 * 12 + 4
    return _tiff(
        [
            (256, 4, 1, 64), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, count, after), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, after), (284, 3, 1, 1),
        ],
        bytes(4 * count),
    )  # fmt: skip


def tiles() -> bytes:
    """A TIFF of 64 x 64 pixels in one tile of 15,360 x 15,360: 900 MB."""
    return _tiff(
        [
            (256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 2), (277, 3, 1, 4),
            (322, 4, 1, 15_360), (323, 4, 1, 15_360), (324, 4, 1, 200), (325, 4, 1, 40), (338, 3, 1, 0),
        ],
        bytes(40),
    )  # fmt: skip


def tags() -> bytes:
    """A TIFF with 2,000 tags that all hold the same 4 MB."""
    size = 4_000_000
    picture = [(256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 100)]
    return _tiff([*picture, *((40_000 + n, 7, size, 30_000) for n in range(1_990))], bytes(size + 10_000))


def deep_png() -> bytes:
    """A PNG of 7000 x 7000 pixels of 16 bits, in 100 kB; turning them into 8 bits took 1.25 GB."""
    head = struct.pack(">IIBBBBB", 7000, 7000, 16, 0, 0, 0, 0)
    return _png([(b"IHDR", head), (b"IDAT", _png_rows(14_000, 7000)), (b"IEND", b"")])


def png_chunks() -> bytes:
    """A PNG whose picture comes in 500,000 empty pieces."""
    head = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return _png([(b"IHDR", head), *[(b"IDAT", b"")] * 500_000, (b"IDAT", _png_rows(64, 64)), (b"IEND", b"")])


def png_exif() -> bytes:
    """A PNG whose EXIF has 1,900 entries that all hold the same 4 MB."""
    head = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    exif = _tiff([(40_000 + n, 7, 4_000_000, 30_000) for n in range(1_900)], bytes(4_010_000))
    return _png([(b"IHDR", head), (b"eXIf", exif), (b"IDAT", _png_rows(64, 64)), (b"IEND", b"")])


def png_text() -> bytes:
    """A PNG with compressed text that unpacks to 200 MB in each of three chunks."""
    head = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    squeezer = zlib.compressobj(9)
    packed = b"".join(squeezer.compress(bytes(1_000_000)) for _ in range(200)) + squeezer.flush()
    text = (b"zTXt", b"Raw profile type exif\0\0" + packed)
    return _png([(b"IHDR", head), text, text, text, (b"IDAT", _png_rows(64, 64)), (b"IEND", b"")])


def gif_comment() -> bytes:
    """A GIF with a comment of 16 MB in blocks of 255 bytes, which are joined one by one."""
    buffer = io.BytesIO()
    Image.new("P", (48, 48)).save(buffer, "GIF")
    data = buffer.getvalue()
    at = 13 + (3 << (data[10] & 7) + 1)
    return data[:at] + b"!\xfe" + (b"\xff" + b"x" * 255) * 62_500 + b"\0" + data[at:]


def gif_frame() -> bytes:
    """A GIF of 44 bytes whose frame has 8.6 billion pixels."""
    frame = struct.pack("<HHHHB", 0, 65280, 65535, 65321, 0)
    return b"GIF89a" + struct.pack("<HH", 32, 32) + b"\0\0\0!\xf9\x04\xc9\0\0\0\0," + frame


def ppm_comment() -> bytes:
    """A PPM whose header has a comment of 16 MB, which is read a byte at a time."""
    return b"P6\n#" + b"x" * 16_000_000 + b"\n64 64 255\n" + bytes(64 * 64 * 3)


def webp_chunks() -> bytes:
    """A WebP with a million empty chunks."""
    buffer = io.BytesIO()
    Image.new("RGB", (48, 48)).save(buffer, "WEBP")
    body = buffer.getvalue()[8:] + b"JUNK\0\0\0\0" * 1_000_000
    return b"RIFF" + struct.pack("<I", len(body)) + body


ATTACKS: dict[str, Callable[[], bytes]] = {
    build.__name__: build
    for build in (
        exif_segments, comment_segments, padding, scans, strips, tiles, tags, deep_png, png_chunks, png_exif,
        png_text, gif_comment, gif_frame, ppm_comment, webp_chunks,
    )
}  # fmt: skip
