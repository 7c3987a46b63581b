"""A store has one key, for its owner only, whoever asks for it first."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from storage.errors import StoreError
from storage.store_key import KEY_FILE, store_key, store_key_if_there


def test_the_key_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert store_key_if_there(store) is None
    assert not store.exists()
    key = store_key(store)
    assert len(key) == 32
    assert store_key(store) == store_key_if_there(store) == key
    assert (store / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in store.iterdir()] == [KEY_FILE]


def test_of_processes_that_make_it_at_once_all_get_the_same(tmp_path: Path) -> None:
    found: set[bytes] = set()
    threads = [threading.Thread(target=lambda: found.add(store_key(tmp_path / "store"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


@pytest.mark.parametrize("text", ["", "x" * 64, "ab", "\xff"])
def test_a_damaged_key_is_an_error_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / KEY_FILE).write_text(text)
    for ask in (store_key, store_key_if_there):
        with pytest.raises(StoreError, match="is damaged") as error:
            ask(tmp_path)
        assert "restart" in error.value.hint
