"""Text for people: counts, lists of names, printable names, aligned columns."""

from __future__ import annotations

import pytest

from orchestrator.text import aligned_columns, counted, examples, printable


@pytest.mark.parametrize(("count", "said"), [(0, "0 photos"), (1, "1 photo"), (2, "2 photos")])
def test_a_noun_follows_its_count(count: int, said: str) -> None:
    assert counted(count, "photo") == said


def test_a_plural_may_be_its_own_word() -> None:
    assert [counted(n, "person", "people") for n in (1, 3)] == ["1 person", "3 people"]


def test_a_long_list_names_its_first_entries_and_counts_the_rest() -> None:
    assert examples(["a", "b", "c"], most=3) == "a, b, c"
    assert examples(["a", "b", "c", "d", "e"], most=3) == "a, b, c and 2 more"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë 李", "Zoë 李"),
        ("a\nb", r"a\nb"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202ered", r"\u202ered"),
        ("\udc80", r"\udc80"),
    ],
)
def test_control_characters_are_shown_and_not_sent(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_columns_begin_at_one_place_and_lines_end_without_spaces() -> None:
    assert aligned_columns([("name", "n"), ("a", "12"), ("b", "")]) == ["name  n", "a     12", "b"]
