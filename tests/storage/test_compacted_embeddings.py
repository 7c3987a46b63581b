"""Many small parts of embeddings become few; every row stays, once."""

from __future__ import annotations

from pathlib import Path

from storage.encodings import SMALL_PARTS, compact
from storage.parts import list_parts, part_name, part_path, read_parts, table_of, write_part
from storage.schemas import EMBEDDINGS


def test_parts_of_every_encoder_are_compacted(tmp_path: Path) -> None:
    encodings = tmp_path / "engine"
    folders = [encodings / "embeddings" / name for name in ("one", "two")]
    for size, folder in enumerate(folders, start=2):
        for number in range(SMALL_PARTS + 2):
            # the last part has the photo of the first again
            photo = f"{number % (SMALL_PARTS + 1):064x}"
            rows = [{"photo_key": photo, "face_index": 0, "embedding": [float(number % (SMALL_PARTS + 1))] * size}]
            write_part(part_path(folder, part_name("part", str(number))), table_of(rows, EMBEDDINGS))
    assert compact(encodings) == 2 * (SMALL_PARTS + 2)
    for size, folder in enumerate(folders, start=2):
        (part,) = list_parts(folder)
        rows = read_parts([part], EMBEDDINGS).to_pylist()
        assert [row["photo_key"] for row in rows] == [f"{number:064x}" for number in range(SMALL_PARTS + 1)]
        assert [row["embedding"] for row in rows] == [[float(number)] * size for number in range(SMALL_PARTS + 1)]
