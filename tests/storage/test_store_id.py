"""A store has one id for ever, also where many processes ask for it first at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import StoreError
from storage.store_id import FILE, store_id


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    first = store_id(tmp_path / "one")
    assert store_id(tmp_path / "one") == first != store_id(tmp_path / "two")
    assert [path.name for path in (tmp_path / "one").iterdir()] == [FILE]


def test_all_that_ask_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(store_id, [tmp_path] * 64))) == 1


def test_a_damaged_one_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("../x\n")
    with pytest.raises(StoreError, match=r"store-id is damaged\. Delete it"):
        store_id(tmp_path)
