"""Decode a still WebP with the libwebp inside Pillow's package, in a third of Pillow's memory and time.

Pillow takes every WebP for an animation, which costs two more copies of it. Here libwebp writes the pixels once; the
largest ones it averages while it decodes. A file in which anything is amiss is left to Pillow.
Source: libwebp's `decode.h`, whose structures are declared here.
"""

from __future__ import annotations

import ctypes
import functools
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from typing import NamedTuple

from workers.faces.decode.clean_jpeg import Room, own_room
from workers.faces.decode.riff_file import ALPHA
from workers.faces.decode.to_rgb import small_pixels
from workers.faces.photo import Pixels

PILLOW_PIXELS = 58_000_000
"""So many Pillow can decode in the memory of a photo. Up to here the pixels are those that Pillow would give."""

_DECODER_ABI, _DEMUXER_ABI = 0x0200, 0x0100
"""Of the structures below; libwebp refuses another major version."""

_RGB, _RGBA = 0, 1
_OUT_OF_MEMORY = 1
"""A damaged picture has this status, too."""

_UNSUPPORTED = 4


class _Bytes(Structure):
    _fields_ = (("first", c_char_p), ("size", c_size_t))


class _Features(Structure):
    _fields_ = (
        *((name, c_int) for name in ("width", "height", "has_alpha", "has_animation", "format")),
        ("unused", c_uint32 * 5),
    )


class _Rows(Structure):
    _fields_ = (("first", c_void_p), ("stride", c_int), ("bytes", c_size_t))


class _Planes(Structure):
    _fields_ = (("first", c_void_p * 4), ("stride", c_int * 4), ("bytes", c_size_t * 4))


class _Memory(ctypes.Union):
    _fields_ = (("rows", _Rows), ("planes", _Planes))


class _Output(Structure):
    _fields_ = (
        *((name, c_int) for name in ("colours", "width", "height", "is_ours")),
        ("memory", _Memory),
        ("unused", c_uint32 * 4),
        ("private", c_void_p),
    )


class _Options(Structure):
    _fields_ = (
        *((name, c_int) for name in ("no_filter", "plain_upsampling", "crop")),
        ("window", c_int * 4),
        *((name, c_int) for name in ("scale", "width", "height", "threads", "dither", "flip", "dither_alpha")),
        ("unused", c_uint32 * 5),
    )


class _Settings(Structure):
    _fields_ = (("input", _Features), ("output", _Output), ("options", _Options))


class StillWebp(NamedTuple):
    """What the header of a WebP states; sides in pixels, as stored."""

    width: int
    height: int
    has_alpha: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    @property
    def format(self) -> str:
        """As Pillow names it."""
        return "WEBP"

    @property
    def is_beyond_pillow(self) -> bool:
        """Whether Pillow would need more memory than a photo may take."""
        return self.width * self.height > PILLOW_PIXELS


def still_webp(data: bytes) -> StillWebp | None:
    """The header; None where Pillow shall judge: a damaged file, an animation that is more than its first frame."""
    library = _libwebp()
    features = _Features()
    if library is None or not _is_well_formed(library, data):
        return None
    if library.WebPGetFeaturesInternal(data, len(data), byref(features), _DECODER_ABI) or features.has_animation:
        return None
    has_alpha = features.has_alpha and (data[12:16] != b"VP8X" or data[20] & ALPHA)
    return StillWebp(features.width, features.height, bool(has_alpha))


def _is_well_formed(library: ctypes.CDLL, data: bytes) -> bool:
    """Whether the chunks are as Pillow demands them; the decoder itself is content with less."""
    chunks = library.WebPDemuxInternal(byref(_Bytes(data, len(data))), 0, None, _DEMUXER_ABI)
    library.WebPDemuxDelete(chunks)
    return chunks is not None


def read_still_webp(data: bytes, still: StillWebp, factor: int, room: Room) -> Pixels | None:
    """The pixels of a WebP, (height, width, 3) RGB, averaged over blocks of `factor` x `factor`, on white.

    Args:
        still: the header of `data`; within the limits.
        room: where the pixels are written if they are not averaged afterwards.

    Returns:
        The pixels; None for a damaged file that Pillow shall name.

    Raises:
        ValueError: a damaged file that is beyond Pillow.
        MemoryError: decoding takes more memory than this process may have.
    """
    factor = max(factor, 1)
    while_decoding = factor if still.is_beyond_pillow else 1
    width, height = (-(-side // while_decoding) for side in still.size)
    colours = 4 if still.has_alpha else 3
    is_final = colours == 3 and while_decoding == factor
    memory = (room if is_final else own_room)(height * width * colours)
    pixels: Pixels = memory.reshape(height, width, colours)
    status = _decode_into(pixels, data, is_scaled=while_decoding > 1)
    if status and not still.is_beyond_pillow:
        return None
    if status == _OUT_OF_MEMORY:
        raise MemoryError
    if status:
        raise ValueError("damaged")
    return pixels if is_final else small_pixels(pixels, factor // while_decoding)


def _decode_into(pixels: Pixels, data: bytes, is_scaled: bool) -> int:
    """Decode to the size of `pixels`; the status of libwebp, which is 0 where all went well."""
    library, settings = _libwebp(), _Settings()
    if library is None or not library.WebPInitDecoderConfigInternal(byref(settings), _DECODER_ABI):
        return _UNSUPPORTED
    height, width, colours = pixels.shape
    settings.output.colours = _RGBA if colours == 4 else _RGB
    settings.output.is_ours = 1
    settings.output.memory.rows = _Rows(pixels.ctypes.data, pixels.strides[0], pixels.nbytes)
    settings.options.scale, settings.options.width, settings.options.height = int(is_scaled), width, height
    status = int(library.WebPDecode(data, len(data), byref(settings)))
    written = settings.output.width, settings.output.height
    return status if status or written == (width, height) else _UNSUPPORTED


@functools.cache
def _libwebp() -> ctypes.CDLL | None:
    """The library that Pillow has loaded; None where its functions cannot be reached, and Pillow decodes."""
    try:
        from PIL import _webp

        library = ctypes.CDLL(_webp.__file__)  # names are searched in what it depends on, too
        library.WebPGetFeaturesInternal.argtypes = (c_char_p, c_size_t, POINTER(_Features), c_int)
        library.WebPDemuxInternal.argtypes = (POINTER(_Bytes), c_int, c_void_p, c_int)
        library.WebPDemuxInternal.restype = c_void_p
        library.WebPDemuxDelete.argtypes = (c_void_p,)
        library.WebPInitDecoderConfigInternal.argtypes = (POINTER(_Settings), c_int)
        library.WebPDecode.argtypes = (c_char_p, c_size_t, POINTER(_Settings))
    except (ImportError, OSError, AttributeError):
        return None
    return library
