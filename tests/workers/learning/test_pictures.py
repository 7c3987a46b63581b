"""Pictures are decoded a few at a time, and a model learns the same from them."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import pyarrow as pa
import pytest

from storage.errors import InputError
from workers.learning import face_arrays
from workers.learning.configurations import CONFIGURATIONS, Configuration
from workers.learning.evaluation import evaluate
from workers.learning.face_arrays import Faces
from workers.learning.pictures import BLOCK, Pictures, TwoSources, decode_jpegs, picture_blocks

Rows = list[dict[str, Any]]


class Counting(list[bytes | None]):
    """JPEGs that count how often one is read."""

    reads = 0

    @overload  # type: ignore[override]
    def __getitem__(self, row: int) -> bytes | None: ...
    @overload
    def __getitem__(self, row: slice) -> list[bytes | None]: ...
    def __getitem__(self, row: int | slice) -> bytes | list[bytes | None] | None:
        self.reads += 1
        return super().__getitem__(row)


@pytest.fixture
def jpegs(faces_table: pa.Table) -> Counting:
    return Counting(faces_table["crop"].to_pylist()[1:])


def test_indexing_decodes_nothing_and_asarray_only_what_is_left(jpegs: Counting) -> None:
    pictures = Pictures(jpegs)
    some = pictures[np.arange(12)][np.arange(12) % 2 == 1][1:4]
    assert (len(some), some.shape, jpegs.reads) == (3, (3, 128, 128, 3), 0)
    assert np.array_equal(np.asarray(some), decode_jpegs(list(jpegs))[[3, 5, 7]])
    assert jpegs.reads == 3


def test_decoded_pictures_are_indexed_alike(jpegs: Counting) -> None:
    rows = np.array([4, 0, 4])
    assert np.array_equal(np.asarray(Pictures(decode_jpegs(list(jpegs)))[rows]), np.asarray(Pictures(jpegs)[rows]))


def test_two_sources_are_one_behind_the_other_and_decode_only_what_is_asked(jpegs: Counting) -> None:
    decoded = decode_jpegs(list(jpegs))
    for second in (Pictures(decoded[:4]), Pictures(list(jpegs))[np.arange(4)]):
        both = Pictures(TwoSources(Pictures(jpegs)[np.arange(2, 12)], second))
        jpegs.reads = 0
        some = both[np.array([11, 0, 13, 9])]
        assert (len(both), both.shape, jpegs.reads) == (14, (14, 128, 128, 3), 0)
        assert np.array_equal(np.asarray(some), decoded[[1, 2, 3, 11]])
        assert jpegs.reads == 2
        assert np.array_equal(np.asarray(both), np.concatenate([decoded[2:12], decoded[:4]]))


def test_blocks_are_all_pictures_in_order(jpegs: Counting) -> None:
    rows = np.arange(BLOCK + 20) % len(jpegs)
    blocks = list(picture_blocks(Pictures(jpegs)[rows]))
    assert [len(block) for block in blocks] == [BLOCK, 20]
    assert np.array_equal(np.concatenate(blocks), decode_jpegs(list(jpegs))[rows])
    assert [block.shape for block in picture_blocks(Pictures([]))] == [(0, 128, 128, 3)]


def test_a_missing_picture_is_an_error() -> None:
    with pytest.raises(ValueError, match="missing"):
        np.asarray(Pictures([None]))


def test_aligned_pictures_need_the_68_points(faces_table: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    table = faces_table.set_column(
        faces_table.column_names.index("aligned"), faces_table.field("aligned"), pa.nulls(16, pa.binary())
    )
    for kept in (face_arrays.KEPT_DECODED, 0):
        monkeypatch.setattr(face_arrays, "KEPT_DECODED", kept)
        with pytest.raises(InputError, match="no aligned pictures"):
            Faces.from_table(table).batch("aligned")


@pytest.mark.parametrize(
    "configuration",
    [
        CONFIGURATIONS["eigenfaces-svm"],
        Configuration("cnn-small", "crop", "cnn-small", {"epochs": 2, "batch": 4, "rate": 0.001}),
        pytest.param(CONFIGURATIONS["cnn-regularized-aligned"], marks=pytest.mark.slow),
    ],
    ids=lambda each: each.name,
)
def test_a_model_learns_the_same_from_pictures_that_are_not_kept(
    faces_table: pa.Table, split_rows: Rows, configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = evaluate(configuration, Faces.from_table(faces_table), split_rows, 1)
    monkeypatch.setattr(face_arrays, "KEPT_DECODED", 0)
    streamed = evaluate(configuration, Faces.from_table(faces_table), split_rows, 1)
    assert streamed.fit["outcome"] == "ok"
    assert streamed.scores == kept.scores
    assert (streamed.fit["history"], streamed.fit["chosen"]) == (kept.fit["history"], kept.fit["chosen"])
