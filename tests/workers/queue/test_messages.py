"""A message with a harmful or malformed value is refused."""

from __future__ import annotations

import pytest

from workers.jobs.job import Refused
from workers.jobs.photo_ref import PhotoRef
from workers.queue.messages import MOST_PHOTOS, parse_photos, parse_run_id, parse_training

KEY = "0123456789abcdef" * 4


def test_a_valid_message_is_parsed_as_it_is() -> None:
    assert parse_run_id("people-1a2b3c4d") == "people-1a2b3c4d"
    assert parse_photos([[KEY, "ada/ada 1.jpg"], [KEY, "é/日本.png"]]) == (
        PhotoRef(KEY, "ada/ada 1.jpg"),
        PhotoRef(KEY, "é/日本.png"),
    )
    assert parse_training("knn-1", 0, 3, ["knn-1"]) == ("knn-1", 0, 3)


@pytest.mark.parametrize("name", ["../etc", "a/b", ".hidden", "", "A", "a" * 81, None, 7, ["a"], "a\n"])
def test_what_could_not_be_a_run_is_refused(name: object) -> None:
    with pytest.raises(Refused):
        parse_run_id(name)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.jpg", "a/../../x.jpg", "", "a\0.jpg", 3, None])
def test_a_path_that_could_leave_the_dataset_is_refused(path: object) -> None:
    with pytest.raises(Refused):
        parse_photos([[KEY, path]])


@pytest.mark.parametrize("key", ["", KEY[:-1], KEY.upper(), KEY + "0", "../" + KEY[3:], None])
def test_a_key_that_is_no_hash_is_refused(key: object) -> None:
    with pytest.raises(Refused):
        parse_photos([[key, "a.jpg"]])


@pytest.mark.parametrize("photos", [[], {}, "x", None, [[KEY]], [[KEY, "a", "b"]], [[KEY, "a"]] * (MOST_PHOTOS + 1)])
def test_a_list_of_no_or_too_many_or_misshapen_photos_is_refused(photos: object) -> None:
    with pytest.raises(Refused):
        parse_photos(photos)


@pytest.mark.parametrize(
    "each", [("svm", 0, 0), ("knn-1", "0", 0), ("knn-1", True, 0), ("knn-1", 0, 0.0), (None, 0, 0)]
)
def test_a_training_that_the_run_does_not_have_is_refused(each: tuple[object, object, object]) -> None:
    with pytest.raises(Refused):
        parse_training(*each, ["knn-1"])


def test_a_refused_value_is_shortened_in_the_error() -> None:
    with pytest.raises(Refused) as refused:
        parse_run_id("x" * 10_000 + "!")
    assert len(str(refused.value)) < 200
