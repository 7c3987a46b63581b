"""Rows of a split are read as from the table, without a dictionary for each in memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from storage.schemas import SPLITS
from workers.learning.split_rows import COLUMNS, SplitRows


def table(rows: int) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"repeat": 0, "fold": 2, "photo_key": f"key-{n}", "face_index": n % 2, "label": f"person-{n % 3}",
             "group": n, "role": "test" if n % 4 else "train"}
            for n in range(rows)
        ],
        schema=SPLITS,
    ).select(COLUMNS)  # fmt: skip


@pytest.mark.parametrize("rows", [0, 1, 10])
def test_the_rows_are_those_of_the_table(rows: int) -> None:
    assert list(SplitRows(table(rows))) == table(rows).to_pylist()
    assert len(SplitRows(table(rows))) == rows


def test_words_of_several_chunks_are_the_same_words() -> None:
    chunks = pa.concat_tables([table(3), table(10).slice(5)])
    rows = SplitRows(chunks)
    assert list(rows) == chunks.to_pylist()
    assert rows[-1] == chunks.to_pylist()[-1]
    assert rows[2:5] == chunks.to_pylist()[2:5]


def test_some_rows_are_taken_in_the_order_asked_and_a_key_is_kept_once() -> None:
    rows = SplitRows(pa.concat_tables([table(5), table(5)]))
    assert list(rows.taken(np.asarray([7, 0, 7]))) == [rows[7], rows[0], rows[7]]
    keys = rows.words("photo_key")
    assert keys[0] is keys[5]
    assert rows.numbers("group") == [0, 1, 2, 3, 4] * 2
    assert rows.are("role", "train", "nothing").tolist() == [n % 4 == 0 for n in range(5)] * 2
    assert list(rows.one_a_face()) == list(rows)[:5]
