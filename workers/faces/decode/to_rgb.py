"""Any of Pillow's modes to upright RGB of bounded size: strip by strip, so that a large picture is in memory once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from workers.faces.photo import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

BITS_PER_SAMPLE_TAG = 258
WHITE = (255, 255, 255, 255)

STRIP_ROWS = 512
"""About so many rows are converted at once."""

FULL_SCALES = (1.0, 255.0, 65_535.0)
"""White of floating-point pixels: the first that no value exceeds; else the largest value."""


def small_rgb(image: Image, factor: int) -> Image:
    """The picture in RGB, averaged over blocks of `factor` x `factor` pixels.

    Deep greys lose their low bits, transparency becomes white.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.reduce(factor) if factor >= 2 else image
    convert = _converter(image)
    if image.height <= STRIP_ROWS:
        whole = convert(image)
        return whole.reduce(factor) if factor >= 2 else whole
    return _joined(image, convert, max(factor, 1))


def small_pixels(pixels: Pixels, factor: int) -> Pixels:
    """As `small_rgb`, for (height, width, 3 or 4) uint8, RGB or RGBA; returns (height, width, 3) uint8."""
    import PIL.Image

    height, width, colours = pixels.shape
    if factor < 2 and colours == 3:
        return pixels
    factor = max(factor, 1)
    out = np.empty((-(-height // factor), -(-width // factor), 3), np.uint8)
    rows = _rows_at_once(factor)
    for top in range(0, height, rows):
        strip = np.asarray(small_rgb(PIL.Image.fromarray(pixels[top : top + rows]), factor))
        out[top // factor : top // factor + len(strip)] = strip
    return out


def _rows_at_once(factor: int) -> int:
    return STRIP_ROWS // factor * factor or factor


def _joined(image: Image, convert: Callable[[Image], Image], factor: int) -> Image:
    import PIL.Image

    out = PIL.Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top, strip in _strips(image, _rows_at_once(factor)):
        small = convert(strip)
        out.paste(small.reduce(factor) if factor >= 2 else small, (0, top // factor))
    return out


def _strips(image: Image, rows: int = STRIP_ROWS) -> Iterator[tuple[int, Image]]:
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        strip.info = image.info  # a transparent colour is said there
        yield top, strip


def _converter(image: Image) -> Callable[[Image], Image]:
    """What turns a strip of this picture into RGB."""
    if image.mode == "F":
        return _from_float(image)
    if image.mode.startswith("I"):
        return _from_deep_grey(_depth(image))
    if image.has_transparency_data:
        return _on_white
    return lambda strip: strip.convert("RGB")


def _on_white(strip: Image) -> Image:
    import PIL.Image

    solid = PIL.Image.new("RGBA", strip.size, WHITE)
    solid.alpha_composite(strip.convert("RGBA"))
    return solid.convert("RGB")


def _depth(image: Image) -> int:
    """Bits of a grey value, as declared; Pillow's own conversion would clip to white."""
    if image.format != "TIFF":
        return 16
    return int(image.tag_v2.get(BITS_PER_SAMPLE_TAG, (16,))[0])  # type: ignore[attr-defined]


def _from_deep_grey(depth: int) -> Callable[[Image], Image]:
    def convert(strip: Image) -> Image:
        import PIL.Image

        values = np.asarray(strip).astype(np.int64)
        shallow: Pixels = np.clip(values >> max(depth - 8, 0), 0, 255).astype(np.uint8)
        return PIL.Image.fromarray(shallow).convert("RGB")

    return convert


def _from_float(image: Image) -> Callable[[Image], Image]:
    """Not-a-number becomes black."""
    finite = (np.nan_to_num(np.asarray(strip), posinf=0, neginf=0) for _, strip in _strips(image))
    largest = max(float(values.max()) for values in finite)
    white = next((scale for scale in FULL_SCALES if largest <= scale), largest)

    def convert(strip: Image) -> Image:
        import PIL.Image

        values = np.nan_to_num(np.asarray(strip), posinf=white, neginf=0)
        return PIL.Image.fromarray((np.clip(values / white, 0, 1) * 255).round().astype(np.uint8)).convert("RGB")

    return convert


def upright(rgb: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation, 1-8, as views of (height, width, 3); the TIFF 6.0 specification, page 36."""
    if orientation in (2, 5, 7):
        rgb = rgb[:, ::-1]
    if orientation == 4:
        rgb = rgb[::-1]
    quarter_turns = {3: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    return np.rot90(rgb, quarter_turns) if quarter_turns else rgb
