"""A message with a harmful or malformed value is refused."""

from __future__ import annotations

import pytest

from workers.jobs.job import Refused
from workers.queue.messages import MOST_PHOTOS, parse_keys, parse_run_id, parse_training

KEY = "0123456789abcdef" * 4
OTHER = "f" * 64


def test_a_valid_message_is_parsed_as_it_is() -> None:
    assert parse_run_id("people-1a2b3c4d") == "people-1a2b3c4d"
    assert parse_keys([KEY, OTHER]) == [KEY, OTHER]
    assert parse_training("knn-1", 0, 3, ["knn-1"]) == ("knn-1", 0, 3)


@pytest.mark.parametrize("name", ["../etc", "a/b", ".hidden", "", "A", "a" * 81, None, 7, ["a"], "a\n"])
def test_what_could_not_be_a_run_is_refused(name: object) -> None:
    with pytest.raises(Refused):
        parse_run_id(name)


@pytest.mark.parametrize("key", ["", KEY[:-1], KEY.upper(), KEY + "0", "../" + KEY[3:], None, [KEY, "a.jpg"]])
def test_a_key_that_is_no_hash_is_refused(key: object) -> None:
    with pytest.raises(Refused):
        parse_keys([key])


@pytest.mark.parametrize(
    "keys", [[], {}, "x", None, [KEY, KEY], [f"{number:064x}" for number in range(MOST_PHOTOS + 1)]]
)
def test_a_list_of_no_or_too_many_or_repeated_photos_is_refused(keys: object) -> None:
    with pytest.raises(Refused):
        parse_keys(keys)


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
