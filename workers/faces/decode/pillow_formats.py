"""The formats that Pillow decodes for us, and the settings of its decoders."""

from __future__ import annotations

import functools
import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""The formats of photos. MPO is a JPEG that holds several; HEIF is what iPhones call HEIC. Every further decoder is a
further risk: PSD, TGA, EPS and the rest are not read."""


def load_decoders() -> None:
    """Load every decoder now: a process with limits on its files can load none later."""
    import simplejpeg  # noqa: F401
    from PIL import AvifImagePlugin, Image

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each thread takes memory for its stack
    Image.init()
    _load_heif()


@functools.cache
def _load_heif() -> None:
    """Let Pillow open HEIC, without previews, depth maps and threads."""
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def open_in_pillow(data: bytes) -> Image:
    """The file, opened and not decoded; raises what Pillow's parsers raise."""
    from PIL import Image

    _load_heif()
    # Pillow's own limit is above ours, and its error would hide the size from the catalogue.
    Image.MAX_IMAGE_PIXELS = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(data), formats=FORMATS)
