"""The table of faces as arrays."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from workers.learning.face_arrays import Faces


def test_only_usable_faces_count_in_the_tables_order(faces_table: pa.Table) -> None:
    faces = Faces.from_table(faces_table)
    assert faces_table.num_rows == 16
    assert faces.keys == tuple(faces_table["photo_key"].to_pylist()[1:])
    assert faces.embedding.dtype == np.float32
    assert faces.embedding.tolist() == faces_table["embedding"].to_pylist()[1:]


@pytest.mark.parametrize("view", ["crop", "aligned"])
def test_a_picture_view_is_what_pillow_decodes_in_rgb(faces_table: pa.Table, view: str) -> None:
    pictures = Faces.from_table(faces_table).view(view)
    assert pictures.shape == (15, 128, 128, 3)
    assert pictures.dtype == np.uint8
    theirs = np.asarray(Image.open(io.BytesIO(faces_table[view][1].as_py())).convert("RGB"))
    assert np.abs(pictures[0].astype(int) - theirs).mean() < 1  # two decoders round differently
    assert np.abs(pictures[0, ..., ::-1].astype(int) - theirs).mean() > 5  # and blue is not red


def test_a_sliced_table_keeps_faces_and_embeddings_together(faces_table: pa.Table) -> None:
    whole, part = Faces.from_table(faces_table), Faces.from_table(faces_table.slice(4, 6))
    where = whole.rows(zip(part.keys, part.face_index.tolist(), strict=True))
    assert np.array_equal(whole.embedding[where], part.embedding)
    assert np.array_equal(whole.view("crop")[where], part.view("crop"))


def test_a_missing_face_is_named_in_the_error(faces_table: pa.Table) -> None:
    with pytest.raises(KeyError, match="0000"):
        Faces.from_table(faces_table).rows([("0" * 64, 0)])


def test_no_view_is_no_columns_and_no_face_is_no_row(faces_table: pa.Table) -> None:
    assert Faces.from_table(faces_table).view("none").shape == (15, 0)
    nobody = Faces.from_table(faces_table.slice(0, 1))
    assert nobody.view("crop").shape == (0, 128, 128, 3)
    assert nobody.view("embedding").shape == (0, 128)


def test_an_unknown_view_is_refused(faces_table: pa.Table) -> None:
    with pytest.raises(KeyError):
        Faces.from_table(faces_table).view("keys")
