"""The summary says in plain sentences what the catalogue holds and what is left out."""

from __future__ import annotations

from pathlib import Path

from orchestrator.dataset.catalog import build_catalog


def write_photos(root: Path, photos: dict[str, int]) -> None:
    """Photos of these numbers; equal numbers are equal bytes."""
    import cv2
    import numpy as np

    for name, number in photos.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((64, 64, 3), number, np.uint8))


def test_every_kind_of_finding_is_one_sentence(tmp_path: Path) -> None:
    write_photos(tmp_path, {"Ann/1.png": 1, "Ann/2.png": 1, "ann/3.png": 3, "bob/4.png": 4, "bob/5.png": 3})
    (tmp_path / "bob" / "broken\x1b.png").write_bytes(b"no image")
    (tmp_path / "bob" / "notes.txt").write_text("")
    (tmp_path / "empty").mkdir()

    _, summary = build_catalog(tmp_path, min_photos_per_person=2)

    ((_, _, why),) = summary.refused
    assert summary.sentences() == [
        "3 people, 6 photos, 5 of them usable.",
        rf"1 photo cannot be used: bob/broken\x1b.png (unreadable: {why}).",
        "1 photo with the same bytes as another, counted once: Ann/1.png = Ann/2.png.",
        "1 picture with labels of several people, left out: ann/3.png = bob/5.png.",
        "3 people with too few photos, left out: Ann (1), ann (0), bob (1).",
        "1 folder without a photo: empty.",
        "Ann and ann differ only in upper and lower case; they count as different people.",
        "Skipped: 1 not a photo.",
    ]
