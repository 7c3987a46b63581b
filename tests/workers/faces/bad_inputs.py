"""What the photos of the data folder `bad-inputs` must become."""

from __future__ import annotations

UPRIGHT_128 = ("ok", 128, 128)
BAD_INPUTS = {
    "12bit.cropped.tif": ("ok", 100, 100),
    "16bit.cropped.tif": ("ok", 64, 64),
    "big-height.webp": ("too_small", 13, 169),
    "broken_data_stream.png": ("unreadable", 128, 128),
    "chelsea.npy": ("unreadable", None, None),
    "decompression_bomb.gif": ("too_large", 65535, 66601),
    "empty.jpg": ("unreadable", None, None),
    "frozenpond.mpo": ("ok", 640, 480),
    "hopper.bmp": UPRIGHT_128,
    "hopper.jpg": UPRIGHT_128,
    "hopper.psd": ("unreadable", None, None),
    "hopper.webp": UPRIGHT_128,
    "hopper_16bit_qtables.jpg": UPRIGHT_128,
    "hopper_gray.jpg": UPRIGHT_128,
    **{f"hopper_orientation_{n}.webp": UPRIGHT_128 for n in range(2, 9)},
    "hopper_orientation_3.jpg": UPRIGHT_128,
    "hopper_orientation_6.jpg": UPRIGHT_128,
    "icc_profile_big.jpg": ("ok", 425, 250),
    "invalid_multiframe.gif": ("too_small", 10, 9),
    "la.tga": ("unreadable", None, None),
    "newtonscradle.gif": ("ok", 200, 150),
    "pil_sample_cmyk.jpg": ("ok", 100, 100),
    "rgba.png": UPRIGHT_128,
    "subsampled.tif": ("ok", 250, 325),
    "text-as-jpg.jpg": ("unreadable", None, None),
    "tiff_strip_cmyk_jpeg.tif": ("ok", 100, 100),
    "transparent.png": ("ok", 200, 150),
    "truncated.gif": ("unreadable", 575, 800),
    "truncated.jpg": ("unreadable", 290, 442),
    "truncated_app14.jpg": ("ok", 100, 100),
    "truncated_image.png": ("unreadable", 640, 480),
    "ultrahdr.jpg": ("unreadable", 1512, 2688),
    "xmp_tags_orientation.png": ("ok", 326, 268),
}
"""File: outcome, and the upright width and height in its header."""
