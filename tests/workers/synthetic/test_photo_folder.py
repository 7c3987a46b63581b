"""A folder of synthetic photos."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from workers.synthetic.photo_folder import NAMES, person_name, write_folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.jpg"))}


def test_one_sub_folder_a_person_with_that_many_photos(tmp_path: Path) -> None:
    assert write_folder(tmp_path, people=3, photos=2, seed=1, side=64) == 6
    assert list(contents(tmp_path)) == [f"{n}/{n}-00{i}.jpg" for n in ("ada", "bruno", "chloe") for i in (1, 2)]


def test_equal_arguments_give_equal_bytes_however_many_processes_draw(tmp_path: Path) -> None:
    write_folder(tmp_path / "one", people=2, photos=3, seed=4, side=64, processes=1)
    write_folder(tmp_path / "two", people=2, photos=3, seed=4, side=64, processes=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_larger_folder_begins_with_the_smaller_one(tmp_path: Path) -> None:
    write_folder(tmp_path / "small", people=1, photos=2, seed=4, side=64)
    write_folder(tmp_path / "large", people=2, photos=3, seed=4, side=64)
    small, large = contents(tmp_path / "small"), contents(tmp_path / "large")
    assert small == {name: large[name] for name in small}


def test_no_two_photos_are_the_same_file(tmp_path: Path) -> None:
    write_folder(tmp_path, people=3, photos=4, seed=4, side=64)
    assert len(set(contents(tmp_path).values())) == 12


def test_every_photo_is_an_rgb_jpeg_of_the_side_asked_for(tmp_path: Path) -> None:
    write_folder(tmp_path, people=1, photos=2, seed=4, side=80)
    for data in contents(tmp_path).values():
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (80, 80))


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_folder(tmp_path, people=1, photos=3, seed=4, side=64, progress=lambda done, all_: seen.append((done, all_)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_any_number_of_people_have_names_of_their_own() -> None:
    names = [person_name(index) for index in range(len(NAMES) * 3)]
    assert len(set(names)) == len(names)
    assert names[len(NAMES)] == "ada-2"


@pytest.mark.parametrize(("people", "photos"), [(0, 5), (5, 0)])
def test_no_people_or_no_photos_are_refused(tmp_path: Path, people: int, photos: int) -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        write_folder(tmp_path, people=people, photos=photos, seed=1)


def test_hard_photos_are_others_with_the_same_names(tmp_path: Path) -> None:
    write_folder(tmp_path / "plain", people=2, photos=1, seed=4, side=64)
    write_folder(tmp_path / "hard", people=2, photos=1, seed=4, side=64, hard=True)
    plain, hard = contents(tmp_path / "plain"), contents(tmp_path / "hard")
    assert plain.keys() == hard.keys()
    assert not set(plain.values()) & set(hard.values())
