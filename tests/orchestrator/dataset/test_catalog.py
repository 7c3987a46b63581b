"""Every file on disk becomes a clean row, a counted omission, or an error that says what to fix."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from orchestrator.dataset.catalog import build_catalog
from orchestrator.dataset.summary import DatasetSummary
from storage.engine_settings import Limits
from storage.errors import DatasetError
from storage.schemas import CATALOG


def photo(seed: int, form: str = "JPEG", size: tuple[int, int] = (48, 40), orientation: int = 1) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    exif = Image.Exif()
    exif[274] = orientation
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, exif=exif)
    return stream.getvalue()


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Ann and Bob with four different photos each."""
    root = tmp_path / "photos"
    for person, first in (("ann", 0), ("bob", 100)):
        (root / person).mkdir(parents=True)
        for i in range(4):
            (root / person / f"{i}.jpg").write_bytes(photo(first + i))
    return root


def rows_of(table: pa.Table) -> dict[str, dict[str, object]]:
    return {row["path"]: row for row in table.to_pylist()}


def catalogued(root: Path) -> tuple[dict[str, dict[str, object]], DatasetSummary]:
    table, summary = build_catalog(root)
    assert table.schema.equals(CATALOG)
    assert table["path"].to_pylist() == sorted(table["path"].to_pylist())
    return rows_of(table), summary


def test_a_photo_is_known_by_its_bytes_and_its_upright_size(people: Path) -> None:
    data = photo(7, size=(48, 40), orientation=6)
    (people / "ann" / "turned.jpg").write_bytes(data)
    row = catalogued(people)[0]["ann/turned.jpg"]
    assert row["photo_key"] == hashlib.sha256(data).hexdigest()
    assert (row["width"], row["height"], row["orientation"]) == (40, 48, 6)
    assert (row["bytes"], row["format"], row["outcome"]) == (len(data), "JPEG", "ok")


def test_content_decides_the_format_not_the_name(people: Path) -> None:
    (people / "ann" / "really-a-png.jpg").write_bytes(photo(8, "PNG"))
    (people / "ann" / "no-ending").write_bytes(photo(9))
    rows, _ = catalogued(people)
    assert rows["ann/really-a-png.jpg"]["format"] == "PNG"
    assert rows["ann/no-ending"]["format"] == "JPEG"


def test_what_is_no_photo_is_counted_or_a_row_with_a_reason(people: Path) -> None:
    (people / "ann" / ".DS_Store").write_bytes(b"x")
    (people / "ann" / "notes.txt").write_text("x")
    (people / "readme").write_text("x")
    (people / ".git").mkdir()
    (people / "ann" / "bad.jpg").write_bytes(b"not a picture")
    (people / "ann" / "empty.jpg").write_bytes(b"")
    (people / "nobody").mkdir()
    rows, summary = catalogued(people)
    assert summary.skipped == {"hidden": 2, "not a photo": 1, "beside the people's folders": 1}
    assert summary.empty == ("nobody",)
    assert {rows[f"ann/{name}.jpg"]["outcome"] for name in ("bad", "empty")} == {"unreadable"}
    assert rows["ann/bad.jpg"]["width"] is None
    assert summary.outcomes == {"ok": 8, "unreadable": 2}


def test_sizes_beyond_the_limits_are_refused_without_decoding(people: Path) -> None:
    (people / "ann" / "tiny.jpg").write_bytes(photo(1, size=(9, 9)))
    (people / "ann" / "heavy.jpg").write_bytes(photo(2, size=(90, 90)) + bytes(20_000))
    table, _ = build_catalog(people, limits=Limits(file_bytes=20_000))
    rows = rows_of(table)
    assert rows["ann/tiny.jpg"]["outcome"] == "too_small"
    assert rows["ann/heavy.jpg"]["outcome"] == "too_large"
    assert str(rows["ann/heavy.jpg"]["photo_key"]).startswith("unread-")


def test_equal_bytes_are_one_group_numbered_by_first_path(people: Path) -> None:
    (people / "ann" / "0 copy.jpg").write_bytes(photo(0))
    rows, summary = catalogued(people)
    assert rows["ann/0.jpg"]["duplicate_group"] == rows["ann/0 copy.jpg"]["duplicate_group"] == 0
    assert rows["ann/1.jpg"]["duplicate_group"] == 1
    assert summary.duplicates == (("ann/0 copy.jpg", "ann/0.jpg"),)
    assert rows["ann/0 copy.jpg"]["reason"] == ""


def test_equal_bytes_under_two_names_are_reported_with_a_reason_each(people: Path) -> None:
    (people / "bob" / "ann.jpg").write_bytes(photo(0))
    rows, summary = catalogued(people)
    assert summary.conflicts == ((("ann/0.jpg", "ann"), ("bob/ann.jpg", "bob")),)
    assert "also labelled ann" in str(rows["bob/ann.jpg"]["reason"])
    assert rows["bob/ann.jpg"]["outcome"] == "ok"
    assert summary.too_few == (("ann", 3),)


