"""A run's faces are one table in the order of photos, however they were cut into parts and however many they are."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from storage.collect_faces import write_faces
from storage.engine_settings import EngineSettings
from storage.experiments import Experiment
from storage.parts import part_path, read_part, table_of, write_part
from storage.plans import Plan
from storage.runs import Run
from storage.schemas import FACES, RUN_FACES


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def rows_of(number: int) -> list[dict[str, Any]]:
    """A photo's rows: two faces of every third photo, one else."""
    face = {**dict.fromkeys(FACES.names), "photo_key": key(number), "outcome": "ok", "reason": "", "note": ""}
    face |= {"detector": ("hog", "cnn")[number % 2], "landmarks": [number] * 136, "embedding": [number / 7] * 128}
    return [{**face, "face_index": index, "crop": bytes([number, index])} for index in range(1 + (number % 3 == 0))]


def failure(number: int) -> list[dict[str, Any]]:
    said = {"photo_key": key(number), "face_index": 0, "outcome": "poisoned", "reason": "died", "note": ""}
    return [{**dict.fromkeys(FACES.names), **said, "detector": "hog"}]


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    path = part_path(folder, name)
    write_part(path, table_of(rows, FACES))
    return path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Without photos; what is in it, each test writes."""
    plan = Plan("run", "", "", Experiment(), EngineSettings(), "engine", "fingerprint", "", {})
    return Run(tmp_path / "runs" / "run", plan)


def encode(run: Run, numbers: list[int], size: int) -> None:
    """The photos in this order, `size` to a part."""
    for start in range(0, len(numbers), size):
        rows = [row for number in numbers[start : start + size] for row in rows_of(number)]
        write(run.encodings / "faces", f"{size:02x}{start:030x}", rows)


@pytest.mark.parametrize("bucket_photos", [1, 7, 1000])
def test_rows_are_sorted_and_whole_whatever_the_size_of_a_bucket(run: Run, bucket_photos: int) -> None:
    encode(run, list(range(40)), size=6)
    assert write_faces(run, {key(number) for number in range(40)}, bucket_photos)
    table = read_part(run.faces, RUN_FACES)
    assert table is not None
    wanted = [row for number in range(40) for row in rows_of(number)]
    wanted.sort(key=lambda row: (row["photo_key"], row["face_index"]))
    assert [(row["photo_key"], row["face_index"]) for row in table.to_pylist()] == [
        (row["photo_key"], row["face_index"]) for row in wanted
    ]
    assert not {"crop", "aligned"} & set(table.column_names)
    assert table["detector"].to_pylist() == [row["detector"] for row in wanted]
    assert [path.name for path in run.folder.iterdir()] == ["faces.parquet"]


@pytest.mark.parametrize("bucket_photos", [7, 1000])
def test_how_the_work_was_cut_leaves_no_trace_in_the_bytes(run: Run, bucket_photos: int) -> None:
    photos = {key(number) for number in range(40)}
    encode(run, list(range(40)), size=6)
    write_faces(run, photos, bucket_photos)
    first = run.faces.read_bytes()
    for path in (run.encodings / "faces").iterdir():
        path.unlink()
    shuffled = list(range(50))  # some are of other runs
    random.Random(1).shuffle(shuffled)
    encode(run, shuffled, size=1)
    write_faces(run, photos, bucket_photos)
    assert run.faces.read_bytes() == first


@pytest.mark.parametrize("bucket_photos", [2, 1000])
def test_a_photo_that_succeeded_has_succeeded_and_a_photo_in_two_parts_comes_once(run: Run, bucket_photos: int) -> None:
    encode(run, [1, 2, 3], size=3)
    encode(run, [3, 4], size=1)
    write(run.failures, "a", failure(2))
    write(run.failures, "b", failure(5))
    assert write_faces(run, {key(number) for number in range(1, 6)}, bucket_photos)
    table = read_part(run.faces, RUN_FACES)
    assert table is not None
    outcomes = sorted(zip(table["photo_key"].to_pylist(), table["outcome"].to_pylist(), strict=True))
    wanted = {1: ["ok"], 2: ["ok"], 3: ["ok", "ok"], 4: ["ok"], 5: ["poisoned"]}
    assert outcomes == sorted((key(number), each) for number, several in wanted.items() for each in several)


@pytest.mark.parametrize("bucket_photos", [2, 1000])
def test_a_damaged_part_is_set_aside_and_nothing_is_written(run: Run, bucket_photos: int) -> None:
    encode(run, [1, 2, 3, 4], size=2)
    damaged = next((run.encodings / "faces").iterdir())
    damaged.write_bytes(damaged.read_bytes()[:-20])
    assert not write_faces(run, {key(number) for number in range(1, 5)}, bucket_photos)
    assert not run.faces.exists()
    assert not damaged.exists()
    assert list(run.folder.glob("*")) == []
