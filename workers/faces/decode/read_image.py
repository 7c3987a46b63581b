"""Read an image file into pixels, safely: the only module where untrusted bytes meet a decoder.

Later steps may assume RGB, uint8, upright, C-contiguous, and no side of twice `Limits.working_side` or more.
The content decides the format, never the file's name. A truncated file is a `Refusal`, never half a picture. The size
is checked in the header, before memory is allocated.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storage.engine_settings import Limits
from workers.faces.decode.gif import MOST_GIF_PIXELS, gif_size
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""The formats of photos (MPO is a JPEG that holds several). Every further decoder is a further risk: PSD, TGA, EPS
and the rest are not read."""

ORIENTATION_TAG = 274
BITS_PER_SAMPLE_TAG = 258
WHITE = (255, 255, 255, 255)

DECODER_ERRORS = (
    *(OSError, SyntaxError, ValueError, IndexError, TypeError, KeyError, EOFError, struct.error),
    RuntimeError,  # raised by libavif
)
"""What Pillow's parsers raise on malformed bytes: OSError is documented, fuzzing found the others."""


@dataclass(frozen=True)
class Header:
    """What the file states about its picture; no pixel is decoded.

    Attributes:
        width, height: upright, that is, after `orientation` is applied; pixels.
        format: one of `FORMATS`, or MPO.
        orientation: EXIF, 1-8; 1 where the file states none.
    """

    width: int
    height: int
    format: str
    orientation: int


def read_header(data: bytes) -> Header | Refusal:
    """Read size, format and orientation without decoding; `Refusal("unreadable", ...)` where that fails."""
    opened = _open(data)
    return opened if isinstance(opened, Refusal | Header) else _header_of(opened)


def size_refusal(head: Header, limits: Limits) -> Refusal | None:
    """Why a photo of this size is refused, too_large or too_small; None where it is accepted.

    >>> size_refusal(Header(20, 400, "JPEG", 1), Limits())
    Refusal(outcome='too_small', reason='20 x 400 pixels; the shortest side must have 32')
    """
    size = f"{head.width} x {head.height} pixels"
    if head.width * head.height > limits.pixels:
        return Refusal("too_large", f"{size}; the limit is {limits.pixels / 1e6:.0f} million")
    if min(head.width, head.height) < limits.shortest_side:
        return Refusal("too_small", f"{size}; the shortest side must have {limits.shortest_side}")
    return None


def read_image(data: bytes, limits: Limits) -> Photo | Refusal:
    """Decode the first frame of an image file: upright, RGB.

    Returns:
        A photo, (height, width, 3) uint8, 0-255; or why there is none: `unreadable`, `too_large` or `too_small`.
        Malformed bytes never raise.

    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (60, 40), "red").save(file, "PNG")
    >>> photo = read_image(file.getvalue(), Limits())
    >>> photo.rgb.shape, photo.rgb[0, 0].tolist()
    ((40, 60, 3), [255, 0, 0])
    >>> read_image(b"hello", Limits()).outcome
    'unreadable'
    """
    if len(data) > limits.file_bytes:
        return Refusal("too_large", f"{len(data) / 1e6:.0f} MB; the limit is {limits.file_bytes / 1e6:.0f}")
    opened = _open(data)
    if isinstance(opened, Refusal):
        return opened
    head = opened if isinstance(opened, Header) else _header_of(opened)
    refused = size_refusal(head, limits)
    if refused:
        return refused
    if isinstance(opened, Header):
        return Refusal("too_large", f"{head.width} x {head.height} pixels; no {head.format} of that size is opened")
    try:
        return _decode(opened, head, limits)
    except DECODER_ERRORS as error:
        return Refusal("unreadable", f"{head.format}: {_words(error)}")
    except MemoryError:
        return Refusal("too_large", f"{head.format}: decoding it takes more memory than there is")


def _open(data: bytes) -> Image | Header | Refusal:
    """The file, opened and not decoded; only its header where opening alone would take much memory."""
    from PIL import Image

    if not data:
        return Refusal("unreadable", "empty file")
    width, height = gif_size(data)
    if width * height > MOST_GIF_PIXELS:
        return Header(width, height, "GIF", 1)
    # Pillow's own limit is above ours, and its error would hide the size from the catalogue.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            image.info["orientation"] = _orientation(image)
    except DECODER_ERRORS as error:
        known = "" if "cannot identify" in str(error) else f" ({_words(error)})"
        return Refusal("unreadable", f"not an image in any of {', '.join(FORMATS)}{known}")
    return image


def _orientation(image: Image) -> int:
    from PIL import Image

    try:
        exif = Image.Exif()
        if image.format == "PNG" and "exif" in image.info:
            exif.load(image.info["exif"])
        else:  # of the base class: a PNG's own getexif() decodes the whole picture, before its size is judged
            exif = Image.Image.getexif(image)
        found = exif.get(ORIENTATION_TAG, 1)
    except DECODER_ERRORS:
        return 1  # damaged EXIF, but the pixels may be sound
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _header_of(image: Image) -> Header:
    orientation = int(image.info["orientation"])
    # Pillow reports a TIFF's size already turned, and every other format's as stored.
    turned = orientation >= 5 and image.format != "TIFF"
    width, height = reversed(image.size) if turned else image.size
    return Header(width, height, image.format or "", orientation)


def _decode(image: Image, head: Header, limits: Limits) -> Photo:
    longest = max(image.size)
    if head.format in ("JPEG", "MPO") and longest >= 2 * limits.working_side:
        smaller = limits.working_side / longest
        image.draft(None, (int(image.width * smaller), int(image.height * smaller)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.load()
    if head.format == "PNG":  # its EXIF may follow the pixels
        image.info["orientation"] = _orientation(image)
        head = _header_of(image)
    surplus = max(image.size) // limits.working_side
    rgb = np.asarray(_shrunk(_in_rgb(image), surplus))
    if head.format != "TIFF":  # Pillow has already turned that one
        rgb = _turned(rgb, head.orientation)
    if not rgb.flags.c_contiguous:
        rgb = np.ascontiguousarray(rgb)
    return Photo(rgb, head.width / rgb.shape[1])


def _shrunk(image: Image, factor: int) -> Image:
    """Average blocks of `factor` x `factor` pixels; the JPEG decoder does the same for its own format."""
    return image.reduce(factor) if factor >= 2 else image


def _in_rgb(image: Image) -> Image:
    """Any of Pillow's modes to RGB: deep greys lose their low bits, transparency becomes white."""
    from PIL import Image

    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode == "F":
        raise ValueError("floating-point pixels have no agreed white")
    if image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    if image.has_transparency_data:
        solid = Image.new("RGBA", image.size, WHITE)
        solid.alpha_composite(image.convert("RGBA"))
        return solid.convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image) -> Pixels:
    """Deep grey (I;16, I;16B, I) to 8 bits by its declared depth; Pillow's own conversion would clip to white."""
    depth = 16
    if image.format == "TIFF":
        depth = int(image.tag_v2.get(BITS_PER_SAMPLE_TAG, (16,))[0])  # type: ignore[attr-defined]
    values = np.asarray(image).astype(np.int64)
    shallow: Pixels = np.clip(values >> max(depth - 8, 0), 0, 255).astype(np.uint8)
    return shallow


def _turned(rgb: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation, 1-8, as views; the TIFF 6.0 specification, page 36."""
    if orientation in (2, 5, 7):
        rgb = rgb[:, ::-1]
    if orientation == 4:
        rgb = rgb[::-1]
    quarter_turns = {3: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.rot90(rgb, quarter_turns) if quarter_turns else rgb


def _words(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
