"""Photos in a bucket are catalogued as the same photos in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.dataset.bucket_listing import listed_folder
from orchestrator.dataset.catalog import build_catalog, known_of
from orchestrator.dataset.discovery import from_folder
from storage.engine_settings import Limits
from storage.errors import DatasetError
from storage.object_path import ObjectPath
from tests.s3 import FaultyProxy, ObjectServer, forwarded
from workers.faces import scan_files
from workers.faces.decode.open_file import read_file_inside


def photo(number: int) -> bytes:
    import cv2
    import numpy as np

    pixels = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


def fill(root: Path) -> None:
    """Two people with photos, one below a deeper folder, one twice; a broken one, and what is no photo."""
    files = {
        **{f"people/Ada/{number}.png": photo(number) for number in range(3)},
        **{f"people/Bob ü/deep/{number}.png": photo(10 + number) for number in range(3)},
        "people/Bob ü/again.png": photo(10),
        "people/Bob ü/broken.jpg": b"\xff\xd8\xff nothing",
        "people/Ada/.hidden": b"",
        "people/Ada/notes.txt": b"notes",
        "people/readme.md": b"beside",
        "people/labels.csv": b"",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def test_a_bucket_is_catalogued_like_a_folder(bucket: ObjectPath, tmp_path: Path) -> None:
    fill(bucket)
    fill(tmp_path)
    there, summary = build_catalog(bucket / "people")
    here, expected = build_catalog(tmp_path / "people")

    assert there.equals(here)
    assert summary == expected


def test_labels_of_a_bucket_come_from_a_file(bucket: ObjectPath, tmp_path: Path) -> None:
    fill(bucket)
    labels = tmp_path / "labels.csv"
    rows = ["path,label", "Ada/0.png,Ada", "./Ada/1.png,Ada", f"{bucket}/people/Bob ü/again.png,Bob", "Ada/2.png,Bob"]
    labels.write_text("\n".join(rows))
    catalog, _ = build_catalog(bucket / "people", labels)
    assert list(zip(catalog["path"].to_pylist(), catalog["label"].to_pylist(), strict=True)) == [
        ("Ada/0.png", "Ada"),
        ("Ada/1.png", "Ada"),
        ("Ada/2.png", "Bob"),
        ("Bob ü/again.png", "Bob"),
    ]
    for wrong in ("Ada/9.png", "s3://another/Ada/1.png", "../x.png"):
        labels.write_text(f"path,label\n{wrong},Ada\n")
        with pytest.raises(DatasetError, match="line 2"):
            build_catalog(bucket / "people", labels)


def test_one_listing_is_enough_for_all_people(faulty: FaultyProxy, bucket: ObjectPath) -> None:
    for number in range(20):
        (bucket / f"p{number}" / "1.png").write_bytes(b"x")
    faulty.requests.clear()

    assert len(from_folder(bucket).photos) == 20
    assert len(faulty.requests) == 1


@pytest.mark.moto
def test_what_marks_a_folder_is_no_photo(objects: ObjectServer, bucket: ObjectPath) -> None:
    name = bucket.bucket.rpartition("/")[2]
    for key in ("photos/", "photos/Ada/", "photos/Ada/1.png", "photos/Empty/"):
        forwarded(objects.port, "PUT", f"/{name}/{key}", {}, b"")

    tree = listed_folder(bucket / "photos")
    assert [(entry.name, entry.is_dir()) for entry in (tree / "Ada").entries()] == [("1.png", False)]
    assert tree.find("Ada/1.png") is not None
    assert tree.find("Ada") is None
    assert [path.name for path in (bucket / "photos" / "Ada").iterdir()] == ["1.png"]


def test_no_more_of_a_photo_is_fetched_than_its_limit(faulty: FaultyProxy, bucket: ObjectPath) -> None:
    (bucket / "Ada" / "large.png").write_bytes(bytes(3_000_000))
    faulty.fetched = 0

    assert read_file_inside(bucket, "Ada/large.png", 1000) == bytes(1000)
    assert faulty.fetched < 100_000


def test_an_address_without_photos_is_told(bucket: ObjectPath) -> None:
    with pytest.raises(DatasetError, match=f"{bucket}/none is not there"):
        build_catalog(bucket / "none")


def test_an_object_with_the_same_etag_is_not_read_again(
    bucket: ObjectPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bucket)
    known = [known_of(tmp_path / "store", bucket / "people", Limits()) for _ in range(3)]
    first, _ = build_catalog(bucket / "people", known=known[0])
    with monkeypatch.context() as without:
        without.delattr(scan_files, "read_file")
        again, _ = build_catalog(bucket / "people", known=known[1])
    assert again.equals(first)
    path = first["path"][0].as_py()
    (bucket / "people" / path).write_bytes(b"no photo")
    changed, _ = build_catalog(bucket / "people", known=known[2])
    assert changed["outcome"].to_pylist().count("unreadable") == first["outcome"].to_pylist().count("unreadable") + 1
