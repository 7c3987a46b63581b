"""The first bytes say what a file is; what is no photo is named, with what to do about it."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from workers.faces.decode.file_kind import FileKind, file_kind

OTHERS = {
    "Canon raw file (CR2)": b"II\x2a\0\x10\0\0\0CR\x02\0",
    "Canon raw file (CR3)": b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom",
    "Nikon raw file (NEF)": b"MM\0\x2a\0\0\0\x08" + bytes(40) + b"NIKON CORPORATION\0",
    "Sony raw file (ARW)": b"II\x2a\0\x08\0\0\0" + bytes(40) + b"SONY \0",
    "raw file (DNG)": b"II\x2a\0\x08\0\0\0\x01\0\x12\xc6\x01\0\x04\0\0\0\x01\x04\0\0",
    "Fujifilm raw file (RAF)": b"FUJIFILMCCD-RAW 0201",
    "JPEG 2000 file": b"\0\0\0\x0cjP  \r\n\x87\n",
    "JPEG XL file": b"\xff\x0a\xfa\x1f",
    "HTML page": b"\n <!DOCTYPE html><html><title>Just a moment...</title>",
    "Git LFS pointer, not the photo": b"version https://git-lfs.github.com/spec/v1\noid sha256:46\nsize 3\n",
    "PDF document": b"%PDF-1.7\n",
    "SVG drawing": b'<?xml version="1.0"?>\n<!-- drawn --><svg xmlns="http://www.w3.org/2000/svg">',
    "XML file": b'<?xml version="1.0"?><error/>',
    "JSON file": b'{"error": "not found"}',
    "archive": b"PK\x03\x04\x14\0",
    "iCloud placeholder or property list": b"bplist00\xd3\x01\x02",
    "macOS side file (AppleDouble), not the photo": b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X",
    "link to a page, not the photo": b"[InternetShortcut]\r\nURL=http://a",
    "playlist": b"#EXTM3U\nhttp://example.org/1.ts",
    "text file": b"The photo is no longer here.\n",
    "file of zero bytes: a cloud placeholder, or a damaged disk": bytes(4096),
}

VIDEOS = {
    "MP4 or QuickTime video": b"\0\0\0\x18ftypisom\0\0\2\0",
    "Matroska or WebM video": b"\x1a\x45\xdf\xa3\x01",
    "AVI video": b"RIFF\x10\0\0\0AVI LIST",
    "MPEG transport stream": (b"\x47" + bytes(187)) * 3,
    "AVCHD video": (b"\0\0\0\0\x47" + bytes(187)) * 3,
    "Windows Media video": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9",
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_photo_is_named_with_a_hint(name: str) -> None:
    kind = file_kind(OTHERS[name])
    assert (kind.use, kind.name) == ("other", name)
    assert kind.hint


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_is_named(name: str) -> None:
    assert file_kind(VIDEOS[name]) == FileKind("video", name)


@pytest.mark.parametrize("name", ["AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
def test_a_photo_is_one_by_its_bytes(name: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40)).save(buffer, name)
    assert file_kind(buffer.getvalue()) == FileKind("photo", name)


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_an_iphone_s_photo_is_one(brand: bytes) -> None:
    assert file_kind(b"\0\0\0\x18ftyp" + brand + bytes(8)) == FileKind("photo", "HEIC")


@pytest.mark.parametrize("head", [b"", b"\x01\x02\x03", b"caf\xe9"])
def test_anything_else_is_unknown(head: bytes) -> None:
    assert file_kind(head).use == "unknown"
