"""Read an image file into pixels: the only module where untrusted bytes meet a decoder.

Call it through `guarded_reader`, which runs it in a process with limits. Later steps may assume RGB, uint8, upright,
C-contiguous, and no side of twice `working_side` or more. The content decides the format, never the file's name. The
structure of a file is judged by our own parsers, its size in the header, before memory is allocated.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from workers.faces.decode.clean_jpeg import Room, own_room, read_clean_jpeg
from workers.faces.decode.decode_in_pillow import read_in_pillow
from workers.faces.decode.essence import Essence, essence_of
from workers.faces.decode.exif import exif_orientation
from workers.faces.decode.file_kind import file_kind
from workers.faces.decode.gif_file import MOST_GIF_PIXELS, gif_size
from workers.faces.decode.heif_file import read_heif
from workers.faces.decode.pillow_formats import FORMATS, open_in_pillow
from workers.faces.decode.still_webp import StillWebp, read_still_webp, still_webp
from workers.faces.decode.to_rgb import upright
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

if TYPE_CHECKING:
    from PIL.Image import Image

DECODER_ERRORS = (
    *(OSError, SyntaxError, ValueError, IndexError, TypeError, KeyError, EOFError, struct.error),
    RuntimeError,  # raised by libavif
)
"""What Pillow's parsers raise on malformed bytes: OSError is documented, fuzzing found the others."""

EMPTY = "empty file: a cloud placeholder or a broken download; download the photo again"


class SizeLimits(Protocol):
    """The sizes of photos that are accepted; see `storage.engine_settings.Limits`."""

    @property
    def file_bytes(self) -> int: ...
    @property
    def pixels(self) -> int: ...
    @property
    def shortest_side(self) -> int: ...
    @property
    def working_side(self) -> int: ...


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


@dataclass(frozen=True)
class _Opened:
    """A file that is not decoded. Pillow has opened it; a still WebP, libwebp."""

    image: Image | StillWebp
    essence: Essence
    header: Header


def read_header(data: bytes) -> Header | Refusal:
    """Read size, format and orientation without decoding; `Refusal("unreadable", ...)` where that fails."""
    opened = _open(data)
    return opened.header if isinstance(opened, _Opened) else opened


def size_refusal(head: Header, limits: SizeLimits) -> Refusal | None:
    """Why a photo of this size is refused, too_large or too_small; None where it is accepted.

    >>> from storage.engine_settings import Limits
    >>> size_refusal(Header(20, 400, "JPEG", 1), Limits())
    Refusal(outcome='too_small', reason='20 x 400 pixels; the shortest side must have 32')
    """
    size = f"{head.width} x {head.height} pixels"
    if head.width * head.height > limits.pixels:
        return Refusal("too_large", f"{size}; the limit is {limits.pixels / 1e6:.0f} million")
    if min(head.width, head.height) < limits.shortest_side:
        return Refusal("too_small", f"{size}; the shortest side must have {limits.shortest_side}")
    return None


def read_image(data: bytes, limits: SizeLimits, room: Room = own_room) -> Photo | Refusal:
    """Decode the first frame of an image file: upright, RGB.

    Args:
        room: where the pixels may be written; an ordinary upright JPEG's are.

    Returns:
        A photo, (height, width, 3) uint8, 0-255; or why there is none: `unreadable`, `too_large` or `too_small`.
        Malformed bytes never raise.

    Raises:
        MemoryError: decoding takes more memory than this process may have.

    >>> import io
    >>> from PIL import Image
    >>> from storage.engine_settings import Limits
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
    head = opened.header if isinstance(opened, _Opened) else opened
    refused = size_refusal(head, limits)
    if refused:
        return refused
    if isinstance(opened, Header):
        return Refusal("too_large", f"{head.width} x {head.height} pixels; no {head.format} of that size is opened")
    try:
        return _decode(opened, limits, room)
    except DECODER_ERRORS as error:
        return Refusal("unreadable", f"{head.format}: {_words(error)}")


def _open(data: bytes) -> _Opened | Header | Refusal:
    """The file, opened and not decoded; only its header where opening alone would take much memory."""
    if not data:
        return Refusal("unreadable", EMPTY)
    kind = file_kind(data)
    if kind.use != "photo":
        known = f"{kind.name}; {kind.hint}" if kind.hint else kind.name
        return Refusal("unreadable", known or f"not an image in any of {', '.join(FORMATS)}")
    essence = essence_of(data, kind.name)
    if isinstance(essence, Refusal):
        return essence
    width, height = gif_size(essence.data)
    if width * height > MOST_GIF_PIXELS:
        return Header(width, height, "GIF", 1)
    try:
        image = (still_webp(essence.data) if kind.name == "WEBP" else None) or open_in_pillow(essence.data)
        return _Opened(image, essence, _header_of(image, essence))
    except DECODER_ERRORS as error:
        known = "" if "cannot identify" in str(error) else f" ({_words(error)})"
        return Refusal("unreadable", f"damaged {kind.name}{known}")


def _header_of(image: Image | StillWebp, essence: Essence) -> Header:
    orientation = essence.orientation
    if orientation is None and not isinstance(image, StillWebp):
        in_file = essence.data if image.format == "TIFF" else _bytes_of(image.info.get("exif"))
        orientation = exif_orientation(in_file, _bytes_of(image.info.get("xmp")))
    orientation = orientation or 1
    # Pillow reports a TIFF's size already turned, and every other format's as stored.
    turned = orientation >= 5 and image.format != "TIFF"
    width, height = reversed(image.size) if turned else image.size
    return Header(width, height, "MPO" if essence.is_mpo else image.format or "", orientation)


def _bytes_of(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _decode(opened: _Opened, limits: SizeLimits, room: Room) -> Photo | Refusal:
    image, data, rgb = opened.image, opened.essence.data, None
    factor = max(image.size) // limits.working_side
    if isinstance(image, StillWebp):
        rgb = read_still_webp(data, image, factor, room)
    elif image.format == "JPEG" and factor < 2:
        rgb = read_clean_jpeg(data, image.size, room)
    elif image.format == "HEIF":
        rgb = read_heif(image, factor, room)
    if rgb is not None:
        return _photo(rgb, opened.header)
    in_pillow = _opened_in_pillow(data, image.size) if isinstance(image, StillWebp) else image
    found = read_in_pillow(in_pillow, data, limits.working_side)
    return found if isinstance(found, Refusal) else _photo(found[0], opened.header, found[1])


def _opened_in_pillow(data: bytes, size: tuple[int, int]) -> Image:
    image = open_in_pillow(data)
    if image.size != size:  # another size was compared with the limits
        raise ValueError("two sizes are stated")
    return image


def _photo(rgb: Pixels, head: Header, note: str = "") -> Photo:
    if head.format != "TIFF":  # Pillow has already turned that one
        rgb = upright(rgb, head.orientation)
    return Photo(np.ascontiguousarray(rgb), head.width / rgb.shape[1], reading=note)


def _words(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