def test_links_and_special_files_never_lead_outside_or_hang(people: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(photo(50))
    (people / "ann" / "out.jpg").symlink_to(secret)
    (people / "ann" / "in.jpg").symlink_to(people / "bob" / "0.jpg")
    (people / "ann" / "nowhere.jpg").symlink_to(tmp_path / "absent.jpg")
    (people / "ann" / "circle.jpg").symlink_to(people / "ann" / "circle.jpg")
    (people / "ann" / "device.jpg").symlink_to("/dev/zero")
    (people / "ann" / "again").symlink_to(people)
    os.mkfifo(people / "ann" / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(people / "ann")  # a socket's path may have 108 bytes only
        server.bind("socket.jpg")
        os.chdir(here)
        rows, summary = catalogued(people)
    assert rows["ann/in.jpg"]["photo_key"] == rows["bob/0.jpg"]["photo_key"]
    for name in ("out", "nowhere", "circle", "device", "pipe", "socket"):
        row = rows[f"ann/{name}.jpg"]
        assert row["outcome"] == "unreadable", name
        assert str(row["photo_key"]).startswith("unread-"), name
    assert "leaves the folder" in str(rows["ann/out.jpg"]["reason"])
    assert "pipe" in str(rows["ann/pipe.jpg"]["reason"])
    assert summary.skipped == {"link to a folder": 1}


ODD_NAMES = ["-rf.jpg", "<b>x.jpg", "a\nb.jpg", "'\"`$;.jpg", "\u202egpj.exe", "Ünï💡.jpg", "x" * 251 + ".jpg", " .jpg"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_clean_rows_and_print_on_one_line(people: Path, name: str) -> None:
    (people / "ann" / name).write_bytes(b"broken")
    rows, summary = catalogued(people)
    assert rows[f"ann/{name}"]["label"] == "ann"
    assert all(line.isprintable() for line in summary.sentences())


def test_a_name_that_is_not_utf8_is_a_row_and_a_person_so_named_is_an_error(people: Path) -> None:
    (people / "ann" / os.fsdecode(b"caf\xe9.jpg")).write_bytes(photo(3))
    rows, _ = catalogued(people)
    assert rows["ann/caf\\xe9.jpg"]["outcome"] == "unreadable"
    assert "UTF-8" in str(rows["ann/caf\\xe9.jpg"]["reason"])
    (people / os.fsdecode(b"ren\xe9")).mkdir()
    with pytest.raises(DatasetError, match="not UTF-8"):
        build_catalog(people)


def test_names_that_unicode_merges_are_an_error_and_names_that_case_parts_are_told(people: Path) -> None:
    for spelling in ("Ann", "Bob"):
        (people / spelling).mkdir()
        (people / spelling / "1.jpg").write_bytes(photo(ord(spelling[0])))
    assert catalogued(people)[1].case_collisions == (("Ann", "ann"), ("Bob", "bob"))
    (people / "Zoe\u0301").mkdir()
    (people / "Zo\u00e9").mkdir()
    with pytest.raises(DatasetError, match="look the same"):
        build_catalog(people)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: (root / "unknown").mkdir(), "a person is called 'unknown'"),
        (lambda root: root.rename(root.parent / "gone"), "not there"),
        (lambda root: [f.unlink() for f in (root / "bob").iterdir()], "1 people"),
        (lambda root: [(f.unlink(), (root / f"{f.parent.name}{f.name}").touch(), f) for f in root.glob("*/*")]
         and [d.rmdir() for d in root.iterdir() if d.is_dir()], "no sub-folders"),
    ],
)  # fmt: skip
def test_an_unusable_folder_is_named_with_its_hint(people: Path, make: object, message: str) -> None:
    assert callable(make)
    make(people)
    with pytest.raises(DatasetError, match=message):
        build_catalog(people)


