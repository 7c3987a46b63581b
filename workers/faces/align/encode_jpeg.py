"""JPEG bytes of the stored face pictures: the crop and the aligned face."""

from __future__ import annotations

from workers.faces.photo import Pixels

JPEG_QUALITY = 95
"""Of crops and aligned faces, without chroma subsampling: about 8 kB each, and no visible loss."""


def encode_jpeg(rgb: Pixels) -> bytes:
    """Pixels (height, width, 3) RGB uint8 as JPEG; the same bytes on every machine with the same OpenCV."""
    import cv2

    options = (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111)
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
    return encoded.tobytes()
