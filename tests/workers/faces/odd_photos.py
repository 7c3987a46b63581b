"""What the photos of the data folder `odd-photos` must become when they are read."""

from __future__ import annotations

PORTRAIT = (800, 1200)
NOT_A_PHOTO = None

ODD_PHOTOS: dict[str, tuple[tuple[int, int] | None, str]] = {
    "01-brand-heix.heic": (PORTRAIT, ""),
    "01-iphone.HEIC": (PORTRAIT, ""),
    "02-cut-1pct.jpg": (PORTRAIT, "the file is cut"),
    "02-no-eoi.jpg": (PORTRAIT, "the file is cut"),
    "04-progressive-cut.jpg": (PORTRAIT, "the file is cut: some of the finest details may be missing"),
    "05-exif6-double-header.jpg": (PORTRAIT, ""),
    "05-xmp-orient6.jpg": (PORTRAIT, ""),
    "07-png-iccp-2MB.png": (PORTRAIT, ""),
    "07-png-itxt-3MB.png": (PORTRAIT, ""),
    "08-motion-photo.jpg": (PORTRAIT, ""),
    "09-sideways-90.jpg": ((1200, 800), ""),
    "09-tilt-45.jpg": ((1416, 1416), ""),
    "09-upside-down.jpg": (PORTRAIT, ""),
    "10-panorama-12000x3000.jpg": ((12000, 3000), ""),
    "11-64MP.jpg": ((9248, 6936), ""),
    "14-class-1500x1000-tile250.jpg": ((1500, 1000), ""),
    "14-class-6000x4000-tile500.jpg": ((6000, 4000), ""),
    "15-float.tiff": (PORTRAIT, ""),
    "15-grey16.png": (PORTRAIT, ""),
    "17-jpeg2000.jp2": (NOT_A_PHOTO, "JPEG 2000 file; save it as JPEG"),
    "17-raw.CR2": (NOT_A_PHOTO, "Canon raw file (CR2); save it as JPEG"),
    "18-cloudflare.jpg": (NOT_A_PHOTO, "HTML page; download the photo itself again"),
    "18-gitlfs.jpg": (NOT_A_PHOTO, "Git LFS pointer, not the photo; run `git lfs pull`"),
}
"""File: the upright width and height, and the beginning of what is noted; or None, and the reason of the refusal."""

SAME_FACE = [name for name in ODD_PHOTOS if name[:2] in ("01", "02", "04", "05", "07", "08", "15")]
"""They show one photo of one person, upright."""