WITHOUT_ROOTS_RIGHTS = """
import ctypes, os, struct, sys
from pathlib import Path
from orchestrator.dataset.catalog import build_catalog
from storage.errors import DatasetError
closed = Path(sys.argv[2])
closed.chmod(0)
libc, head, rights = ctypes.CDLL(None), struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
libc.capget(head, rights)
effective, *others = struct.unpack("6I", rights.raw)
libc.capset(head, struct.pack("6I", effective & ~0b110, *others))  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
try:
    print(*(row["outcome"] for row in build_catalog(Path(sys.argv[1]))[0].to_pylist()))
except DatasetError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("closed", "said"),
    [("ann/0.jpg", "unreadable ok ok ok ok ok ok ok"), ("bob", "cannot be listed")],
    ids=["a photo", "a folder"],
)
def test_a_photo_that_may_not_be_read_is_a_row_and_a_closed_folder_an_error(
    people: Path, closed: str, said: str
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="lineup-test-"))  # nobody else may enter pytest's own
    try:
        folder.chmod(0o755)
        root = Path(shutil.copytree(people, folder / "photos"))
        command = [sys.executable, "-c", WITHOUT_ROOTS_RIGHTS, str(root), str(root / closed)]
        told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
        assert said in told.stdout
    finally:
        (folder / "photos" / closed).chmod(0o700)
        shutil.rmtree(folder)


def test_a_csv_with_a_bom_and_further_columns_reads_like_folders(people: Path, tmp_path: Path) -> None:
    labels = tmp_path / "photos.csv"
    lines = [f'"{f.relative_to(people)}",{f.parent.name},1' for f in sorted(people.glob("*/*.jpg"))]
    labels.write_text("path,label,year\n" + "\n".join([*lines, lines[0]]), encoding="utf-8-sig")
    table, summary = build_catalog(people, labels)
    assert table.equals(build_catalog(people)[0])
    assert summary.skipped == {"repeated line": 1}


def test_a_csv_may_name_a_group_and_a_subgroup_of_each_photo(people: Path, tmp_path: Path) -> None:
    labels = tmp_path / "photos.csv"
    lines = ["ann/0.jpg,ann,zoe\u0301,young", "ann/1.jpg,ann,,old", "bob/0.jpg,bob, scene 2 ,", "bob/1.jpg,bob"]
    labels.write_text("\n".join(["path,label,group,subgroup", *lines]), encoding="utf-8")
    table, summary = build_catalog(people, labels)
    told = {path: (row["group"], row["subgroup"]) for path, row in rows_of(table).items()}
    assert told == {
        "ann/0.jpg": ("zo\u00e9", "young"), "ann/1.jpg": (None, "old"),
        "bob/0.jpg": ("scene 2", None), "bob/1.jpg": (None, None),
    }  # fmt: skip
    assert (summary.groups, summary.subgroups) == ({"scene 2": 1, "zo\u00e9": 1}, {"old": 1, "young": 1})
    assert "2 subgroups: old (1), young (1)." in summary.sentences()
    assert set(build_catalog(people)[0]["group"].to_pylist()) == {None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"path,label,group\nann/0.jpg,ann,a\nann/0.jpg,ann,b", "two groups"),
        (b"path,label,subgroup\nann/0.jpg,ann,a\nann/0.jpg,ann,", "two subgroups"),
        (b"", "empty file"),
        (b"file;label\n1;2", "'file;label'"),
        (b"path,name\nann/0.jpg,ann", "must name path and label"),
        (b"path,label\nann/0.jpg,", "line 2"),
        (b"path,label\nann/0.jpg", "line 2"),
        (b"path,label\n../secret.jpg,ann", "outside"),
        (b"path,label\n/etc/passwd,ann", "outside"),
        (b"path,label\nann/9.jpg,ann", "ann/9.jpg"),
        (b"path,label\nann/0.jpg,ann\n./ann/0.jpg,bob", "two labels"),
        ("path,label\nann/0.jpg,Zoé\nann/1.jpg,Zoe\u0301".encode(), "look the same"),
        (b"path,label\nann/\xff.jpg,ann", "UTF-8"),
        (b'path,label\n"ann/0.jpg', "not a CSV"),
        (b"path,label\nann/0.jpg,unknown", "a person is called 'unknown'"),
    ],
)
def test_a_faulty_csv_is_named_with_line_and_hint(people: Path, tmp_path: Path, text: bytes, message: str) -> None:
    labels = tmp_path / "photos.csv"
    labels.write_bytes(text)
    with pytest.raises(DatasetError, match=message) as caught:
        build_catalog(people, labels)
    assert "photos.csv" in str(caught.value)
    assert caught.value.hint


def test_a_csv_line_may_not_reach_out_through_a_linked_folder(people: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "x.jpg").write_bytes(photo(1))
    (people / "door").symlink_to(tmp_path / "private")
    labels = tmp_path / "photos.csv"
    labels.write_text("path,label\ndoor/x.jpg,ann\nann/0.jpg,ann\nbob/0.jpg,bob\n")
    rows = rows_of(build_catalog(people, labels)[0])
    assert rows["door/x.jpg"]["reason"] == "a link that leaves the folder"


def test_progress_counts_every_photo_once(people: Path) -> None:
    seen: list[tuple[int, int]] = []
    build_catalog(people, on_photo=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 8) for i in range(1, 9)]


def test_the_real_photos_hold_six_byte_equal_duplicates(shared_data: Path) -> None:
    table, summary = build_catalog(shared_data / "jurassic-park")
    assert (table.num_rows, len(summary.people), len(summary.duplicates)) == (208, 6, 6)
    assert summary.conflicts == ()
