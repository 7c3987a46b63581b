"""What a file is, by its first bytes and never by its name.

`file_kind` knows the formats that Lineup reads, and names the others that people take for photos, each with a hint.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

HEAD_BYTES = 512
"""So many first bytes decide."""


class FileKind(NamedTuple):
    """What a file is.

    Attributes:
        use: "photo" and "video" are formats that are tried; "other" is known and not read; "unknown" is anything else.
        name: of the format, as a user knows it; empty where unknown.
        hint: what to do about an "other" file.
    """

    use: Literal["photo", "video", "other", "unknown"]
    name: str = ""
    hint: str = ""


UNKNOWN_KIND = FileKind("unknown")

_CONVERT = "save it as JPEG"
_DOWNLOAD = "download the photo itself again"

PICTURE_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
}
"""Brands of ISO/IEC 23008-12: pictures in the container format of MP4."""

_PHOTOS = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"GIF8[79]a", "GIF"),
    (rb"RIFF....WEBP", "WEBP"),
    (rb"BM", "BMP"),
    (rb"P[1-6fF]\s", "PPM"),
)

_VIDEOS = (
    (rb"....(?:moov|mdat|wide|free|skip|pnot)", "QuickTime video"),
    (rb"\x1a\x45\xdf\xa3", "Matroska or WebM video"),
    (rb"OggS", "Ogg video"),
    (rb"FLV\x01", "Flash video"),
    (rb"\x00\x00\x01[\xba\xb3]", "MPEG video"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media video"),
    (rb"RIFF....AVI ", "AVI video"),
    (rb"\x47.{187}\x47.{187}\x47", "MPEG transport stream"),
    (rb".{4}\x47.{191}\x47.{191}\x47", "AVCHD video"),
)

_TEXT_START = rb"(?:\xef\xbb\xbf)?\s*"

_OTHERS = (
    (rb"II\x2a\x00....CR\x02", "Canon raw file (CR2)", _CONVERT),
    (rb"....ftypcrx ", "Canon raw file (CR3)", _CONVERT),
    (rb"FUJIFILMCCD-RAW", "Fujifilm raw file (RAF)", _CONVERT),
    (rb"II(?:RO|RS)", "Olympus raw file (ORF)", _CONVERT),
    (rb"IIU\x00", "Panasonic raw file (RW2)", _CONVERT),
    (rb"\x00MRM", "Minolta raw file (MRW)", _CONVERT),
    (rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "JPEG 2000 file", _CONVERT),
    (rb"\x00\x00\x00\x0cJXL \r\n\x87\n|\xff\x0a", "JPEG XL file", _CONVERT),
    (rb"8BPS", "Photoshop file", _CONVERT),
    (rb"gimp xcf", "GIMP file", _CONVERT),
    (rb"\x93NUMPY", "NumPy array", "save the picture itself as PNG or JPEG"),
    (rb"%PDF-", "PDF document", "save its photo as JPEG"),
    (rb"%!PS", "PostScript document", "save its photo as JPEG"),
    (rb"PK\x03\x04|PK\x05\x06|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b|BZh|\xfd7zXZ", "archive", "unpack it"),
    (rb"\x7fELF|MZ", "program", "delete it"),
    (rb"version https://git-lfs", "Git LFS pointer, not the photo", "run `git lfs pull`"),
    (
        rb"\x00\x05\x16[\x00\x07]\x00\x02\x00\x00",
        "macOS side file (AppleDouble), not the photo",
        "leave out files that begin with ._",
    ),
    (
        rb"bplist00|" + _TEXT_START + rb"<\?xml[^>]{0,200}>\s*<!DOCTYPE plist",
        "iCloud placeholder or property list",
        "download the photo from iCloud first",
    ),
    (rb"(?s)" + _TEXT_START + rb"(?:<\?xml.{0,300}?>|<!--.{0,300}?-->|\s)*<svg", "SVG drawing", "save it as PNG"),
    (rb"(?is)" + _TEXT_START + rb"(?:<!doctype html|<html|<head|<script)", "HTML page", _DOWNLOAD),
    (rb"\[InternetShortcut\]|\[Desktop Entry\]", "link to a page, not the photo", _DOWNLOAD),
    (rb"#EXTM3U|ffconcat version", "playlist", _DOWNLOAD),
    (rb"" + _TEXT_START + rb"<\?xml", "XML file", _DOWNLOAD),
    (rb"" + _TEXT_START + rb"[\[{]\s*[\"{\[\]}]", "JSON file", _DOWNLOAD),
)

_PICTURES = tuple((re.compile(rb"(?s)" + pattern), FileKind("photo", name)) for pattern, name in _PHOTOS)
_CONTAINERS = tuple((re.compile(rb"(?s)" + pattern), FileKind("video", name)) for pattern, name in _VIDEOS)
_NAMED = tuple((re.compile(pattern), FileKind("other", name, hint)) for pattern, name, hint in _OTHERS)

_EMPTY_PLACEHOLDER = FileKind(
    "other", "file of zero bytes: a cloud placeholder, or a damaged disk", "download the photo again"
)
_TIFF = re.compile(rb"II\x2a\x00|MM\x00\x2a|II\x2b\x00|MM\x00\x2b")
_RAW_MAKERS = (
    (b"NIKON", "Nikon raw file (NEF)"),
    (b"SONY", "Sony raw file (ARW)"),
    (b"PENTAX", "Pentax raw file (PEF)"),
)
_DNG_VERSION = (b"\x12\xc6\x01\x00\x04\x00\x00\x00", b"\xc6\x12\x00\x01\x00\x00\x00\x04")
"""The entry of tag 50706 (DNGVersion: four bytes) in either byte order."""


def file_kind(head: bytes) -> FileKind:
    """What a file is that begins with these bytes; `HEAD_BYTES` of them are enough.

    >>> file_kind(b"%PDF-1.7").name
    'PDF document'
    >>> file_kind(b"\\xff\\xd8\\xff\\xe0").use
    'photo'
    """
    head = head[:HEAD_BYTES]
    if len(head) >= 32 and not head.strip(b"\0"):
        return _EMPTY_PLACEHOLDER
    for pattern, kind in _NAMED:
        if pattern.match(head):
            return kind
    if head[4:8] == b"ftyp":
        name = PICTURE_BRANDS.get(head[8:12])
        return FileKind("photo", name) if name else FileKind("video", "MP4 or QuickTime video")
    if _TIFF.match(head):
        return _tiff_kind(head)
    for pattern, kind in (*_PICTURES, *_CONTAINERS):
        if pattern.match(head):
            return kind
    return FileKind("other", "text file", _DOWNLOAD) if _is_text(head) else UNKNOWN_KIND


def _tiff_kind(head: bytes) -> FileKind:
    """A TIFF, or one of the raw formats that are TIFFs by their structure."""
    if any(entry in head for entry in _DNG_VERSION):
        return FileKind("other", "raw file (DNG)", _CONVERT)
    maker = next((name for mark, name in _RAW_MAKERS if mark in head), "")
    return FileKind("other", maker, _CONVERT) if maker else FileKind("photo", "TIFF")


def _is_text(head: bytes) -> bool:
    return len(head) > 0 and all(byte in b"\t\r\n\f" or 32 <= byte < 127 for byte in head)
