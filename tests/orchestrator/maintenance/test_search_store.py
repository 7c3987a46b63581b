"""A person is found in every spelling in which Lineup writes a name, and not in longer words."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.maintenance.search_store import PIECE, PersonSearch
from orchestrator.text import printable
from tests.orchestrator.conftest import HOSTILE

KEY = "0123456789abcdef" * 4
NAMES = ("Ada Ünique ✿", "Kim", *HOSTILE)


def spellings(name: str) -> list[str]:
    return [
        name,
        f"path: {name}/1.jpg",
        json.dumps({"label": name}),
        json.dumps({"label": name}, ensure_ascii=False),
        f"<td>{html.escape(name, quote=False)}</td>",
        printable(name),
        f'"{name.replace(chr(34), chr(34) * 2)}",5',
        repr(name),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_in_text(name: str, tmp_path: Path) -> None:
    search = PersonSearch(name, [KEY], [f"{name}/1.jpg"])
    for number, text in enumerate(spellings(name)):
        file = tmp_path / f"{number}.log"
        file.write_text(f"before {text} after", encoding="utf-8")
        assert search.in_file(file), text


@pytest.mark.parametrize("text", ["Kimberly", "joaKim", "K i m", "Kim_1", "Kimé", "kim"])
def test_a_part_of_a_longer_word_is_not_the_name(text: str) -> None:
    assert not PersonSearch("Kim", [], []).in_text(text.encode())


def test_keys_and_paths_are_found_too() -> None:
    search = PersonSearch("Kim", [KEY], ["0001.jpg"])
    assert search.in_text(f"sha {KEY}".encode())
    assert search.in_text(b"cannot read 0001.jpg: no such file")
    assert not search.in_text(f"{KEY}0 and 10001.jpg".encode())


def test_a_name_is_found_where_two_pieces_of_a_file_meet(tmp_path: Path) -> None:
    file = tmp_path / "long.log"
    file.write_bytes(b"x" * (PIECE - 6) + b" Ada Lovelace " + b"x" * 100)
    assert PersonSearch("Ada Lovelace", [], []).in_file(file)


def test_a_short_word_among_random_bytes_is_chance(tmp_path: Path) -> None:
    file = tmp_path / "arrays.npz"
    file.write_bytes(b"\0\1 Kim \2")
    assert not PersonSearch("Kim", [], []).in_file(file)
    file.write_bytes(b"\0\1 Kim Li \2")
    assert PersonSearch("Kim Li", [], []).in_file(file)


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (pa.array(["Kim", None]), True),
        (pa.array(["Kim Ji"]), False),
        (pa.array(["a/Kim/1.jpg"]), True),
        (pa.array(["Kim"]).dictionary_encode(), True),
        (pa.array([["x", "Kim"]]), True),
        (pa.array([{"a": "Kim"}]), True),
        (pa.array([[("Kim", 1.0)]], pa.map_(pa.string(), pa.float32())), True),
        (pa.array([f"nearest to {KEY}"]), True),
        (pa.array([1.5]), False),
    ],
)
def test_a_name_is_found_in_the_columns_of_a_table(column: pa.Array, found: bool, tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"c": column}), file)
    assert PersonSearch("Kim", [KEY], []).in_file(file) is found


def test_a_name_is_found_in_what_a_table_says_of_itself(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"c": [1]}).replace_schema_metadata({"who": "Kim"}), file)
    assert PersonSearch("Kim", [], []).in_file(file)


def test_a_file_that_cannot_be_read_counts_as_one_that_holds_the_person(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    file.write_bytes(b"PAR1 damaged")
    assert PersonSearch("Kim", [], []).in_file(file)
